"""A small made-up corpus, as a table of tokens and as messages."""

from collections.abc import Callable, Sequence

import pytest
from hypothesis import HealthCheck, settings

from model.mime import Message
from training.corpora import Example
from training.tokens import TokenTable, tokenise

# A busy machine is no reason to fail.
settings.register_profile("patient", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("patient")

MakeTable = Callable[..., TokenTable]


@pytest.fixture
def make_table() -> MakeTable:
    """`make_table((text, is_spam, corpus, source), …)`: the messages tokenised."""

    def make(*rows: tuple[str, bool, str, str], most_tokens: int = 100) -> TokenTable:
        examples: Sequence[Example] = [
            Example(Message("", text), is_spam, corpus, source)
            for text, is_spam, corpus, source in rows
        ]
        return tokenise(examples, most_tokens)

    return make
