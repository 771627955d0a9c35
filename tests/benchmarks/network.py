"""The network alone on one core: tokenized mail to probabilities, beside plain torch and beside
what the machine's matrix products would allow."""

from collections.abc import Callable, Sequence
from functools import partial

import torch

from app.settings import Settings
from model.checkpoint import load
from model.mime import Message, parse
from model.predictor import ClassifierPredictor
from model.tokenizer import Encoded
from tests.benchmarks.mails import mail_files
from tests.benchmarks.plain import PlainNetwork, copy_of
from tests.benchmarks.results import Curve, Findings, Row
from tests.benchmarks.setting import Setting
from tests.benchmarks.texts import body, words
from tests.benchmarks.timing import cores, side_by_side

_BATCH = 64
_REPEATS = 9
_TOKENS = 250  # of the one message
_LIKE_IT = 5  # messages of about that length
_CALLS = 200
_LENGTHS = (64, 128, 256, 512, 1024, 2048, 4096)
_PRODUCTS = 1000
_FORMATS = {"float32": torch.float32, "bfloat16": torch.bfloat16}


def measure(setting: Setting) -> Findings:
    """Collating is counted on both sides: what comes in are the tokenizer's lists."""
    mails = mail_files(setting).contents()
    directory = Settings().model_dir
    predictor, plain = ClassifierPredictor.load(directory, "cpu"), copy_of(load(directory).network)
    messages = [predictor.encode(parse(mail)) for mail in mails]
    with cores(1):
        many = _many(setting, predictor, plain, messages)
        one = _one(setting, predictor, plain, messages)
        curve = _lengths(setting, predictor, words(mails))
    return Findings((many, one), (curve,))


def _many(
    setting: Setting,
    predictor: ClassifierPredictor,
    plain: PlainNetwork,
    messages: Sequence[Encoded],
) -> Row:
    hidden = plain.lstm.hidden_size
    products = {name: _products(hidden, kind) for name, kind in _FORMATS.items()}
    ours = {"ours": _batches(predictor.predict, messages)}
    theirs = {"plain": _batches(plain.predict, messages)}
    took = side_by_side(ours | theirs | products, setting.repeats(_REPEATS))
    tokens = sum(map(len, messages))
    measured = {}
    for name in ("ours", "plain"):
        measured[f"{name}, messages/s"] = len(messages) / took[name]
        measured[f"{name}, tokens/s"] = tokens / took[name]
    shares = {}
    for name in products:
        rate = _PRODUCTS * _flops(_BATCH, hidden) / took[name]
        bound = rate / (2 * _flops(1, hidden))  # a token goes both ways
        shares[name] = tokens / took["ours"] / bound
        measured[f"products [{_BATCH}, H] [H, 4H] in {name}, Gflop/s"] = rate / 1e9
        measured[f"bound in {name}, tokens/s"] = bound
        measured[f"share of the bound in {name}"] = shares[name]
        measured[f"plain, share of the bound in {name}"] = tokens / took["plain"] / bound
    ratio, share = took["plain"] / took["ours"], min(shares.values())
    return Row(
        name=f"the network alone, one core, batches of {_BATCH}",
        measured=measured,
        verdict=f"{ratio:.2f} times plain nn.LSTM, {share:.2f} of the higher bound",
        aim="≥ 2.5 times plain nn.LSTM, ≥ 0.6 of the bound",
        reaches=ratio >= 2.5 and share >= 0.6,
    )


def _batches(
    predict: Callable[[Sequence[Encoded]], list[float]], messages: Sequence[Encoded]
) -> Callable[[], None]:
    """All messages in their order."""

    def work() -> None:
        for begin in range(0, len(messages), _BATCH):
            predict(messages[begin : begin + _BATCH])

    return work


def _products(hidden: int, kind: torch.dtype) -> Callable[[], None]:
    """The product of one step of one direction, over and over: what is best possible."""
    state, weights = torch.randn(_BATCH, hidden), torch.randn(hidden, 4 * hidden)
    left, right = state.to(kind), weights.to(kind)
    into = torch.empty(_BATCH, 4 * hidden, dtype=kind)

    def work() -> None:
        with torch.inference_mode():
            for _ in range(_PRODUCTS):
                torch.mm(left, right, out=into)

    return work


def _flops(rows: int, hidden: int) -> int:
    """Of a step of one direction; a multiplication and an addition are two."""
    return 2 * rows * hidden * 4 * hidden


def _one(
    setting: Setting,
    predictor: ClassifierPredictor,
    plain: PlainNetwork,
    messages: Sequence[Encoded],
) -> Row:
    like = sorted(messages, key=lambda message: abs(message.tokens_total - _TOKENS))[:_LIKE_IT]
    calls = setting.count(_CALLS)
    each = [
        side_by_side(
            {"ours": partial(predictor.predict, [m]), "plain": partial(plain.predict, [m])}, calls
        )
        for m in like
    ]
    ours, theirs = (1000 * sum(t[name] for t in each) / len(each) for name in ("ours", "plain"))
    return Row(
        name=f"one message of {_TOKENS} tokens through the network, one core",
        measured={"ours, median ms": ours, "plain, median ms": theirs},
        verdict=f"{ours:.2f} ms, {theirs / ours:.2f} times as fast as plain nn.LSTM",
        aim="≤ 1.5 ms",
        reaches=ours <= 1.5,
    )


def _lengths(setting: Setting, predictor: ClassifierPredictor, pool: list[str]) -> Curve:
    points = []
    for count in _LENGTHS:
        message = predictor.encode(Message("", body(pool, count, seed=count)))
        took = side_by_side({"": partial(predictor.predict, [message])}, setting.count(_CALLS))
        points.append((float(message.tokens_total), 1000 * took[""]))
    return Curve(
        "the network alone, one core", "tokens of the text", "median ms a message", tuple(points)
    )
