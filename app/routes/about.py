"""GET / and GET /model: what is served here."""

from fastapi import APIRouter

from app import __version__
from app.dependencies import SettingsInUse, Spam
from app.schemas import Index, ServedModel, Thresholds

router = APIRouter(tags=["about"])


@router.get("/")
async def index() -> Index:
    """Where things are."""
    return Index(
        service="hamlet", version=__version__, classify="/classify", openapi="/openapi.json"
    )


@router.get("/model")
async def served_model(spam: Spam, settings: SettingsInUse) -> ServedModel:
    """The network that answers, its thresholds and the device it runs on."""
    predictor = spam.predictor
    return ServedModel(
        name=predictor.name,
        version=predictor.version,
        device=str(predictor.device),
        thresholds=Thresholds(
            in_use=spam.threshold, shipped=predictor.threshold(), target_fpr=settings.target_fpr
        ),
        info=predictor.info(),
    )
