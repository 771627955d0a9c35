"""The words a network knows by name, from the training part only.

A word is admitted when it occurs in several distinct messages *and* in several corpora. What occurs
in one corpus alone (its people, its projects, its footers) tells the corpus, not the spam, and may
name a person; such words reach the network only through their character n-grams.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from model.tokenizer import grams, word_hash
from training.tokens import TokenTable


@dataclass(frozen=True, slots=True)
class VocabularyConfig:
    """`words` at most; each in `min_messages` distinct messages and `min_corpora` corpora."""

    words: int = 30_000
    buckets: int = 16_384
    min_messages: int = 5
    min_corpora: int = 2


def choose_words(
    table: TokenTable,
    rows: npt.NDArray[np.int64],
    groups: npt.NDArray[np.int64],
    config: VocabularyConfig,
) -> list[str]:
    """The admitted words, the most frequent (by distinct messages) first, ties by spelling."""
    messages = np.zeros(len(table.lexicon), dtype=np.int64)
    corpora = np.zeros(len(table.lexicon), dtype=np.int64)
    names = np.unique(table.corpus[rows])
    for name in names:
        seen = np.zeros(len(table.lexicon), dtype=np.int64)
        of_corpus = rows[table.corpus[rows] == name]
        _, first_of_group = np.unique(groups[of_corpus], return_index=True)
        for row in of_corpus[first_of_group]:
            seen[np.unique(table.row(row))] += 1
        messages += seen
        corpora += seen > 0
    admitted = (messages >= config.min_messages) & (corpora >= min(config.min_corpora, len(names)))
    numbers = np.flatnonzero(admitted)
    order = sorted(numbers, key=lambda n: (-messages[n], table.lexicon[n]))
    return [str(table.lexicon[n]) for n in order[: config.words]]


@dataclass(frozen=True, slots=True)
class LexiconIds:
    """Lexicon number -> vocabulary id, and every lexicon word's n-gram buckets, ragged.

    `ids` int64 [L]; a word outside the vocabulary has 0. `hashes` int64 [L]. Word n's buckets are
    `grams[starts[n]:starts[n + 1]]`.
    """

    ids: npt.NDArray[np.int64]
    hashes: npt.NDArray[np.int64]
    grams: npt.NDArray[np.int64]
    starts: npt.NDArray[np.int64]
    size: int


def index_lexicon(table: TokenTable, words: list[str], buckets: int) -> LexiconIds:
    """Look every word of the lexicon up once, so that batches are built by indexing."""
    ids = {word: number for number, word in enumerate(words, 1)}
    ragged = [grams(str(word), buckets) for word in table.lexicon]
    return LexiconIds(
        ids=np.array([ids.get(str(word), 0) for word in table.lexicon], dtype=np.int64),
        hashes=np.array([word_hash(str(word)) for word in table.lexicon], dtype=np.int64),
        grams=np.fromiter((b for row in ragged for b in row), dtype=np.int64),
        starts=np.cumsum([0, *map(len, ragged)]),
        size=len(words) + 1,
    )
