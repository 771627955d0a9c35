"""From a run file to trained networks: what `train`, `evaluate` and `crossval` share."""

import math
import subprocess
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import torch

from model.classifier import Classifier, ClassifierConfig
from model.tokenizer import Tokenizer
from model.wide import WidePath
from training import tokens
from training.batches import BatchBuilder
from training.config import RunConfig
from training.datasets import Indices, Split, balance_weights, grouped_split
from training.duplicates import groups
from training.linear import fit_wide, read_examples
from training.loop import Floats, Task, Trainer
from training.metrics import one_minus_auc_percent
from training.shares import weigh, widen
from training.tokens import CorpusFile, TokenTable
from training.vectors import load_vectors
from training.vocabulary import choose_words, index_lexicon

# Kept a message; a run reads no more than its own most_tokens, the baselines read all of them.
_KEPT_TOKENS = 1024
_ROOT = Path(__file__).parent.parent


@dataclass(frozen=True)
class Data:
    """Every message of a run's corpora and its near-duplicate group."""

    table: TokenTable
    groups: Indices


@dataclass(frozen=True)
class Trained:
    """A network with what is needed to run it on the messages of `Data`."""

    network: Classifier
    tokenizer: Tokenizer
    builder: BatchBuilder
    epochs: int


def load_data(config: RunConfig, corpora: Path, cache: Path) -> Data:
    """Read, tokenise and group; cached in `cache`. Raises CorpusError."""
    table = load_tokens(config, corpora, cache)
    return Data(table, groups(table))


def load_tokens(config: RunConfig, corpora: Path, cache: Path) -> TokenTable:
    """The messages of `load_data`, without groups. Raises CorpusError."""
    # The project's own templates lie in the repository, what is published elsewhere does not.
    roots = {"templates": _ROOT}
    files = [
        CorpusFile(c.name, c.format, roots.get(c.format, corpora) / c.path) for c in config.corpora
    ]
    return tokens.load(files, _KEPT_TOKENS, cache)


def split_all(data: Data, config: RunConfig) -> Split:
    return grouped_split(data.table, data.groups, config.split_seed)


def split_without(data: Data, config: RunConfig, left_out: npt.NDArray[np.bool_]) -> Split:
    return grouped_split(data.table, data.groups, config.split_seed, left_out=left_out)


def train(data: Data, split: Split, config: RunConfig, state: Path | None = None) -> Trained:
    """Choose the vocabulary from the training part, train both paths and take their best averaged
    weights; fit the wide path a second time, as a convex problem; weigh the two fits and the
    recurrence as the run file says."""
    words = choose_words(data.table, split.train, data.groups, config.vocabulary)
    most_wide = config.wide.most_words if config.wide.enabled else 0
    tokenizer = Tokenizer(words, config.vocabulary.buckets, config.most_tokens, most_wide)
    builder = make_builder(data.table, tokenizer)
    task = _task(data, split, config, builder)
    network, fitted = make_network(config, tokenizer), None
    if config.wide.enabled:
        fitted = _fit(task, data.table, config)
        network = widen(network, fitted.keys, config.network.wide_dropout)
    trainer = Trainer(network, task, config.noise, config.optimiser, config.seed)
    best = trainer.run(state).cpu()
    if fitted is not None:
        weigh(best, fitted, config.wide.recurrence, config.wide.joint)
    return Trained(best, tokenizer, builder, len(trainer.epochs))


def _fit(task: Task, table: TokenTable, config: RunConfig) -> WidePath:
    hashes, wide = task.builder.lexicon.hashes, config.wide
    return fit_wide(read_examples(table, task.train, hashes, task.weights, wide), wide)


def make_builder(table: TokenTable, tokenizer: Tokenizer) -> BatchBuilder:
    lexicon = index_lexicon(table, list(tokenizer.words), tokenizer.buckets)
    return BatchBuilder(table, lexicon, tokenizer.most_tokens, tokenizer.most_wide)


def make_network(config: RunConfig, tokenizer: Tokenizer) -> Classifier:
    """A fresh network at the run's seed, its embeddings from a vector file if the run names one."""
    torch.manual_seed(config.seed)
    sizes = config.network
    network = Classifier(
        ClassifierConfig(
            vocabulary=len(tokenizer),
            buckets=tokenizer.buckets,
            embedding=sizes.embedding,
            hidden=sizes.hidden,
            attention=sizes.attention,
            embedding_dropout=sizes.embedding_dropout,
            dropout=sizes.dropout,
            cell=sizes.cell,
            directions=sizes.directions,
            depth=sizes.depth,
        )
    )
    if sizes.vectors:
        load_vectors(Path(sizes.vectors), tokenizer, network.words.weight.data)
    return network


def _task(data: Data, split: Split, config: RunConfig, builder: BatchBuilder) -> Task:
    table = data.table
    weights = {c.name: c.weight for c in config.corpora}
    validation = _reported(table, split.validation, config)
    return Task(
        builder=builder,
        train=split.train,
        targets=table.is_spam[split.train].astype(np.float32),
        weights=balance_weights(table, split.train, config.optimiser.balance, weights),
        validation=validation,
        score=lambda logits: _score(table, validation, logits),
    )


def _reported(table: TokenTable, rows: Indices, config: RunConfig) -> Indices:
    return rows[np.isin(table.corpus[rows], reported(config))]


def reported(config: RunConfig) -> list[str]:
    """The corpora whose results count: real ones."""
    return [c.name for c in config.corpora if c.report]


def _score(table: TokenTable, rows: Indices, logits: Floats) -> float:
    """1-AUC in per cent over all corpora together, as one threshold has to serve them all. A mean
    over corpora hangs on the fifty spams of the smallest."""
    loss = one_minus_auc_percent(table.is_spam[rows], logits)
    return math.inf if loss is None else loss


def commit() -> str:
    """The commit that a result was made at, `-dirty` when the tree differs; empty outside git."""
    describe = ["git", "describe", "--always", "--dirty", "--abbrev=12", "--exclude=*"]
    found = subprocess.run(
        describe, check=False, capture_output=True, text=True, cwd=Path(__file__).parent
    )
    return found.stdout.strip() if found.returncode == 0 else ""
