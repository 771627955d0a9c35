"""POST /classify: every form of a message, and what comes back."""

import asyncio
import base64
import re
from typing import Any

import pytest

from tests.app.asserts import JSON, assert_problem
from tests.app.double import MOST_TOKENS
from tests.conftest import Rows, Serve

RFC822 = {"content-type": "message/rfc822"}
MAIL = (
    b"From: a@example.org\r\nSubject: =?utf-8?q?viagra_for_you?=\r\nMIME-Version: 1.0\r\n"
    b"Content-Type: text/html\r\n\r\n<p>Buy <b>now</b></p>\r\n"
)


def test_the_whole_answer(serve: Serve, rows: Rows) -> None:
    async def scenario() -> None:
        async with serve() as client:
            response = await client.post("/classify", json={"text": "cheap viagra here"})
        assert response.status_code == 200
        assert response.headers["content-type"] == "application/json"
        answer = response.json()
        assert list(answer) == [
            "id",
            "label",
            "spam_probability",
            "source",
            "threshold",
            "ham_threshold",
            "model",
            "tokens",
            "timing_ms",
        ]
        assert re.fullmatch("[0-9a-f]{12}7[0-9a-f]{19}", answer["id"])
        assert answer["label"] == "spam"
        assert answer["spam_probability"] == 0.55
        assert answer["source"] == "model"
        assert (answer["threshold"], answer["ham_threshold"]) == (0.5, 0.3)
        assert answer["model"] == {"name": "classifier", "version": "0.0.0+double"}
        assert answer["tokens"] == {"used": 3, "total": 3}
        assert set(answer["timing_ms"]) == {"queue", "inference"}
        assert [row["id"] for row in rows()] == [answer["id"]]

    asyncio.run(scenario())


def test_every_form_is_read(serve: Serve, rows: Rows) -> None:
    raw = base64.b64encode(MAIL).decode()
    wrapped = base64.encodebytes(MAIL).decode()
    fields = {"subject": "viagra for you", "body": "<p>Buy <b>now</b></p>"}
    calls: list[tuple[str, dict[str, Any]]] = [
        ("rfc822", {"content": MAIL, "headers": {"content-type": "message/rfc822"}}),
        ("raw", {"json": {"raw": raw}}),
        ("raw", {"json": {"raw": wrapped}}),
        ("fields", {"json": fields}),
        ("fields", {"json": {"subject": "viagra"}}),
        ("fields", {"json": {"body": "viagra"}}),
        ("text", {"json": {"text": "Subject: viagra for you\n\nBuy now"}}),
        ("text", {"content": b"\xef\xbb\xbf" + b'{"text": "viagra"}', "headers": JSON}),
        (
            "plain",
            {
                "content": "für viagra".encode("latin-1"),
                "headers": {"content-type": "Text/Plain; charset=iso-8859-1"},
            },
        ),
    ]

    async def scenario() -> None:
        async with serve() as client:
            for source, call in calls:
                response = await client.post("/classify", **call)
                assert response.status_code == 200, response.text
                assert response.json()["label"] == "spam", source
            ham = await client.post("/classify", json={"text": "see you at lunch"})
        assert ham.json()["label"] == "ham"
        logged = rows()
        assert [row["source"] for row in logged[:-1]] == [source for source, _ in calls]
        # However the same bytes travel, they are the same message.
        assert logged[0]["message_hash"] == logged[1]["message_hash"] == logged[2]["message_hash"]
        assert len({row["message_hash"] for row in logged}) == len(logged) - 2

    asyncio.run(scenario())


@pytest.mark.parametrize(
    ("call", "sent"),
    [
        ({"json": {"text": "ä cheap viagra here"}}, "ä cheap viagra here"),
        ({"json": {"text": "Subject: for viagra now\n\nhello"}}, None),
        ({"json": {"text": "Subject: hello\nthe viagra is here\n"}}, None),
        ({"json": {"subject": "viagra", "body": "now"}}, "viagra"),
        (
            {"content": "für viagra".encode(), "headers": {"content-type": "text/plain"}},
            "für viagra",
        ),
    ],
)
def test_an_explanation_points_into_the_text_that_was_sent(
    serve: Serve, call: dict[str, Any], sent: str | None
) -> None:
    async def scenario() -> None:
        async with serve() as client:
            response = await client.post("/classify?explain=true", **call)
            word = response.json()["explanation"][0]
            text = sent or call["json"]["text"]
            assert text[word["sent_start"] : word["sent_end"]] == word["text"] == "viagra"

    asyncio.run(scenario())


def test_what_was_rendered_first_has_no_place_in_what_was_sent(serve: Serve) -> None:
    async def scenario() -> None:
        async with serve() as client:
            html = {"body": "<p>cheap</p><p>viagra</p>"}
            for call in ({"json": html}, {"content": MAIL, "headers": RFC822}):
                response = await client.post("/classify?explain=true", **call)
                assert "sent_start" not in response.json()["explanation"][0]

    asyncio.run(scenario())


