"""Running a sorter: the equations, batches, the guard, the ablations; none needs training."""

import numpy as np
import pytest
import torch

from model.decoding import Decoder, Parts, Stepper
from model.sorter import COMPARED, TOLD, Numbers, Sorter, SorterConfig, collate
from training.sorting_loss import hear_all, prepare_all

LISTS = [[3.0, 1.0, 2.0], [1e9, -1e-9, 5.0, 5.0, 0.0, -2.0, 7.0], [4.0]]


@pytest.fixture
def network() -> Sorter:
    torch.manual_seed(5)
    return Sorter(SorterConfig(encoder=3, decoder=4, pointer=5)).eval()


def run(network: Sorter, lists: list[list[float]], parts: Parts | None = None) -> list[list[int]]:
    decoded = Decoder(Stepper(network), collate(lists), parts or Parts()).run()
    return [order[: len(x)].tolist() for order, x in zip(decoded.order, lists, strict=True)]


def test_lists_are_scaled_exactly_and_padded() -> None:
    numbers = collate(LISTS)
    assert numbers.x_BN.shape == (3, 7)
    assert numbers.lengths.tolist() == [3, 7, 1]
    assert numbers.x_BN[0].tolist() == [0.75, 0.25, 0.5, 0, 0, 0, 0]
    assert numbers.low_B1[:, 0].tolist() == [0.25, -2 / 2**30, 0.5]
    assert numbers.span_B1[0, 0] == 0.5
    assert numbers.span_B1[2, 0] == 1.0  # nothing to divide by


@pytest.mark.parametrize("ends", [(1.7e308, -1.7e308), (5e-324, 1e-323)])
def test_the_ends_of_double_precision_are_numbers_too(
    ends: tuple[float, float], network: Sorter
) -> None:
    numbers = collate([[*ends, 0.0]])
    assert np.isfinite(numbers.span_B1).all()
    with np.errstate(all="raise", under="ignore"):
        assert sorted(run(network, [[*ends, 0.0]])[0]) == [0, 1, 2]


def test_one_step_is_torchs_lstm(network: Sorter) -> None:
    random = np.random.default_rng(0)
    hidden, cell = (random.normal(size=(6, 4)).astype(np.float32) for _ in range(2))
    stepped = Stepper(network).advance(np.array([1, 4]), (hidden.T, cell.T))
    came_out = torch.tensor([0.0, 1, 0, 0, 1, 0])
    with torch.no_grad():
        first = (torch.from_numpy(hidden)[None], torch.from_numpy(cell)[None])
        _, expected = network.decoder(came_out[:, None, None], first)
    for got, wanted in zip(stepped, expected, strict=True):
        np.testing.assert_allclose(got.T, wanted[0].numpy(), atol=1e-6)


def test_pointing_is_the_pointer_attention(network: Sorter) -> None:
    random = np.random.default_rng(0)
    hidden = random.normal(size=(6, 4)).astype(np.float32)
    told = random.normal(size=(6, TOLD)).astype(np.float32)
    compared = random.normal(size=(6, COMPARED)).astype(np.float32)
    stepper = Stepper(network)
    scores = stepper.score_again(stepper.prepare(hidden.T, told.T), compared.T)
    with torch.no_grad():
        prepared = network.pointer.prepare(torch.from_numpy(hidden), torch.from_numpy(told))
        expected = network.point_again(prepared, torch.from_numpy(compared))
    np.testing.assert_allclose(scores, expected.numpy(), atol=1e-6)


def test_decoding_scores_as_training_does(network: Sorter) -> None:
    """All steps at once under teacher forcing, and one by one, are the same network."""
    numbers = collate(LISTS)
    decoded = Decoder(Stepper(network), numbers).run(attention=True)
    order_BT = _complete(decoded.order, numbers)
    with torch.no_grad():
        prepared = prepare_all(network, numbers, order_BT)
        proposals = _settle(network, numbers, order_BT, prepared)
        scores = hear_all(network, numbers, order_BT, proposals, prepared)
        mask = torch.from_numpy(numbers.mask_BN)[:, None]
        expected = scores.masked_fill(~mask, -torch.inf).softmax(2).numpy()
    assert decoded.attention is not None
    real = numbers.mask_BN
    np.testing.assert_allclose(decoded.attention[real], expected[real], atol=1e-5)


def _complete(order_BT: np.ndarray, numbers: Numbers) -> np.ndarray:
    """Past a list's length, the padding in its place."""
    return np.where(numbers.mask_BN, order_BT, np.arange(order_BT.shape[1]))


def _settle(
    network: Sorter, numbers: Numbers, order_BT: np.ndarray, prepared: torch.Tensor
) -> np.ndarray:
    """Point again as decoding does, all lists of a step as long as one of them moves."""
    mask = torch.from_numpy(numbers.mask_BN)[:, None]
    choice = network.pointer.score(prepared).masked_fill(~mask, -torch.inf).argmax(2).numpy()
    proposals = choice
    for step in range(order_BT.shape[1]):
        for _ in range(network.config.hops):
            proposals[:, step] = choice[:, step]
            scores = hear_all(network, numbers, order_BT, proposals, prepared)
            choice = scores.masked_fill(~mask, -torch.inf).argmax(2).numpy().copy()
            if (choice[:, step] == proposals[:, step]).all():
                break
    return proposals


def test_padding_changes_nothing(network: Sorter) -> None:
    together = run(network, LISTS)
    assert together == [run(network, [numbers])[0] for numbers in LISTS]


def test_a_permutation_comes_out_of_any_network(network: Sorter) -> None:
    random = np.random.default_rng(1)
    lists = [random.normal(size=random.integers(1, 30)).tolist() for _ in range(20)]
    for order, numbers in zip(run(network, lists), lists, strict=True):
        assert sorted(order) == list(range(len(numbers)))


def test_without_the_guard_an_untrained_network_repeats_itself(network: Sorter) -> None:
    numbers = [list(np.random.default_rng(2).normal(size=20))]
    guarded = Decoder(Stepper(network), collate(numbers)).run()
    free = Decoder(Stepper(network), collate(numbers), Parts(guard=False)).run()
    assert len(set(free.order[0].tolist())) < 20
    assert guarded.guarded.tolist() == free.guarded.tolist() == [True]


def test_the_guard_takes_the_first_number_left_whatever_the_scores(network: Sorter) -> None:
    with torch.no_grad():  # a network that points at nothing in particular
        network.pointer.output.weight.zero_()
    assert run(network, [[5.0, 9.0, 7.0]]) == [[0, 1, 2]]


@pytest.mark.parametrize("part", ["memory", "encoder", "values"])
def test_what_is_switched_off_no_longer_counts(part: str, network: Sorter) -> None:
    numbers = collate([list(np.random.default_rng(3).normal(size=12))])
    stepper = Stepper(network)
    whole = Decoder(stepper, numbers).run(attention=True).attention
    without = Decoder(stepper, numbers, Parts(**{part: False})).run(attention=True).attention
    assert whole is not None
    assert without is not None
    assert not np.allclose(whole, without)


def test_attention_is_a_distribution_over_the_list(network: Sorter) -> None:
    decoded = Decoder(Stepper(network), collate(LISTS)).run(attention=True)
    assert decoded.attention is not None
    np.testing.assert_allclose(decoded.attention.sum(2), 1, atol=1e-6)
    assert not decoded.attention[0, :, 3:].any()
