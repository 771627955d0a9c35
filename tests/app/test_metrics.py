"""What Prometheus reads, by its own parser; and that docs/metrics.md lists it all."""

import asyncio
import json
import logging
import re
import sys

import httpx
import pytest
from prometheus_client.parser import text_string_to_metric_families

from app import log
from app.settings import ROOT
from tests.app.asserts import JSON
from tests.conftest import Serve

Samples = dict[str, float]


async def scrape(client: httpx.AsyncClient) -> Samples:
    """Every sample, by its name and its labels as they are written."""
    response = await client.get("/metrics")
    assert response.status_code == 200
    return {
        sample.name + "".join(f",{k}={v}" for k, v in sorted(sample.labels.items())): sample.value
        for family in text_string_to_metric_families(response.text)
        for sample in family.samples
    }


def test_what_happens_is_counted(serve: Serve) -> None:
    async def scenario() -> None:
        async with serve() as client:
            await client.post("/classify", json={"text": "viagra für"})
            answer = await client.post("/classify", json={"text": "hello"})
            await client.post("/feedback", json={"id": answer.json()["id"], "label": "spam"})
            await client.post("/classify", json={"text": "hello"})
            await client.post("/classify", content=b"{", headers=JSON)
            await client.post("/sort", json={"numbers": [3, 1, 2]})
            await client.get("/history/none-such")
            await client.get("/wp-login.php")
            await client.request("BREW", "/classify")
            found = await scrape(client)
        for name, value in {
            "hamlet_requests_total,method=POST,route=/classify,status=200": 3,
            "hamlet_requests_total,method=POST,route=/classify,status=400": 1,
            "hamlet_requests_total,method=other,route=/classify,status=405": 1,
            "hamlet_requests_total,method=GET,route=/history/{entry_id},status=404": 1,
            "hamlet_requests_total,method=GET,route=none,status=404": 1,
            "hamlet_request_seconds_count,route=/classify": 5,
            "hamlet_batch_items_count,engine=classifier": 3,
            "hamlet_batch_tokens_total,engine=classifier": 4,
            "hamlet_batch_padded_tokens_total,engine=classifier": 4,
            "hamlet_batch_tokens_total,engine=sorter": 3,
            "hamlet_queue_seconds_count,engine=classifier": 3,
            "hamlet_inference_seconds_count,engine=sorter": 1,
            "hamlet_queue_depth,engine=classifier": 0,
            "hamlet_spam_probability_count": 3,
            "hamlet_spam_probability_bucket,le=0.1": 2,
            "hamlet_verdicts_total,label=spam,source=model": 1,
            "hamlet_verdicts_total,label=ham,source=model": 1,
            "hamlet_verdicts_total,label=spam,source=correction": 1,
            "hamlet_corrections_total,label=spam": 1,
            "hamlet_words_total": 4,
            "hamlet_unknown_words_total": 1,
            "hamlet_log_commit_seconds_count": 4,
            "hamlet_log_failures_total": 0,
        }.items():
            assert found.get(name) == value, name
        (info,) = (name for name in found if name.startswith("hamlet_info"))
        assert "classifier=0.0.0+double" in info
        assert found["process_resident_memory_bytes"] > 1e6

    asyncio.run(scenario())


def test_two_services_in_one_process_count_apart(serve: Serve) -> None:
    async def scenario() -> None:
        async with serve() as one, serve() as other:
            await one.post("/classify", json={"text": "hello"})
            assert (await scrape(one))["hamlet_words_total"] == 1
            assert (await scrape(other))["hamlet_words_total"] == 0

    asyncio.run(scenario())


def test_openmetrics_is_spoken_to_who_asks_for_it(serve: Serve) -> None:
    async def scenario() -> None:
        async with serve() as client:
            accept = {"accept": "application/openmetrics-text; version=1.0.0"}
            response = await client.get("/metrics", headers=accept)
            assert response.headers["content-type"].startswith("application/openmetrics-text")
            assert response.text.endswith("# EOF\n")

    asyncio.run(scenario())


def test_the_documentation_lists_what_is_served_and_no_more(serve: Serve) -> None:
    async def scenario() -> set[str]:
        async with serve() as client:
            families = text_string_to_metric_families((await client.get("/metrics")).text)
            return {f.name for f in families if f.name.startswith("hamlet")}

    written = (ROOT / "docs" / "metrics.md").read_text(encoding="utf-8")
    listed = re.findall(r"^\| `(hamlet\w*)`", written, re.MULTILINE)
    served = {_bare(name) for name in asyncio.run(scenario()) if not name.endswith("_created")}
    assert {_bare(name) for name in listed} == served
    assert len(listed) == len(set(listed))


def test_the_dashboard_asks_for_nothing_that_is_not_served(serve: Serve) -> None:
    async def scenario() -> set[str]:
        async with serve() as client:
            await client.post("/classify", json={"text": "hello"})
            await client.post("/sort", json={"numbers": [2, 1]})
            return {name.partition(",")[0] for name in await scrape(client)}

    dashboard = json.loads((ROOT / "docs" / "grafana.json").read_text(encoding="utf-8"))
    queries = [target["expr"] for panel in dashboard["panels"] for target in panel["targets"]]
    asked = {name for query in queries for name in re.findall(r"(?:hamlet|process)_\w+", query)}
    assert len(asked) > 15
    unlabelled = {"hamlet_corrections_total"}  # there once something was corrected
    assert asked - unlabelled <= asyncio.run(scenario())


def _bare(name: str) -> str:
    return name.removesuffix("_total").removesuffix("_info")


def test_the_log_in_json_is_an_object_a_line(
    serve: Serve, capsys: pytest.CaptureFixture[str]
) -> None:
    async def scenario() -> None:
        async with serve() as client:
            text, headers = {"text": "unmistakable"}, {"x-request-id": "mine"}
            await client.post("/classify?explain=true", json=text, headers=headers)

    root = logging.getLogger()
    handler = logging.StreamHandler(sys.stdout)
    root.addHandler(handler)
    level = root.level
    root.setLevel(logging.INFO)
    try:
        log.use("json")
        asyncio.run(scenario())
    finally:
        root.setLevel(level)
        root.removeHandler(handler)
    out = capsys.readouterr().out
    (line,) = (json.loads(line) for line in out.splitlines() if "hamlet.access" in line)
    assert (line["method"], line["path"], line["status"]) == ("POST", "/classify", 200)
    assert (line["request_id"], line["level"], line["logger"]) == ("mine", "INFO", "hamlet.access")
    assert line["ms"] > 0
    assert line["time"]
    assert "unmistakable" not in out