def test_an_explanation_says_what_was_not_seen_or_not_known(serve: Serve) -> None:
    async def scenario() -> None:
        hidden = '<p>viagra größe now</p><p style="display:none">minutes of the meeting</p>'
        long = "word " * (MOST_TOKENS + 7)
        async with serve() as client:
            for message, unread in (
                ({"body": hidden}, (0, 1, 19)),
                ({"text": long}, (7, 0, 0)),
            ):
                response = await client.post("/classify?explain=true", json=message)
                assert response.json()["unread"] == {
                    "truncated_words": unread[0],
                    "unknown_words": unread[1],
                    "hidden_characters": unread[2],
                }
            plain = await client.post("/classify", json={"text": long})
            assert "unread" not in plain.json()

    asyncio.run(scenario())


def test_an_explanation_points_into_the_decoded_fields(serve: Serve) -> None:
    async def scenario() -> None:
        async with serve() as client:
            response = await client.post(
                "/classify?explain=true", json={"subject": "for you", "body": "cheap viagra"}
            )
        strongest = response.json()["explanation"][0]
        assert strongest == {
            "field": "body",
            "start": 6,
            "end": 12,
            "sent_start": 6,
            "sent_end": 12,
            "text": "viagra",
            "weight": 1.0,
            "unknown": False,
        }

    asyncio.run(scenario())


def test_odd_messages_are_messages(serve: Serve) -> None:
    """NUL, lone surrogates, an attachment alone, broken MIME: classified, and the answer is sent
    in an encoding that every client reads."""
    odd: list[dict[str, Any]] = [
        {"content": b'{"text": "a \\u0000 viagra \\ud800"}', "headers": JSON},
        {"content": b'{"subject": "\\udfff", "body": "\\ud83d\\ude00 viagra"}', "headers": JSON},
        {"json": {"raw": base64.b64encode(b"\0\xff viagra \0").decode()}},
        {
            "content": b"Content-Type: application/pdf\r\n\r\n%PDF",
            "headers": {"content-type": "message/rfc822"},
        },
        {
            "content": b"Content-Type: multipart/mixed; boundary=x\r\n\r\n--x\r\n--x",
            "headers": {"content-type": "message/rfc822"},
        },
    ]

    async def scenario() -> None:
        async with serve(store_text=True) as client:
            for call in odd:
                response = await client.post("/classify?explain=true", **call)
                assert response.status_code == 200, response.text
                response.content.decode("utf-8")
                texts = [word["text"] for word in response.json()["explanation"]]
                assert not re.search("[\ud800-\udfff]", "".join(texts))

    asyncio.run(scenario())


def test_ten_thousand_nested_parts(serve: Serve) -> None:
    nested = b"".join(
        b'Content-Type: multipart/mixed; boundary="%d"\r\n\r\n--%d\r\n' % (n, n)
        for n in range(10_000)
    )

    async def scenario() -> None:
        async with serve() as client:
            response = await client.post(
                "/classify", content=nested, headers={"content-type": "message/rfc822"}
            )
        assert response.status_code == 200

    asyncio.run(scenario())


def test_long_messages_are_cut_and_say_so(serve: Serve) -> None:
    async def scenario() -> None:
        async with serve() as client:
            response = await client.post("/classify", json={"text": "word " * 1000})
        assert response.json()["tokens"] == {"used": MOST_TOKENS, "total": 1000}

    asyncio.run(scenario())


@pytest.mark.parametrize(
    ("text", "target_fpr", "unsure_fpr", "label"),
    [
        ("viagra viagra", 0.4, 0.5, "spam"),  # 0.7, of 0.6 and 0.5
        ("viagra", 0.4, 0.5, "unsure"),  # 0.55
        ("viagra", 0.4, 0.44, "ham"),
        ("viagra", 0.5, 0.6, "spam"),
        ("hello", 0.5, 0.95, "unsure"),  # 0.1
        ("hello", 0.5, 0.9, "unsure"),  # a threshold belongs to what is above it
        ("viagra", 0.4, 0.1, "ham"),  # no band: the lower threshold would lie above the upper
    ],
)
def test_two_shares_of_good_mail_make_three_verdicts(
    serve: Serve, text: str, target_fpr: float, unsure_fpr: float, label: str
) -> None:
    async def scenario() -> None:
        async with serve(target_fpr=target_fpr, unsure_fpr=unsure_fpr) as client:
            answer = (await client.post("/classify", json={"text": text})).json()
            described = (await client.get("/model")).json()["thresholds"]
        assert answer["label"] == label
        assert answer["threshold"] == described["spam"] == 1 - target_fpr
        assert answer["ham_threshold"] == described["unsure"] == 1 - max(target_fpr, unsure_fpr)

    asyncio.run(scenario())


def test_a_failing_network_is_503_and_is_not_logged(serve: Serve, rows: Rows) -> None:
    async def scenario() -> None:
        async with serve() as client:
            failed = await client.post("/classify", json={"text": "a fault here"})
            good = await client.post("/classify", json={"text": "good"})
        assert_problem(failed, 503)
        assert good.status_code == 200
        assert [row["id"] for row in rows()] == [good.json()["id"]]

    asyncio.run(scenario())
