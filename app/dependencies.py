"""What the lifespan makes and the routes ask for."""

from typing import Annotated, Any, TypedDict, cast

from fastapi import Depends, Query, Request

from app.classification import Classifier
from app.database import Database
from app.settings import Settings


class State(TypedDict):
    """What lives as long as the service, yielded by the lifespan."""

    settings: Settings
    database: Database
    classifier: Classifier[Any]
    schema_head: str | None


def _state(request: Request) -> State:
    # FastAPI (0.165) does not know the generic Request[State].
    return cast(State, request.state)


def _settings(request: Request) -> Settings:
    return _state(request)["settings"]


def _database(request: Request) -> Database:
    return _state(request)["database"]


def _classifier(request: Request) -> Classifier[Any]:
    return _state(request)["classifier"]


def _schema_head(request: Request) -> str | None:
    return _state(request)["schema_head"]


def _request_id(request: Request) -> str:
    request_id: str = request.scope["state"]["request_id"]
    return request_id


SettingsInUse = Annotated[Settings, Depends(_settings)]
Storage = Annotated[Database, Depends(_database)]
Spam = Annotated[Classifier[Any], Depends(_classifier)]
SchemaHead = Annotated[str | None, Depends(_schema_head)]
RequestName = Annotated[str, Depends(_request_id)]
Explain = Annotated[bool, Query(description="Add the words that moved the verdict most.")]
