"""A checkpoint is a directory: weights.safetensors, config.json, tokenizer.json.

Loading never unpickles, and refuses a directory whose parts do not belong together with a sentence
that says which part and why. The classifier's large matrices are stored as float16.
"""

import hashlib
import json
import math
from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any

from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import nn
from torch.overrides import TorchFunctionMode

from model.classifier import Classifier, ClassifierConfig
from model.tokenizer import Tokenizer

FORMAT = 2
WEIGHTS, CONFIG, TOKENIZER = "weights.safetensors", "config.json", "tokenizer.json"


class CheckpointError(ValueError):
    """A checkpoint that must not be served; the message is one sentence for the operator."""


@dataclass(frozen=True, slots=True)
class Calibration:
    """Logit to probability and probability to verdict, fitted on validation messages.

    The probability of spam is sigmoid(logit / temperature + bias). `fpr_curve` holds (threshold on
    the probability, share of validation ham at or above it), the strictest first; `threshold` is
    the shipped default.
    """

    temperature: float
    bias: float
    threshold: float
    fpr_curve: tuple[tuple[float, float], ...]

    def threshold_at(self, rate: float) -> float:
        """The loosest threshold whose share of validation ham does not exceed `rate`; for a rate
        below the curve's smallest the strictest, which no validation ham reached."""
        within = [threshold for threshold, share in self.fpr_curve if share <= rate]
        return min(within, default=self.fpr_curve[0][0])


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """A loaded classifier. `run` says how it was made: run file, seed, commit, date, measures."""

    network: Classifier
    tokenizer: Tokenizer
    calibration: Calibration
    version: str
    run: dict[str, Any]


def round_to_stored(network: Classifier) -> None:
    """Round the large matrices, in place, to what float16 on disk will give back."""
    for name, tensor in network.state_dict().items():
        if name in _HALF:
            tensor.copy_(tensor.half().float())


def save(directory: Path, checkpoint: Checkpoint) -> None:
    """Write the three files. The network should have been through `round_to_stored`."""
    directory.mkdir(parents=True, exist_ok=True)
    tensors = {
        name: (t.half() if name in _HALF else t).cpu().contiguous()
        for name, t in checkpoint.network.state_dict().items()
    }
    save_file(tensors, directory / WEIGHTS)
    (directory / TOKENIZER).write_text(checkpoint.tokenizer.to_json() + "\n", encoding="utf-8")
    config = {
        "format": FORMAT,
        "version": checkpoint.version,
        "network": asdict(checkpoint.network.config),
        "calibration": asdict(checkpoint.calibration),
        "sha256": {name: _sha256(directory / name) for name in (WEIGHTS, TOKENIZER)},
        "run": checkpoint.run,
    }
    (directory / CONFIG).write_text(json.dumps(config, indent=2) + "\n", encoding="utf-8")


def load(directory: Path) -> Checkpoint:
    """Load and check. Raises CheckpointError."""
    config = _read_config(directory)
    for name, expected in config["sha256"].items():
        if _sha256(directory / name) != expected:
            raise CheckpointError(f"{directory / name} does not have the checksum of {CONFIG}")
    try:
        tokenizer = Tokenizer.from_json((directory / TOKENIZER).read_text(encoding="utf-8"))
        network_config = ClassifierConfig(**config["network"])
        calibration = _calibration(config["calibration"])
    except (KeyError, TypeError, ValueError) as error:
        raise CheckpointError(
            f"{directory}: {type(error).__name__} in its JSON: {error}"
        ) from error
    _check_vocabulary(directory, tokenizer, network_config)
    network = _load_network(directory, network_config)
    return Checkpoint(network, tokenizer, calibration, str(config["version"]), config["run"])


_HALF = {"words.weight", "grams.weight", "wide.weight"}


def _read_config(directory: Path) -> dict[str, Any]:
    for name in (CONFIG, WEIGHTS, TOKENIZER):
        if not (directory / name).is_file():
            raise CheckpointError(f"{directory} has no {name}")
    try:
        config = json.loads((directory / CONFIG).read_text(encoding="utf-8"))
    except ValueError as error:
        raise CheckpointError(f"{directory / CONFIG} is no JSON: {error}") from error
    if not isinstance(config, dict):
        raise CheckpointError(f"{directory / CONFIG} holds no JSON object")
    wanted = {"format", "version", "network", "calibration", "sha256", "run"}
    if missing := sorted(wanted - config.keys()):
        raise CheckpointError(f"{directory / CONFIG} lacks {missing[0]}")
    if config["format"] != FORMAT:
        raise CheckpointError(
            f"{directory} has format {config['format']}; this version reads {FORMAT}"
        )
    if set(config["sha256"]) != {WEIGHTS, TOKENIZER}:
        raise CheckpointError(f"{directory / CONFIG} lacks the checksum of a file")
    return config


def _calibration(values: dict[str, Any]) -> Calibration:
    unknown = values.keys() ^ {field.name for field in fields(Calibration)}
    if unknown:
        raise ValueError(f"calibration key {min(unknown)!r}")
    curve = tuple((float(threshold), float(rate)) for threshold, rate in values["fpr_curve"])
    numbers = {k: float(v) for k, v in values.items() if k != "fpr_curve"}
    if not curve or not all(map(math.isfinite, numbers.values())) or numbers["temperature"] <= 0:
        raise ValueError("a calibration that calibrates nothing")
    return Calibration(**numbers, fpr_curve=curve)


def _check_vocabulary(directory: Path, tokenizer: Tokenizer, config: ClassifierConfig) -> None:
    if len(tokenizer) != config.vocabulary or tokenizer.buckets != config.buckets:
        raise CheckpointError(
            f"{directory / TOKENIZER} has {len(tokenizer)} entries, {tokenizer.buckets} buckets, "
            f"the network {config.vocabulary} and {config.buckets}"
        )


class _Undrawn(TorchFunctionMode):
    """Leaves out the drawing of first weights, as what is loaded takes their place: a third of the
    time, and the memory is never touched. (On the device "meta" torch would import its compiler.)
    """

    def __torch_function__(
        self,
        func: Callable[..., Any],
        types: Iterable[type],
        args: tuple[Any, ...] = (),
        kwargs: dict[str, Any] | None = None,
    ) -> Any:
        given = kwargs or {}
        if func is nn.init.normal_ or func is nn.init.uniform_:
            return given["tensor"] if "tensor" in given else args[0]
        return func(*args, **given)


def _load_network(directory: Path, config: ClassifierConfig) -> Classifier:
    try:
        with _Undrawn():
            network = Classifier(config)
        kinds = {name: tensor.dtype for name, tensor in network.state_dict().items()}
        tensors = {
            name: tensor.to(kinds.get(name, tensor.dtype), copy=True)
            for name, tensor in load_file(directory / WEIGHTS).items()
        }
        network.load_state_dict(tensors, assign=True)
    except (SafetensorError, RuntimeError, TypeError, ValueError) as error:
        reason = str(error).splitlines()[-1].strip()
        raise CheckpointError(f"{directory / WEIGHTS} does not fit its config: {reason}") from error
    if not all(t.isfinite().all() for t in tensors.values() if t.is_floating_point()):
        raise CheckpointError(f"{directory / WEIGHTS} holds numbers that are not finite")
    return network.eval()


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
