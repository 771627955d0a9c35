"""A sorter comes back as it was saved, and a spoilt one is refused with a sentence."""

import hashlib
import json
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file, save_file

from model.checkpoint import CONFIG, WEIGHTS, CheckpointError
from model.sorter import Sorter, SorterConfig
from model.sorter_checkpoint import SorterCheckpoint, load, save


@pytest.fixture
def saved(tmp_path: Path) -> Path:
    torch.manual_seed(1)
    network = Sorter(SorterConfig(encoder=2, decoder=3, pointer=4))
    save(tmp_path / "sorter", SorterCheckpoint(network, "1.2", {"seed": 1}))
    return tmp_path / "sorter"


def edit(directory: Path, **values: Any) -> None:
    config = json.loads((directory / CONFIG).read_text())
    (directory / CONFIG).write_text(json.dumps(config | values))


def sign(directory: Path) -> None:
    digest = hashlib.sha256((directory / WEIGHTS).read_bytes()).hexdigest()
    edit(directory, sha256=digest)


def refused(directory: Path, *words: str) -> None:
    with pytest.raises(CheckpointError) as error:
        load(directory)
    assert "\n" not in str(error.value)
    for word in (str(directory), *words):
        assert word in str(error.value)


def test_it_comes_back_as_it_was(saved: Path) -> None:
    torch.manual_seed(1)
    expected = Sorter(SorterConfig(encoder=2, decoder=3, pointer=4)).state_dict()
    loaded = load(saved)
    assert (loaded.version, loaded.run) == ("1.2", {"seed": 1})
    assert not loaded.network.training
    got = loaded.network.state_dict()
    assert expected.keys() == got.keys()
    assert all(torch.equal(expected[name], got[name]) for name in expected)


@pytest.mark.parametrize("name", [CONFIG, WEIGHTS])
def test_a_missing_file(name: str, saved: Path) -> None:
    (saved / name).unlink()
    refused(saved, name)


def test_a_wrong_checksum(saved: Path) -> None:
    edit(saved, sha256="0" * 64)
    refused(saved, "checksum")


@pytest.mark.parametrize(
    "network", [{"encoder": 2, "unknown": 1}, {"encoder": "two"}, {"decoder": -1}]
)
def test_a_config_that_describes_no_sorter(network: dict[str, Any], saved: Path) -> None:
    edit(saved, network=network)
    refused(saved, "describes no sorter")


@pytest.mark.parametrize(("text", "word"), [("{", "no JSON"), ("[]", "no JSON object")])
def test_a_config_that_is_no_json_object(text: str, word: str, saved: Path) -> None:
    (saved / CONFIG).write_text(text)
    refused(saved, CONFIG, word)


@pytest.mark.parametrize("key", ["format", "network", "sha256", "run"])
def test_a_config_that_lacks_a_key(key: str, saved: Path) -> None:
    config = json.loads((saved / CONFIG).read_text())
    del config[key]
    (saved / CONFIG).write_text(json.dumps(config))
    refused(saved, f"lacks {key}")


def test_another_format(saved: Path) -> None:
    edit(saved, format=2)
    refused(saved, "format 2")


def test_a_wrong_shape(saved: Path) -> None:
    edit(saved, network={"encoder": 2, "decoder": 5, "pointer": 4, "hops": 8})
    refused(saved, WEIGHTS, "does not fit")


def test_numbers_that_are_not_finite(saved: Path) -> None:
    tensors = load_file(saved / WEIGHTS)
    tensors["hop.bias"][0] = torch.nan
    save_file(tensors, saved / WEIGHTS)
    sign(saved)
    refused(saved, "not finite")
