"""Splits that measure what was learnt and not what was remembered."""

import numpy as np
import pytest

from training.datasets import Indices, balance_weights, grouped_split, members_up_to
from training.tokens import TokenTable

N = 3000


@pytest.fixture
def table() -> TokenTable:
    """N messages of three corpora, some 600 groups that reach across corpora and labels."""
    random = np.random.default_rng(0)
    return TokenTable(
        lexicon=np.array(["x"]),
        tokens=np.zeros(N, dtype=np.int32),
        starts=np.arange(N + 1),
        is_spam=random.random(N) < 0.4,
        corpus=random.choice(np.array(["a", "b", "c"]), N, p=[0.7, 0.2, 0.1]),
        source=np.full(N, "s"),
    )


@pytest.fixture
def groups() -> Indices:
    return np.random.default_rng(1).integers(0, 600, N)


def test_no_group_is_on_two_sides(table: TokenTable, groups: Indices) -> None:
    split = grouped_split(table, groups, seed=1)
    parts = [set(groups[part].tolist()) for part in (split.train, split.validation, split.test)]
    assert all(parts)
    assert sum(map(len, parts)) == len(set.union(*parts))


def test_the_parts_have_the_sizes_asked_for(table: TokenTable, groups: Indices) -> None:
    split = grouped_split(table, groups, seed=1, validation=0.1, test=0.3)
    distinct = [len(set(groups[part])) / 600 for part in (split.validation, split.test)]
    assert distinct == pytest.approx([0.1, 0.3], abs=0.05)


def test_a_split_depends_on_the_seed_alone(table: TokenTable, groups: Indices) -> None:
    one, same, other = (grouped_split(table, groups, seed) for seed in (1, 1, 2))
    assert one.test.tolist() == same.test.tolist()
    assert one.test.tolist() != other.test.tolist()


def test_more_messages_move_no_group_to_another_side(table: TokenTable, groups: Indices) -> None:
    whole = grouped_split(table, groups, seed=1)
    half = TokenTable(
        table.lexicon, table.tokens[:1500], table.starts[:1501], table.is_spam[:1500],
        table.corpus[:1500], table.source[:1500],
    )  # fmt: skip
    part = grouped_split(half, groups[:1500], seed=1)
    assert set(groups[part.test]) <= set(groups[whole.test])
    assert set(groups[part.train]) <= set(groups[whole.train])


def test_few_members_of_a_group_are_used(table: TokenTable, groups: Indices) -> None:
    split = grouped_split(table, groups, seed=1)
    for part, most in ((split.train, 2), (split.validation, 1), (split.test, 1)):
        keys = list(zip(groups[part], table.corpus[part], table.is_spam[part], strict=True))
        assert max(keys.count(key) for key in set(keys)) == most


def test_what_is_left_out_is_tested_and_neither_it_nor_its_like_is_trained_on(
    table: TokenTable, groups: Indices
) -> None:
    left_out = table.corpus == "c"
    split = grouped_split(table, groups, seed=1, left_out=left_out)
    assert left_out[split.test].all()
    assert set(groups[split.test]) == set(groups[left_out])
    near = np.isin(groups, groups[left_out])
    for part in (split.train, split.validation):
        assert len(part)
        assert not near[part].any()
    assert not set(groups[split.train]) & set(groups[split.validation])


def test_members_up_to_counts_by_group_label_and_corpus() -> None:
    table = TokenTable(
        lexicon=np.array(["x"]),
        tokens=np.zeros(7, dtype=np.int32),
        starts=np.arange(8),
        is_spam=np.array([True, True, True, False, True, True, True]),
        corpus=np.array(["a", "a", "a", "a", "b", "b", "a"]),
        source=np.full(7, "s"),
    )
    groups = np.array([5, 5, 5, 5, 5, 9, 9])
    assert members_up_to(table, groups, 1).tolist() == [True, False, False, True, True, True, True]
    assert members_up_to(table, groups, 2).tolist() == [True, True, False, True, True, True, True]


def test_weights_have_mean_one_and_level_the_cells(table: TokenTable) -> None:
    rows = np.arange(0, N, 2)
    level = balance_weights(table, rows, 1.0, {})
    assert level.dtype == np.float32
    assert level.mean() == pytest.approx(1)
    cells = {
        (corpus, spam): level[(table.corpus[rows] == corpus) & (table.is_spam[rows] == spam)].sum()
        for corpus in "abc"
        for spam in (True, False)
    }
    assert list(cells.values()) == pytest.approx([len(rows) / 6] * 6, rel=1e-3)


def test_exponent_zero_weighs_all_alike_but_for_the_caps(table: TokenTable) -> None:
    rows = np.arange(N)
    assert balance_weights(table, rows, 0.0, {}).tolist() == [1.0] * N
    capped = balance_weights(table, rows, 0.0, {"a": 0.5})
    of_a = table.corpus == "a"
    assert capped[of_a] * 2 == pytest.approx(np.full(of_a.sum(), capped[~of_a][0]))
    assert capped.mean() == pytest.approx(1)
