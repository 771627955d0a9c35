"""What a logit depends on: the words of its own message, in order, and nothing else."""

import pytest
import torch

from model.classifier import Classifier, collate
from model.mime import Message
from model.tokenizer import Encoded, Tokenizer

MESSAGES = [
    Message("Meeting", "at nine"),
    Message("", ""),
    Message("cheap pills", "cheep pilz at unheard of prices"),
    Message("x", "meeting " * 40),
]


@pytest.fixture
def encoded(tokenizer: Tokenizer) -> list[Encoded]:
    return [tokenizer.encode(message) for message in MESSAGES]


def logits(network: Classifier, messages: list[Encoded]) -> torch.Tensor:
    with torch.inference_mode():
        found: torch.Tensor = network(collate(messages, network.config.vocabulary))
    return found


def test_a_batch_gives_what_each_message_gives_alone(
    network: Classifier, encoded: list[Encoded]
) -> None:
    together = logits(network, encoded)
    alone = torch.cat([logits(network, [message]) for message in encoded])
    torch.testing.assert_close(together, alone, atol=1e-5, rtol=0)


def test_the_order_of_a_batch_is_kept(network: Classifier, encoded: list[Encoded]) -> None:
    forward, backward = logits(network, encoded), logits(network, encoded[::-1])
    torch.testing.assert_close(forward, backward.flip(0), atol=1e-5, rtol=0)
    assert len(set(forward.tolist())) == len(encoded)


def test_the_order_of_words_matters(network: Classifier, tokenizer: Tokenizer) -> None:
    one, other = (
        logits(network, [tokenizer.encode(Message("", text))])
        for text in ("cheap meeting at nine", "nine at meeting cheap")
    )
    assert abs(one - other) > 1e-4


def test_an_empty_message_has_a_finite_logit(network: Classifier, tokenizer: Tokenizer) -> None:
    assert logits(network, [tokenizer.encode(Message("", ""))]).isfinite().all()
    assert logits(network, [Encoded((), (), (), 0)]).isfinite().all()


def test_collate_renumbers_the_unknown_words_of_each_row() -> None:
    first = Encoded((1, 10, 11, 10), (7, 8, 9, 8), ((3, 4), (5,)), 4)
    second = Encoded((10, 2), (6, 5, 4), ((4, 6, 8),), 2)
    batch = collate([first, second], vocabulary=10)
    assert batch.ids.tolist() == [[1, 10, 11, 10], [12, 2, 0, 0]]
    assert batch.lengths.tolist() == [4, 2]
    assert batch.hashes.tolist() == [[7, 8, 9, 8], [6, 5, 4, 0]]
    assert batch.offsets.tolist() == [0, 2, 3]
    assert batch.grams.tolist() == [3, 4, 5, 4, 6, 8]


def test_embeddings_of_known_words_are_rows_and_of_unknown_ones_means(network: Classifier) -> None:
    size = network.config.vocabulary
    first = Encoded((3, size), (1, 2), ((3, 4),), 2)
    second = Encoded((size, 2, size + 1), (1, 2, 3), ((5,), (6, 7, 8)), 3)
    with torch.no_grad():
        x = network.embed(collate([first, second], size))
        words, grams = network.words.weight, network.grams.weight
        expected = [
            [words[3], grams[[3, 4]].mean(0), torch.zeros(6)],
            [grams[5], words[2], grams[[6, 7, 8]].mean(0)],
        ]
    torch.testing.assert_close(x, torch.stack([torch.stack(row) for row in expected]))


def test_gradient_reaches_every_parameter(network: Classifier, encoded: list[Encoded]) -> None:
    network.train()
    torch.manual_seed(0)
    network(collate(encoded, network.config.vocabulary)).sum().backward()
    trained = [(n, p) for n, p in network.named_parameters() if p.requires_grad]
    assert len(trained) > 10
    for name, parameter in trained:
        assert parameter.grad is not None, name
        assert parameter.grad.abs().sum() > 0, name
    assert network.words.weight.grad is not None
    assert network.words.weight.grad[0].abs().sum() == 0  # padding is never moved


def test_dropout_is_for_training_only(network: Classifier, encoded: list[Encoded]) -> None:
    batch = collate(encoded, network.config.vocabulary)
    assert torch.equal(network(batch), network(batch))
    network.train()
    assert not torch.equal(network(batch), network(batch))
