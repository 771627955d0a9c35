"""Near-duplicate groups across corpora, by MinHash (Broder 1997) over word 3-shingles.

Corpora repeat themselves and each other: one campaign stands in them a hundred times with other
names and numbers. A split that puts its members on both sides measures memory.
"""

import zlib

import numpy as np
import numpy.typing as npt
from datasketch import MinHash, MinHashLSH
from scipy.cluster.hierarchy import DisjointSet
from tqdm import tqdm

from training.tokens import TokenTable

_SHINGLE = 3
_MOST_TOKENS = 512


def groups(
    table: TokenTable, threshold: float = 0.6, permutations: int = 64
) -> npt.NDArray[np.int64]:
    """A group number, int64 [N], a message: messages linked by chains of near-duplicates share it.

    `threshold` is the Jaccard similarity of the shingle sets from which two messages are linked.
    """
    word_hash = np.array(
        [zlib.crc32(word.encode("utf-8", "surrogatepass")) for word in table.lexicon], np.uint64
    )
    index = MinHashLSH(threshold=threshold, num_perm=permutations)
    links = DisjointSet(range(len(table)))
    for message in tqdm(range(len(table)), "near-duplicates", mininterval=5):
        sketch = MinHash(permutations, seed=1, hashfunc=int)
        sketch.update_batch(_shingles(word_hash[table.row(message)[:_MOST_TOKENS]]).tolist())
        for other in index.query(sketch):
            links.merge(message, other)
        index.insert(message, sketch, check_duplication=False)
    return np.array([links[message] for message in range(len(table))])


def _shingles(words: npt.NDArray[np.uint64]) -> npt.NDArray[np.uint64]:
    """32-bit hashes of all runs of three words; fewer words make one run."""
    if len(words) < _SHINGLE:
        words = np.pad(words, (0, _SHINGLE - len(words)))
    first, second, third = words[:-2], words[1:-1], words[2:]
    mixed = (
        first * np.uint64(0x9E3779B1) + second * np.uint64(0x85EBCA77) + third * np.uint64(40503)
    )
    return np.unique((mixed ^ (mixed >> np.uint64(29))) & np.uint64(0xFFFFFFFF))
