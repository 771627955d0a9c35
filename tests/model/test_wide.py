"""The wide path: known words and pairs, each counted once, whatever pads them."""

import numpy as np
import torch

from model.native import library
from model.reader import WideReader
from model.wide import WidePath, feature_keys

TEXT = torch.tensor([[5, 6, 7, 8, 9, 7, 5, 6]])


def path(known: torch.Tensor = TEXT) -> WidePath:
    """One that knows the words and pairs of `known`, each with a scalar of its own."""
    torch.manual_seed(3)
    keys = torch.tensor(sorted(set(feature_keys(known)[0].tolist())))
    wide = WidePath(int((keys >= 0).sum())).eval()
    wide.keys.copy_(keys[keys >= 0])
    torch.nn.init.normal_(wide.weight)
    wide.bias.data.fill_(0.5)
    return wide


def scalar(wide: WidePath, key: int) -> float:
    return float(wide.weight.detach()[wide.keys.tolist().index(key)])


def test_words_and_pairs_are_summed_over_the_root_of_their_number() -> None:
    wide = path()
    first, second, pair = feature_keys(torch.tensor([[5, 6]]))[0].tolist()
    expected = sum(scalar(wide, key) for key in (first, second, pair)) / 3**0.5 + 0.5
    torch.testing.assert_close(wide(torch.tensor([[5, 6]])), torch.tensor([expected]))


def test_padding_changes_nothing() -> None:
    wide = path()
    for row in ([5], [5, 5, 5], [7, 8, 9, 7]):
        alone = wide(torch.tensor([row]))
        padded = wide(torch.tensor([[*row, 0, 0, 0], [1, 2, 3, 4, 5, 6, 7][: len(row) + 3]]))
        torch.testing.assert_close(padded[:1], alone)


def test_a_repeated_word_counts_once() -> None:
    wide = path(torch.tensor([[5, 6, 5]]))
    torch.testing.assert_close(
        wide(torch.tensor([[5, 6, 5]])), wide(torch.tensor([[5, 6, 5, 6, 5]]))
    )


def test_what_it_does_not_know_adds_nothing_and_makes_the_rest_say_less() -> None:
    wide = path()
    torch.testing.assert_close(wide(torch.tensor([[1, 2, 3]])), torch.tensor([0.5]))
    known, partly = (wide(torch.tensor([row])) - 0.5 for row in ([5], [5, 1, 2, 1, 2]))
    torch.testing.assert_close(partly, known / 6**0.5)  # three words, three pairs


def test_a_gap_is_no_pair() -> None:
    keys = feature_keys(torch.tensor([[5, 0, 6]]))[0].tolist()
    assert keys[1] == keys[3] == keys[4] == -1
    assert len(set(keys)) == 3


def test_the_order_of_words_matters() -> None:
    wide = path(torch.tensor([[5, 6, 5]]))
    assert not torch.allclose(wide(torch.tensor([[5, 6]])), wide(torch.tensor([[6, 5]])))


def test_keys_are_31_bit_numbers() -> None:
    hashes = torch.tensor([[2**32 - 1, 2**31, 1, 2**32 - 1]])
    keys = feature_keys(hashes)
    assert ((keys >= 0) & (keys < 2**31)).all()


def test_shares_sum_up_to_the_whole() -> None:
    wide = path()
    hashes = torch.randint(0, 12, (40,), generator=torch.Generator().manual_seed(1))
    torch.testing.assert_close(wide.attribute(hashes).sum() + 0.5, wide(hashes[None])[0])


def test_features_are_dropped_in_training_only() -> None:
    wide = path()
    wide.dropout = 1.0
    assert not torch.allclose(wide(TEXT), torch.tensor([0.5]))
    torch.testing.assert_close(wide.train()(TEXT), torch.tensor([0.5]))


def compiled(wide: WidePath) -> WideReader:
    found = library()
    assert found is not None, "model/native is not compiled: python model/native/build.py"
    return WideReader(wide, found)


def test_what_is_compiled_adds_up_what_the_path_does() -> None:
    wide = path()
    rows = [[5, 6, 7], [9], [7, 5, 6, 1, 2, 3], [5, 5, 5, 5], [1, 2], [8, 9, 7]]
    padded = torch.tensor([[*row, *[0] * (6 - len(row))] for row in rows])
    expected = wide(padded).detach().numpy()
    np.testing.assert_allclose(compiled(wide).add_up(rows), expected, rtol=1e-6)
    for row, alone in zip(rows, expected, strict=True):  # no pair goes from one to the next
        np.testing.assert_allclose(compiled(wide).add_up([row]), [alone], rtol=1e-6)


def test_it_does_so_with_many_features_and_words_of_any_hash() -> None:
    rng = np.random.default_rng(4)
    rows = [rng.integers(1, 2**32, size).tolist() for size in (300, 1, 40)]
    padded = torch.zeros(3, 300, dtype=torch.int64)
    for row, hashes in zip(padded, rows, strict=True):
        row[: len(hashes)] = torch.tensor(hashes)
    found = torch.tensor(sorted(set(feature_keys(padded).ravel().tolist())))
    wide = WidePath(len(found) - 100)
    chosen = torch.randperm(len(found) - 1, generator=torch.Generator().manual_seed(5)) + 1
    wide.keys.copy_(found[chosen[: len(wide.keys)]].sort().values)
    wide.weight.data.normal_()
    expected = wide.eval()(padded).detach().numpy()
    np.testing.assert_allclose(compiled(wide).add_up(rows), expected, rtol=1e-4)


def test_a_message_without_words_has_the_bias() -> None:
    assert compiled(path()).add_up([[], [1], []]) == [0.5, 0.5, 0.5]
    assert compiled(path()).add_up([[]]) == [0.5]
