"""Which messages share a pass: all of them once, little padding."""

from hypothesis import given
from hypothesis import strategies as st

from model.passes import passes

LENGTHS = st.lists(st.integers(0, 256), max_size=100)


@given(LENGTHS)
def test_every_message_is_in_one_pass(lengths: list[int]) -> None:
    assert sorted(index for group in passes(lengths, 4096) for index in group) == [
        *range(len(lengths))
    ]


@given(LENGTHS)
def test_a_pass_is_padded_little(lengths: list[int]) -> None:
    for group in passes(lengths, 4096):
        longest = max(lengths[index] for index in group)
        assert sum(longest - lengths[index] for index in group) <= 512


def test_messages_of_one_length_share_a_pass_and_a_short_one_does_not_join_long_ones() -> None:
    assert list(passes([5] * 64, 320)) == [[*range(64)]]
    assert list(passes([250, 16, 250, 16, 250, 16], 4096)) == [[0, 2, 4, 1, 3], [5]]
    assert list(passes([], 4096)) == []


@given(LENGTHS, st.integers(1, 2000))
def test_a_pass_is_bounded(lengths: list[int], most: int) -> None:
    for group in passes(lengths, most):
        assert len(group) == 1 or len(group) * max(lengths[i] for i in group) <= most
