"""Whether an explanation names the words that did it: take them out, and ask again.

Of each spam the five words with the largest weights are removed, and in another copy five at
random; the first has to lower the logit more (a deletion test: Samek et al. 2017, DeYoung et al.
2020).
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from tqdm import tqdm

from model.checkpoint import Checkpoint
from model.classifier import collate
from model.explanation import word_weights
from model.lexer import BODY, SUBJECT
from training.datasets import Indices
from training.metrics import Floats
from training.tokens import TokenTable

REMOVED = 5


@dataclass(frozen=True, slots=True)
class Faithfulness:
    """Of `messages` with more words than are removed: the share whose logit falls more without the
    words of the largest weights than without random ones, and how far it falls in the mean."""

    messages: int
    share: float
    fall: float
    fall_at_random: float

    def text(self) -> str:
        return (
            f"Without its {REMOVED} words of the largest weight the logit of a spam falls by "
            f"{self.fall:.2f} in the mean, without {REMOVED} at random by "
            f"{self.fall_at_random:.2f}; the former more on {100 * self.share:.2f} % of "
            f"{self.messages:,} test spams."
        )


def faithfulness(
    table: TokenTable, checkpoint: Checkpoint, rows: Indices, seed: int
) -> Faithfulness:
    """Of the messages `rows`. The marks of subject and body are no words, and stay."""
    random = np.random.default_rng(seed)
    whole, without_top, without_any = [], [], []
    for row in tqdm(rows, desc="faithfulness", unit=" messages", mininterval=5):
        words = [str(table.lexicon[token]) for token in table.row(row)]
        weights = _weights(checkpoint, words)
        removable = np.flatnonzero([w not in (SUBJECT, BODY) for w in words[: len(weights)]])
        if len(removable) <= REMOVED:
            continue
        top = removable[np.argsort(-weights[removable], kind="stable")[:REMOVED]]
        whole.append(words)
        without_top.append(_without(words, top))
        without_any.append(_without(words, random.choice(removable, REMOVED, replace=False)))
    before, after, chance = (
        _logits(checkpoint, lists) for lists in (whole, without_top, without_any)
    )
    return Faithfulness(
        messages=len(whole),
        share=float(np.mean(after < chance)),
        fall=float(np.mean(before - after)),
        fall_at_random=float(np.mean(before - chance)),
    )


def _weights(checkpoint: Checkpoint, words: Sequence[str]) -> Floats:
    encoded = checkpoint.tokenizer.encode_words(words)
    batch = collate([encoded], checkpoint.network.config.vocabulary)
    return word_weights(checkpoint.network, batch).double().numpy()


def _without(words: Sequence[str], places: Indices) -> list[str]:
    gone = set(places.tolist())
    return [word for place, word in enumerate(words) if place not in gone]


@torch.inference_mode()
def _logits(checkpoint: Checkpoint, lists: Sequence[Sequence[str]]) -> Floats:
    found = []
    for begin in range(0, len(lists), 64):
        encoded = [checkpoint.tokenizer.encode_words(words) for words in lists[begin : begin + 64]]
        batch = collate(encoded, checkpoint.network.config.vocabulary)
        found.append(checkpoint.network(batch).double().numpy())
    return np.concatenate(found)
