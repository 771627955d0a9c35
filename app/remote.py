"""A service somewhere else that is asked about files."""

from collections.abc import Iterable, Iterator
from itertools import islice

from app.client import Client, Message, ServiceError
from app.files import Found, Result
from app.schemas import Problem
from app.startup import StartupError
from model.mime import decode, looks_like_mail

_BATCH = 32


def classify(server: str, key: str | None, found: Iterable[Found]) -> Iterator[Result]:
    """Found messages -> results, in order. Raises StartupError when the service does not answer."""
    with Client(server, key) as client:
        yield from _ask(client, found)


def _ask(client: Client, found: Iterable[Found]) -> Iterator[Result]:
    waiting = iter(found)
    while batch := list(islice(waiting, _BATCH)):
        good = [one for one in batch if one.error is None]
        try:
            answers = iter(list(client.classify_many([_message(one) for one in good])))
        except ServiceError as error:
            raise StartupError(str(error)) from None
        for one in batch:
            if one.error is not None:
                yield Result(one.name, None, None, one.error)
                continue
            answer = next(answers)
            if isinstance(answer, Problem):
                yield Result(one.name, None, None, answer.detail)
            else:
                yield Result(one.name, answer.label, answer.spam_probability)


def _message(found: Found) -> Message:
    """A mail as it travels, or a text."""
    return found.content if looks_like_mail(found.content) else decode(found.content)
