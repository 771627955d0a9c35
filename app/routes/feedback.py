"""POST /feedback, POST /feedback/batch and DELETE /feedback/{id}."""

from fastapi import APIRouter, Request

from app import feedback
from app.dependencies import (
    EntryId,
    Limits,
    MayCorrect,
    Measures,
    RequestName,
    SettingsInUse,
    Storage,
)
from app.errors import InvalidRequest, problem
from app.inputs import JSON, check_type
from app.openapi import BODY_PROBLEMS, KEY_PROBLEMS, json_body, problems
from app.schemas import Corrected, CorrectedBatch, CorrectionBatchForm, CorrectionForm, Problem

router = APIRouter(tags=["feedback"])


@router.post(
    "/feedback",
    status_code=204,
    responses=BODY_PROBLEMS | problems(404),
    openapi_extra=json_body(CorrectionForm),
)
async def correct(
    request: Request, database: Storage, caller: MayCorrect, measures: Measures
) -> None:
    """Say what a message is. From now on the same message gets this label at once, and the answer
    says that a person gave it. The last word stands; to repeat it changes nothing. It works with
    no text kept: the message is known by its keyed hash."""
    check_type(request.headers.get("content-type", ""), JSON)
    correction = feedback.read_correction(await request.body())
    (unknown,) = await feedback.correct(database, [correction], caller.key_id)
    if unknown:
        raise unknown
    measures.corrected(correction.label)


@router.post(
    "/feedback/batch",
    responses=BODY_PROBLEMS,
    openapi_extra=json_body(CorrectionBatchForm),
    response_model_exclude_none=True,
)
async def correct_batch(
    request: Request,
    database: Storage,
    settings: SettingsInUse,
    limits: Limits,
    caller: MayCorrect,
    measures: Measures,
    request_id: RequestName,
) -> CorrectedBatch:
    """Correct many messages. Those that can be are, all or none of them; in the place of another
    stands its problem."""
    check_type(request.headers.get("content-type", ""), JSON)
    read = feedback.read_corrections(await request.body(), settings.max_batch_messages)
    limits.charge(request.scope, caller, len(read), counted=1)
    forms = [form for form in read if isinstance(form, CorrectionForm)]
    outcomes = iter(await feedback.correct(database, forms, caller.key_id) if forms else [])
    results: list[Corrected | Problem] = []
    for form in read:
        error = form if isinstance(form, InvalidRequest) else next(outcomes)
        if isinstance(form, CorrectionForm) and error is None:
            measures.corrected(form.label)
            results.append(Corrected(id=form.id))
        elif error is not None:
            results.append(problem(error, request_id))
    return CorrectedBatch(results=results)


@router.delete("/feedback/{entry_id}", status_code=204, responses=KEY_PROBLEMS | problems(404, 422))
async def take_back(entry_id: EntryId, database: Storage, _: MayCorrect) -> None:
    """Forget what was said of this message: the network's word counts again."""
    await feedback.take_back(database, entry_id)
