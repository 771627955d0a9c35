"""What many tests of the service say."""

from typing import Any

import httpx

JSON = {"content-type": "application/json"}
NDJSON = {"content-type": "application/x-ndjson"}


def assert_problem(response: httpx.Response, status: int) -> dict[str, Any]:
    """Every error has this shape."""
    assert response.status_code == status, response.text
    assert response.headers["content-type"] == "application/problem+json"
    body: dict[str, Any] = response.json()
    assert body["status"] == status
    assert set(body) - {"errors"} == {
        "type",
        "title",
        "status",
        "detail",
        "instance",
        "request_id",
    }
    assert body["request_id"] == response.headers["x-request-id"]
    assert body["detail"]
    return body
