"""归类的特征：词、相邻两词、开头的字串，三族各自 TF-IDF。纯 Python 加 numpy，训练与使用共用一份代码，两边不会走样。

开头另算一族：来件多以主题起头，主题最能说明是什么事。
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from jiezhi.assist.classify.tokens import with_parts

JOIN = "\u2009"  # a thin space joins the two words of a pair: no word contains white space
HEAD = "\u200a"  # a hair space begins a run of characters from the opening
WORD, PAIR, RUN = range(3)
SHARES = np.sqrt(np.array([1.0, 0.3, 0.5]) / 1.8)  # of word, pair, run; the squares add up to one
HEAD_WORDS = 10
LONGEST_RUN = 3
MIN_GROUPS = 2
MAX_SHARE = 0.5


@dataclass(frozen=True)
class Features:
    """Sparse rows (CSR): row i holds data[indptr[i]:indptr[i+1]] at indices[…]."""

    indptr: NDArray[np.integer]
    indices: NDArray[np.integer]
    data: NDArray[np.floating]

    def row(self, number: int) -> tuple[NDArray[np.integer], NDArray[np.floating]]:
        """第 `number` 行：（词号，分量）。"""
        part = slice(self.indptr[number], self.indptr[number + 1])
        return self.indices[part], self.data[part]


class Vectoriser:
    """认得的词（含两词、字串）和各自的逆文档频率。"""

    def __init__(self, terms: Sequence[str], idf: NDArray[np.float32]):
        if len(terms) != len(idf):
            raise ValueError("terms and idf differ in length")
        self.terms = list(terms)
        self.idf = np.asarray(idf, dtype=np.float32)
        self.kinds = kinds_of(self.terms)
        self._index = {term: position for position, term in enumerate(self.terms)}

    @classmethod
    def fit(cls, documents: Iterable[Sequence[str]], groups: Sequence[int]) -> Vectoriser:
        """由样本定词表，见 `choose`。进：每件的词（长词没有拆开的）、组号。"""
        index: dict[str, int] = {}
        columns, idf = choose(count(documents, index, grow=True), groups, len(index))
        terms = list(index)
        return cls([terms[at] for at in columns], idf)

    def rows(self, documents: Iterable[Sequence[str]]) -> Features:
        """一件一行；不认得的不计，一个也不认得的是空行。进：每件的词（长词没有拆开的）。"""
        return weigh(count(documents, self._index), self.idf, self.kinds)


def terms_of(words: Sequence[str]) -> Iterator[str]:
    """一件的全部特征，次序不拘，可重复。"""
    yield from with_parts(words)
    for a, b in pairwise(words):
        yield a + JOIN + b
    opening = "".join(words[:HEAD_WORDS])
    for size in range(1, LONGEST_RUN + 1):
        for at in range(len(opening) - size + 1):
            yield HEAD + opening[at : at + size]


def kinds_of(terms: Iterable[str]) -> NDArray[np.int8]:
    """各是哪一族：WORD、PAIR、RUN。"""
    return np.array(
        [RUN if term.startswith(HEAD) else PAIR if JOIN in term else WORD for term in terms], dtype=np.int8
    )


def count(documents: Iterable[Sequence[str]], index: dict[str, int], *, grow: bool = False) -> Features:
    """各件里各特征出现几次；不在 `index` 里的不计，`grow` 时编上号。"""
    pointers, indices, data = [0], [], []
    for words in documents:
        for term, times in Counter(terms_of(words)).items():
            at = index.setdefault(term, len(index)) if grow else index.get(term)
            if at is not None:
                indices.append(at)
                data.append(times)
        pointers.append(len(indices))
    return Features(np.array(pointers), np.array(indices, dtype=np.int32), np.array(data, dtype=np.float32))


def choose(
    counted: Features, groups: Sequence[int] | NDArray[np.integer], width: int
) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
    """留哪些特征（列号），各自的逆文档频率：至少在两组、至多在一半的组里出现的。

    按组计而不按行计：一个人一封信发五遍，信里的姓名、车牌只在一组，不进词表。
    """
    names, at = np.unique(np.asarray(groups), return_inverse=True)
    rows = np.repeat(at, np.diff(counted.indptr)).astype(np.int64)
    met = np.sort(rows * width + counted.indices)  # np.unique 按散列去重，这里慢十倍
    met = met[np.append(True, met[1:] != met[:-1])] if len(met) else met
    frequency = np.bincount(met % max(width, 1), minlength=width)
    ceiling = max(MIN_GROUPS, MAX_SHARE * len(names))
    columns = np.flatnonzero((frequency >= MIN_GROUPS) & (frequency <= ceiling))
    idf = np.log((1 + len(names)) / (1 + frequency[columns])) + 1
    return columns, idf.astype(np.float32)


def weigh(counted: Features, idf: NDArray[np.float32], kinds: NDArray[np.int8]) -> Features:
    """次数换成分量：取对数、乘逆文档频率；一件之内各族长度各为 1，再按 SHARES 分。"""
    rows = np.repeat(np.arange(len(counted.indptr) - 1), np.diff(counted.indptr))
    kind = kinds[counted.indices]
    values = (1 + np.log(counted.data)) * idf[counted.indices]
    slot = rows * len(SHARES) + kind
    lengths = np.sqrt(np.bincount(slot, values**2))
    return Features(
        counted.indptr, counted.indices, (values * SHARES[kind] / lengths[slot]).astype(np.float32)
    )
