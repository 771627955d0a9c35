"""A checkpoint comes back as it was saved, and a spoilt one is refused with a sentence."""

import hashlib
import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file, save_file

from model.checkpoint import CONFIG, TOKENIZER, WEIGHTS, Checkpoint, CheckpointError, load, save
from model.classifier import collate
from model.mime import Message

Edit = Callable[[dict[str, Any]], object]


@pytest.fixture
def saved(tmp_path: Path, checkpoint: Checkpoint) -> Path:
    directory = tmp_path / "weights" / "classifier"
    save(directory, checkpoint)
    return directory


def edit_config(directory: Path, edit: Edit) -> None:
    config = json.loads((directory / CONFIG).read_text())
    edit(config)
    (directory / CONFIG).write_text(json.dumps(config))


def sign(directory: Path) -> None:
    """Write the checksums of the files as they are: what is tested next is not the checksum."""
    sums = {
        name: hashlib.sha256((directory / name).read_bytes()).hexdigest()
        for name in (WEIGHTS, TOKENIZER)
    }
    edit_config(directory, lambda config: config.update(sha256=sums))


def edit_weights(directory: Path, edit: Edit) -> None:
    tensors = load_file(directory / WEIGHTS)
    edit(tensors)
    save_file(tensors, directory / WEIGHTS)
    sign(directory)


def refused(directory: Path, *words: str) -> None:
    """Loading raises one sentence that names the directory and holds `words`."""
    with pytest.raises(CheckpointError) as error:
        load(directory)
    sentence = str(error.value)
    assert "\n" not in sentence
    for word in (str(directory), *words):
        assert word in sentence


def test_a_checkpoint_comes_back_as_it_was(saved: Path, checkpoint: Checkpoint) -> None:
    loaded = load(saved)
    message = checkpoint.tokenizer.encode(Message("cheap pills", "unheard of"))
    assert loaded.tokenizer.encode(Message("cheap pills", "unheard of")) == message
    batch = collate([message], checkpoint.network.config.vocabulary)
    assert torch.equal(loaded.network(batch), checkpoint.network(batch))
    assert loaded.calibration == checkpoint.calibration
    assert loaded.network.config == checkpoint.network.config
    assert (loaded.version, loaded.run) == ("1.2.3+abc", {"seed": 0})


def test_a_loaded_network_is_ready_to_serve(saved: Path) -> None:
    network = load(saved).network
    assert not network.training
    assert all(parameter.dtype == torch.float32 for parameter in network.parameters())


def test_saving_twice_writes_the_same_bytes(saved: Path, checkpoint: Checkpoint) -> None:
    before = {file.name: file.read_bytes() for file in saved.iterdir()}
    assert set(before) == {WEIGHTS, CONFIG, TOKENIZER}
    save(saved, checkpoint)
    assert {file.name: file.read_bytes() for file in saved.iterdir()} == before


def test_no_directory(tmp_path: Path) -> None:
    refused(tmp_path / "nowhere", CONFIG)


@pytest.mark.parametrize("name", [WEIGHTS, CONFIG, TOKENIZER])
def test_a_missing_file(saved: Path, name: str) -> None:
    (saved / name).unlink()
    refused(saved, f"has no {name}")


@pytest.mark.parametrize("name", [WEIGHTS, TOKENIZER])
def test_a_file_that_is_not_the_one_that_was_saved(saved: Path, name: str) -> None:
    content = bytearray((saved / name).read_bytes())
    content[-3] ^= 1
    (saved / name).write_bytes(content)
    refused(saved, name, "checksum")


@pytest.mark.parametrize("content", [b"", b"nonsense", b"\xff\xfe"])
def test_a_config_that_is_no_object(saved: Path, content: bytes) -> None:
    (saved / CONFIG).write_bytes(content)
    refused(saved, CONFIG)


@pytest.mark.parametrize("content", [b"[]", b"null"])
def test_a_config_that_is_other_json(saved: Path, content: bytes) -> None:
    (saved / CONFIG).write_bytes(content)
    refused(saved, CONFIG)


@pytest.mark.parametrize("key", ["format", "version", "network", "calibration", "sha256", "run"])
def test_a_config_that_lacks_something(saved: Path, key: str) -> None:
    edit_config(saved, lambda config: config.pop(key))
    refused(saved, f"lacks {key}")


def test_another_format(saved: Path) -> None:
    edit_config(saved, lambda config: config.update(format=99))
    refused(saved, "format 99")


def test_a_checksum_that_is_left_out(saved: Path) -> None:
    edit_config(saved, lambda config: config["sha256"].pop(WEIGHTS))
    refused(saved, "checksum")


def test_an_unknown_or_missing_size_of_the_network(saved: Path) -> None:
    edit_config(saved, lambda config: config["network"].update(layers=2))
    refused(saved, "layers")
    edit_config(saved, lambda config: config["network"].pop("layers"))
    edit_config(saved, lambda config: config["network"].pop("buckets"))
    refused(saved, "buckets")


def test_an_unknown_key_of_the_calibration(saved: Path) -> None:
    edit_config(saved, lambda config: config["calibration"].update(slope=1))
    refused(saved, "slope")


def test_weights_of_another_shape(saved: Path) -> None:
    edit_weights(saved, lambda t: t.update({"output.bias": torch.zeros(2)}))
    refused(saved, WEIGHTS, "output.bias")


def test_weights_of_another_network(saved: Path) -> None:
    edit_weights(saved, lambda t: t.pop("output.bias"))
    refused(saved, WEIGHTS, "output.bias")


def test_weights_that_are_no_safetensors(saved: Path) -> None:
    (saved / WEIGHTS).write_bytes(b"\x80\x04pickle")
    sign(saved)
    refused(saved, WEIGHTS)


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
@pytest.mark.parametrize("name", ["output.bias", "words.weight"])
def test_weights_that_are_no_numbers(saved: Path, name: str, value: float) -> None:
    edit_weights(saved, lambda t: t[name].view(-1)[:1].fill_(value))
    refused(saved, WEIGHTS, "not finite")


@pytest.mark.parametrize("change", [{"words": ["only"]}, {"buckets": 51}])
def test_a_vocabulary_of_another_network(saved: Path, change: dict[str, Any]) -> None:
    stored = json.loads((saved / TOKENIZER).read_text())
    (saved / TOKENIZER).write_text(json.dumps(stored | change))
    sign(saved)
    refused(saved, TOKENIZER)


@pytest.mark.parametrize("text", ["nonsense", "[]", "{}", '{"words": 3, "buckets": 50}'])
def test_a_tokenizer_that_is_none(saved: Path, text: str) -> None:
    (saved / TOKENIZER).write_text(text)
    sign(saved)
    refused(saved)


def test_the_sentence_names_the_file_whatever_the_directory_is_called(
    tmp_path: Path, checkpoint: Checkpoint
) -> None:
    directory = tmp_path / "größe {x}"
    save(directory, checkpoint)
    (directory / WEIGHTS).write_bytes(b"")
    with pytest.raises(CheckpointError, match=re.escape(str(directory / WEIGHTS))):
        load(directory)
