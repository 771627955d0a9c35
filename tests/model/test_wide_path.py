"""The wide path: words and pairs, each counted once, whatever pads them."""

import torch

from model.classifier import WidePath


def path(buckets: int = 997) -> WidePath:
    torch.manual_seed(3)
    wide = WidePath(buckets, dropout=0.5).eval()
    torch.nn.init.normal_(wide.weight.weight)
    return wide


def test_padding_changes_nothing() -> None:
    wide = path()
    for row in ([5], [5, 5, 5], [7, 8, 9, 7]):
        alone = wide(torch.tensor([row]))
        padded = wide(torch.tensor([[*row, 0, 0, 0], [1, 2, 3, 4, 5, 6, 7][: len(row) + 3]]))
        torch.testing.assert_close(padded[:1], alone)


def test_a_repeated_word_counts_once() -> None:
    wide = path()
    # Words 5 and 6, pairs (5, 6) and (6, 5): a further round adds no distinct feature.
    torch.testing.assert_close(
        wide(torch.tensor([[5, 6, 5]])), wide(torch.tensor([[5, 6, 5, 6, 5]]))
    )


def test_a_gap_is_no_pair() -> None:
    wide = path()
    weight = wide.weight.weight.detach().squeeze(1)
    buckets = wide._buckets(torch.tensor([[5, 0, 6]]))[0].tolist()
    assert buckets[1] == buckets[3] == buckets[4] == -1
    expected = (weight[buckets[0]] + weight[buckets[2]]) / 2**0.5
    torch.testing.assert_close(wide(torch.tensor([[5, 0, 6]]))[0], expected)


def test_the_order_of_words_matters() -> None:
    wide = path()
    assert not torch.allclose(wide(torch.tensor([[5, 6]])), wide(torch.tensor([[6, 5]])))


def test_shares_sum_up_to_the_whole() -> None:
    wide = path(31)  # so few buckets that words share them
    hashes = torch.randint(0, 20, (40,), generator=torch.Generator().manual_seed(1))
    torch.testing.assert_close(wide.attribute(hashes).sum(), wide(hashes[None])[0])
