"""词袋特征:TF-IDF,一元与二元词。纯 Python 加 numpy,训练与使用共用一份代码,两边不会走样。"""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

JOIN = "\u2009"  # a thin space joins the two words of a pair: no token contains white space


@dataclass(frozen=True)
class Features:
    """Sparse rows (CSR): row i holds data[indptr[i]:indptr[i+1]] at indices[…]."""

    indptr: NDArray[np.int64]
    indices: NDArray[np.int32]
    data: NDArray[np.float32]


class Vectoriser:
    """Terms with their inverse document frequencies. Built by `fit`, or from a stored list of terms."""

    def __init__(self, terms: Sequence[str], idf: NDArray[np.float32], *, pairs: bool, sublinear: bool):
        if len(terms) != len(idf):
            raise ValueError("terms and idf differ in length")
        self.terms = list(terms)
        self.idf = np.asarray(idf, dtype=np.float32)
        self.pairs = pairs
        self.sublinear = sublinear
        self._index = {term: position for position, term in enumerate(self.terms)}
        self._idf_list: list[float] = [float(value) for value in self.idf]

    @classmethod
    def fit(
        cls,
        documents: Sequence[Sequence[str]],
        groups: Sequence[int],
        *,
        min_df: int,
        pairs: bool,
        sublinear: bool,
        max_share: float = 0.5,
    ) -> Vectoriser:
        """Choose terms occurring in at least `min_df` groups and at most `max_share` of them.

        Frequencies are counted over groups, not rows: a word one person wrote in five copies of one letter
        (a name, a plate) is in one group and stays out of the vocabulary.
        """
        total = max(1, len(set(groups)))
        ceiling = max(min_df, math.ceil(total * max_share))
        single = {w: n for w, n in _frequencies(documents, groups).items() if min_df <= n <= ceiling}
        chosen = dict(single)
        if pairs:
            kept = [[w for w in doc if w in single] for doc in documents]
            double = _frequencies([_pairs(doc) for doc in kept], groups)
            chosen.update({w: n for w, n in double.items() if min_df <= n <= ceiling})
        terms = sorted(chosen)
        idf = np.array([math.log((1 + total) / (1 + chosen[t])) + 1 for t in terms], dtype=np.float32)
        return cls(terms, idf, pairs=pairs, sublinear=sublinear)

    def row(self, words: Sequence[str]) -> tuple[list[int], list[float]]:
        """One document as (term numbers, unit-length weights); two empty lists when no word is known."""
        index = self._index
        known = [w for w in words if w in index]  # unknown words go before pairs are made, as in fit
        counts = Counter(index[w] for w in known)
        if self.pairs:
            counts.update(index[p] for p in _pairs(known) if p in index)
        idf = self._idf_list
        if self.sublinear:
            values = [(1 + math.log(n)) * idf[t] for t, n in counts.items()]
        else:
            values = [n * idf[t] for t, n in counts.items()]
        length = math.sqrt(sum(v * v for v in values)) or 1.0
        return list(counts), [v / length for v in values]

    def rows(self, documents: Iterable[Sequence[str]]) -> Features:
        """Many documents at once; see `row`."""
        pointers, indices, data = [0], [], []
        for words in documents:
            terms, values = self.row(words)
            indices.extend(terms)
            data.extend(values)
            pointers.append(len(indices))
        return Features(
            np.array(pointers, dtype=np.int64),
            np.array(indices, dtype=np.int32),
            np.array(data, dtype=np.float32),
        )


def _pairs(words: Sequence[str]) -> list[str]:
    return [a + JOIN + b for a, b in zip(words, words[1:], strict=False)]


def _frequencies(documents: Sequence[Sequence[str]], groups: Sequence[int]) -> dict[str, int]:
    """In how many groups each term occurs."""
    members: dict[int, set[str]] = defaultdict(set)
    for words, group in zip(documents, groups, strict=True):
        members[group].update(words)
    counts: Counter[str] = Counter()
    for terms in members.values():
        counts.update(terms)
    return counts
