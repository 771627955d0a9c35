"""The weights that ship sort, and need their recurrence for it. The whole table is
`python -m training evaluate --sorter`; these are enough lists to notice that something broke."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.sorting import first_break
from model.decoding import Decoder, Parts, Stepper
from model.sorter import collate
from model.sorter_checkpoint import load
from model.sorting import Query, SorterPredictor
from training.number_lists import CELLS
from training.sorting_commands import WEIGHTS
from training.sorting_measures import Cell, measure

pytestmark = pytest.mark.skipif(
    not (WEIGHTS / "config.json").is_file(), reason="no trained weights in model/weights/sorter"
)


@pytest.fixture(scope="module")
def predictor() -> SorterPredictor:
    return SorterPredictor.load(WEIGHTS)


def cells(length: int, lists: int, parts: Parts) -> list[Cell]:
    return measure(load(WEIGHTS).network, [length], lists, {"parts": parts})


@pytest.mark.parametrize(
    ("length", "lists"), [(5, 100), (15, 60), (32, 40), (64, 20), (128, 4), (256, 3)]
)
def test_every_distribution_is_sorted_and_without_the_guards_help(length: int, lists: int) -> None:
    measured = cells(length, lists, Parts())
    assert {cell.distribution for cell in measured} == CELLS.keys()
    assert {c.distribution: (c.exact, c.unguarded) for c in measured} == dict.fromkeys(
        CELLS, (lists, lists)
    )


@pytest.mark.parametrize("part", ["memory", "encoder", "values"])
def test_it_needs_every_part(part: str) -> None:
    """Save where the order of the input is the answer."""
    measured = cells(10, 40, Parts(**{part: False}))
    shares = {cell.distribution: cell.exact / 40 for cell in measured}
    del shares["sorted"]
    assert max(shares.values()) < 0.5
    assert np.mean(list(shares.values())) < 0.2


def test_the_guard_is_not_needed() -> None:
    assert all(cell.exact == 40 for cell in cells(32, 40, Parts(guard=False)))


def test_descending_is_ascending_upside_down(predictor: SorterPredictor) -> None:
    numbers = [1.0, 3.0, 1.0, 2.0]
    (answer,) = predictor.predict([Query.of(numbers, descending=True, attention=False)])
    assert answer.permutation == (1, 3, 0, 2)
    assert answer.attention is None


def test_a_batch_is_answered_as_each_list_alone(predictor: SorterPredictor) -> None:
    random = np.random.default_rng(4)
    queries = [
        Query(random.normal(size=n), descending=n % 2 == 0, attention=n % 3 == 0)
        for n in (1, 2, 3, 17, 40)
    ]
    for together, query in zip(predictor.predict(queries), queries, strict=True):
        (alone,) = predictor.predict([query])
        assert together.permutation == alone.permutation
        assert (together.attention is None) == (alone.attention is None)
        if together.attention is not None and alone.attention is not None:
            assert together.attention.shape == (len(query), len(query))
            np.testing.assert_allclose(together.attention, alone.attention, atol=1e-5)
    assert predictor.predict([]) == []


@settings(max_examples=60)
@given(st.lists(st.floats(allow_nan=False, allow_infinity=False), min_size=1, max_size=20))
def test_whatever_comes_a_permutation_leaves(numbers: list[float]) -> None:
    """Any doubles at all; the order of such lists is checked by the service, not promised."""
    order = Decoder(Stepper(load(WEIGHTS).network), collate([numbers])).run().order[0]
    assert sorted(order.tolist()) == list(range(len(numbers)))


@settings(max_examples=100)
@given(
    st.lists(
        st.one_of(
            st.integers(-(2**53), 2**53).map(float),
            st.floats(-1e6, 1e6).map(lambda x: round(x, 6)),
        ),
        min_size=1,
        max_size=30,
    )
)
def test_numbers_as_people_write_them_are_sorted(numbers: list[float]) -> None:
    order = Decoder(Stepper(load(WEIGHTS).network), collate([numbers])).run().order[0]
    assert first_break([numbers[i] for i in order], descending=False) is None
