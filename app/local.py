"""The network in the process that asks: no service, no database, the same labels."""

from collections.abc import Iterable, Iterator
from itertools import islice

from app.errors import HamletError
from app.files import Found, Result
from app.inputs import PLAIN, RFC822, read_body
from app.settings import Settings
from app.startup import StartupError
from app.verdict import Verdict
from model.checkpoint import CheckpointError
from model.mime import Message, looks_like_mail
from model.predictor import ClassifierPredictor

_BATCH = 32


class LocalClassifier:
    """Found messages -> results, in order. Raises StartupError when the checkpoint is refused."""

    def __init__(self, settings: Settings) -> None:
        try:
            self._predictor = ClassifierPredictor.load(settings.model_dir, settings.device)
        except CheckpointError as error:
            raise StartupError(f"the checkpoint is refused: {error}") from None
        self._verdict = Verdict.of(self._predictor, settings)

    def __call__(self, found: Iterable[Found]) -> Iterator[Result]:
        waiting = iter(found)
        while batch := list(islice(waiting, _BATCH)):
            read = [_read(one) for one in batch]
            encoded = [self._predictor.encode(m) for m in read if isinstance(m, Message)]
            probabilities = iter(self._predictor.predict(encoded))
            for one, outcome in zip(batch, read, strict=True):
                if isinstance(outcome, Message):
                    probability = next(probabilities)
                    yield Result(one.name, self._verdict.label(probability), probability)
                else:
                    yield Result(one.name, None, None, outcome)


def _read(found: Found) -> Message | str:
    """The message, or why there is none."""
    if found.error is not None:
        return found.error
    kind = RFC822 if looks_like_mail(found.content) else PLAIN
    try:
        return read_body(kind, found.content).message
    except HamletError as error:
        return error.detail
