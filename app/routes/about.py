"""GET /model: what is served here."""

from fastapi import APIRouter

from app.dependencies import MayClassify, Numbers, SettingsInUse, Spam
from app.openapi import KEY_PROBLEMS
from app.schemas import ServedModel, ServedSorter, Thresholds

router = APIRouter(tags=["about"])


@router.get("/model", responses=KEY_PROBLEMS)
async def served_model(
    spam: Spam, numbers: Numbers, settings: SettingsInUse, _: MayClassify
) -> ServedModel:
    """The networks that answer, the classifier's thresholds and the device it runs on."""
    predictor, sorter = spam.predictor, numbers.predictor
    return ServedModel(
        name=predictor.name,
        version=predictor.version,
        device=str(predictor.device),
        thresholds=Thresholds(
            spam=spam.verdict.spam_from,
            unsure=spam.verdict.ham_below,
            shipped=predictor.threshold(),
            target_fpr=settings.target_fpr,
            unsure_fpr=settings.unsure_fpr,
        ),
        info=predictor.info(),
        sorter=ServedSorter(name=sorter.name, version=sorter.version, info=sorter.info()),
    )
