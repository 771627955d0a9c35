"""What the lifespan makes and the routes ask for."""

from typing import Annotated, Any, TypedDict, cast

from fastapi import Depends, Path, Query, Request, Security
from fastapi.openapi.models import HTTPBearer
from fastapi.security import SecurityScopes
from fastapi.security.base import SecurityBase
from fastapi.security.utils import get_authorization_scheme_param

from app.admission import Entrance
from app.auth import KEY_HEADER, Caller, Guard, check_scope
from app.classification import Classifier
from app.database import Database
from app.errors import Unauthorized
from app.forms import check_same_origin
from app.limits import RateLimits
from app.metrics import Metrics
from app.settings import Settings
from app.sorting import Sorter


class State(TypedDict):
    """What lives as long as the service, yielded by the lifespan."""

    settings: Settings
    database: Database
    classifier: Classifier[Any]
    sorter: Sorter
    guard: Guard
    entrance: Entrance
    metrics: Metrics
    limits: RateLimits
    schema_head: str | None


def state(request: Request) -> State:
    """All of it."""
    # FastAPI (0.165) does not know the generic Request[State].
    return cast(State, request.state)


async def _metrics(request: Request) -> Metrics:
    return state(request)["metrics"]


async def _settings(request: Request) -> Settings:
    return state(request)["settings"]


async def _database(request: Request) -> Database:
    return state(request)["database"]


async def _classifier(request: Request) -> Classifier[Any]:
    return state(request)["classifier"]


async def _sorter(request: Request) -> Sorter:
    return state(request)["sorter"]


async def _limits(request: Request) -> RateLimits:
    return state(request)["limits"]


async def _guard(request: Request) -> Guard:
    return state(request)["guard"]


async def _schema_head(request: Request) -> str | None:
    return state(request)["schema_head"]


def request_name(request: Request) -> str:
    """What the answer's X-Request-ID says."""
    request_id: str = request.scope["state"]["request_id"]
    return request_id


async def _request_id(request: Request) -> str:
    return request_name(request)


KEY_COOKIE = "hamlet_key"  # what the pages' sign-in sets


class _Keys(SecurityBase):
    """A key as a bearer token, in X-Api-Key or in the pages' cookie. One dependency, and not one
    for each of the ways: to solve one takes as long as all of what is done here. The other way than
    the token comes into the OpenAPI document there."""

    model = HTTPBearer(description="`python -m app keys create NAME` makes one.")
    scheme_name = "HTTPBearer"

    async def __call__(self, request: Request, needed: SecurityScopes) -> Caller:
        scheme, shown = get_authorization_scheme_param(request.headers.get("authorization"))
        key: str | None = shown
        if scheme.lower() != "bearer" or not shown:
            key = request.headers.get(KEY_HEADER) or None
        if key is None:
            key = request.cookies.get(KEY_COOKIE)
            # A browser sends it unasked, so that another site's page could ask in its name.
            if key is not None and request.method not in ("GET", "HEAD"):
                check_same_origin(request)
        guard, limits = state(request)["guard"], state(request)["limits"]
        try:
            caller = await guard.caller(key)
        except Unauthorized:
            limits.charge(request.scope, None)
            raise
        limits.charge(request.scope, caller)
        for scope in needed.scopes:
            check_scope(caller, scope)
        return caller


_caller = _Keys()

# A parameter of one of these types is all that guards a route.
MayClassify = Annotated[Caller, Security(_caller, scopes=["classify"])]
MayCorrect = Annotated[Caller, Security(_caller, scopes=["feedback"])]
MayRead = Annotated[Caller, Security(_caller, scopes=["history"])]
WithKey = Annotated[Caller, Security(_caller)]
MayErase = Annotated[Caller, Security(_caller, scopes=["admin"])]

SettingsInUse = Annotated[Settings, Depends(_settings)]
Storage = Annotated[Database, Depends(_database)]
Spam = Annotated[Classifier[Any], Depends(_classifier)]
Numbers = Annotated[Sorter, Depends(_sorter)]
Measures = Annotated[Metrics, Depends(_metrics)]
Limits = Annotated[RateLimits, Depends(_limits)]
Gate = Annotated[Guard, Depends(_guard)]
SchemaHead = Annotated[str | None, Depends(_schema_head)]
RequestName = Annotated[str, Depends(_request_id)]
EntryId = Annotated[str, Path(max_length=64, description="Of an answer to POST /classify.")]
Attention = Annotated[bool, Query(description="Add where the network pointed at each step.")]
Explain = Annotated[bool, Query(description="Add the words that moved the verdict most.")]
