"""GET /metrics, for Prometheus."""

from fastapi import APIRouter, Request
from prometheus_client.exposition import choose_encoder
from starlette.responses import Response

from app.dependencies import Measures, WithKey
from app.openapi import KEY_PROBLEMS

router = APIRouter(tags=["metrics"])


@router.get(
    "/metrics",
    response_class=Response,
    responses=KEY_PROBLEMS | {200: {"content": {"text/plain": {"schema": {"type": "string"}}}}},
)
async def metrics(request: Request, measures: Measures, _: WithKey) -> Response:
    """All measures of this process, in Prometheus' text format or as OpenMetrics, by `Accept`. Any
    key will do."""
    encode, content_type = choose_encoder(request.headers.get("accept", ""))
    return Response(encode(measures.collect()), media_type=content_type)
