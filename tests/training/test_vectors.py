"""Word vectors as they are published, into the rows of the words that they know."""

from pathlib import Path

import pytest
import torch

from model.tokenizer import Tokenizer
from training.vectors import VectorError, load_vectors


@pytest.fixture
def tokenizer() -> Tokenizer:
    return Tokenizer(["cheap", "at", "meeting", "."], 10, 10, 10)


@pytest.fixture
def weight() -> torch.Tensor:
    torch.manual_seed(0)
    return torch.randn(5, 3) * 0.1


def file(tmp_path: Path, text: str) -> Path:
    (tmp_path / "vectors.txt").write_text(text)
    return tmp_path / "vectors.txt"


GLOVE = "cheap 1 2 3\nunheard 9 9 9\nmeeting -4 0.5 6e-1\n"


@pytest.mark.parametrize("header", ["", "3 3\n"], ids=["glove", "word2vec"])
def test_known_words_get_their_vectors_and_the_others_stay(
    tmp_path: Path, tokenizer: Tokenizer, weight: torch.Tensor, header: str
) -> None:
    before, spread = weight.clone(), weight[1:].std()
    assert load_vectors(file(tmp_path, header + GLOVE), tokenizer, weight) == 2
    loaded = torch.tensor([[1, 2, 3], [-4, 0.5, 0.6]])
    torch.testing.assert_close(weight[[1, 3]], loaded * (spread / loaded.std()))
    assert torch.equal(weight[[0, 2, 4]], before[[0, 2, 4]])


def test_loaded_rows_are_as_large_as_random_ones(
    tmp_path: Path, tokenizer: Tokenizer, weight: torch.Tensor
) -> None:
    spread = weight[1:].std()
    load_vectors(file(tmp_path, "cheap 100 -200 300\nat -50 70 90\n"), tokenizer, weight)
    torch.testing.assert_close(weight[[1, 2]].std(), spread)


def test_the_first_spelling_wins_and_case_is_dropped(
    tmp_path: Path, tokenizer: Tokenizer, weight: torch.Tensor
) -> None:
    load_vectors(file(tmp_path, "Cheap 1 2 3\ncheap 7 7 7\n"), tokenizer, weight)
    torch.testing.assert_close(weight[1] / weight[1, 0], torch.tensor([1.0, 2.0, 3.0]))


def test_words_with_a_space_in_them_are_passed_over(
    tmp_path: Path, tokenizer: Tokenizer, weight: torch.Tensor
) -> None:
    text = "the 0 0 1\nat name@example.com 1 1 1\n. . . 2 2 2\ncheap 1 2 3\n"
    before = weight.clone()
    assert load_vectors(file(tmp_path, text), tokenizer, weight) == 1
    assert torch.equal(weight[[2, 4]], before[[2, 4]])


def test_a_file_that_knows_no_word_changes_nothing(
    tmp_path: Path, tokenizer: Tokenizer, weight: torch.Tensor
) -> None:
    before = weight.clone()
    assert load_vectors(file(tmp_path, "the 1 2 3\n"), tokenizer, weight) == 0
    assert load_vectors(file(tmp_path, ""), tokenizer, weight) == 0
    assert torch.equal(weight, before)


@pytest.mark.parametrize(
    ("text", "where"),
    [
        ("cheap 1 2\n", "line 1"),
        ("cheap 1 2 3 4\n", "line 1"),
        ("3 4\ncheap 1 2 3 4\n", "line 2"),
        ("the 1 2 3\ncheap 1 2\n", "line 2"),
        ("the 1 2 3\ncheap 1 x 3\n", "line 2"),
    ],
)
def test_a_file_of_another_width_says_where(
    tmp_path: Path, tokenizer: Tokenizer, weight: torch.Tensor, text: str, where: str
) -> None:
    before = weight.clone()
    with pytest.raises(VectorError, match=where):
        load_vectors(file(tmp_path, text), tokenizer, weight)
    assert torch.equal(weight, before)


def test_a_missing_file_is_named(
    tmp_path: Path, tokenizer: Tokenizer, weight: torch.Tensor
) -> None:
    with pytest.raises(VectorError, match="nowhere"):
        load_vectors(tmp_path / "nowhere.txt", tokenizer, weight)
