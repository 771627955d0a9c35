"""The parts of the OpenAPI document that the framework cannot derive: bodies of several types,
and problems."""

from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi
from pydantic import BaseModel
from pydantic.json_schema import models_json_schema

from app.auth import KEY_HEADER
from app.inputs import JSON, NDJSON, PLAIN, RFC822
from app.schemas import (
    PROBLEM_TYPE,
    SAYS_SOMETHING,
    BatchForm,
    CorrectionBatchForm,
    CorrectionForm,
    FieldsForm,
    Problem,
    RawForm,
    SortForm,
    TextForm,
)

TAGS = [
    {"name": "classify", "description": "Spam, ham, or unsure."},
    {"name": "feedback", "description": "What a message is, whatever the network said."},
    {"name": "history", "description": "The request log, read back and erased."},
    {"name": "sort", "description": "Numbers, put in order by a recurrent network."},
    {"name": "about", "description": "What is served."},
    {"name": "metrics", "description": "For Prometheus."},
    {"name": "health", "description": "For supervisors."},
]
_SCHEMAS = "#/components/schemas/"
_REASONS = {
    400: "The body is not what its content type says.",
    401: "No key, where one is needed, or none of this service.",
    403: "A key without the scope that this takes.",
    404: "No message of this id is in the request log.",
    408: "The body stopped coming.",
    413: "The body is too large.",
    415: "No such form of message.",
    422: "Well-formed, but not valid; `errors` says what is wrong and where.",
    429: "More than the rate limit allows; try again after Retry-After seconds.",
    503: "Overloaded, or not ready; try again after Retry-After seconds.",
}


def problems(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """The `responses` of a route that can fail so."""
    content = {PROBLEM_TYPE: {"schema": {"$ref": _SCHEMAS + "Problem"}}}
    return {status: {"description": _REASONS[status], "content": content} for status in statuses}


# Those of every route that a key may be needed for.
KEY_PROBLEMS = problems(401, 403, 429, 503)
BODY_PROBLEMS = KEY_PROBLEMS | problems(400, 408, 413, 415, 422)

_ONE_MESSAGE = {"oneOf": [{"$ref": _SCHEMAS + f.__name__} for f in (TextForm, FieldsForm, RawForm)]}
_WHOLE_BODY = {"schema": {"type": "string", **SAYS_SOMETHING}}

MESSAGE_BODY = {
    "requestBody": {
        "required": True,
        "content": {JSON: {"schema": _ONE_MESSAGE}, RFC822: _WHOLE_BODY, PLAIN: _WHOLE_BODY},
    }
}
BATCH_BODY = {
    "requestBody": {
        "required": True,
        "content": {
            JSON: {"schema": {"$ref": _SCHEMAS + "BatchForm"}},
            NDJSON: {"schema": _ONE_MESSAGE},
        },
    }
}


def json_body(form: type[BaseModel]) -> dict[str, Any]:
    """The `openapi_extra` of a route that reads its JSON itself."""
    content = {JSON: {"schema": {"$ref": _SCHEMAS + form.__name__}}}
    return {"requestBody": {"required": True, "content": content}}


BATCH_STREAM: dict[int | str, dict[str, Any]] = {
    200: {
        "content": {
            NDJSON: {
                "schema": {
                    "oneOf": [
                        {"$ref": _SCHEMAS + "Classification"},
                        {"$ref": _SCHEMAS + "Problem"},
                    ]
                }
            }
        }
    }
}


def install(app: FastAPI) -> None:
    """Make `app` serve the completed document at /openapi.json."""

    def openapi() -> dict[str, Any]:
        if app.openapi_schema is None:
            app.openapi_schema = _document(app)
        return app.openapi_schema

    app.openapi = openapi  # type: ignore[method-assign]  # FastAPI's documented way


def _document(app: FastAPI) -> dict[str, Any]:
    document = get_openapi(
        title=app.title,
        version=app.version,
        description=app.description,
        routes=app.routes,
        tags=app.openapi_tags,
    )
    models: tuple[type[BaseModel], ...] = (
        TextForm,
        FieldsForm,
        RawForm,
        BatchForm,
        SortForm,
        CorrectionForm,
        CorrectionBatchForm,
        Problem,
    )
    _, written = models_json_schema(
        [(model, "validation") for model in models], ref_template=_SCHEMAS + "{model}"
    )
    schemas = document.setdefault("components", {}).setdefault("schemas", {})
    for name, schema in written["$defs"].items():
        schemas.setdefault(name, schema)
    _add_key_header(document)
    return document


def _add_key_header(document: dict[str, Any]) -> None:
    """The other way to show a key, wherever there is the one that app.dependencies declares."""
    schemes = document["components"]["securitySchemes"]
    schemes["APIKeyHeader"] = {"type": "apiKey", "in": "header", "name": KEY_HEADER}
    for path in document["paths"].values():
        for operation in path.values():
            for token in operation.get("security", ())[:1]:
                operation["security"].append({"APIKeyHeader": token["HTTPBearer"]})
