"""训练归类模型。只在后台命令里用：scikit-learn 到用时才引入，网页进程不会碰到。

每类一个岭回归，特征先按它分辨这一类的本事（朴素贝叶斯的对数比）加权；再用一层逻辑回归把各类的得分换成概率，
这一层和把握的界限只用折外的得分来定。
"""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from jiezhi.assist.classify.data import digest_of, group_duplicates
from jiezhi.assist.classify.features import Features, Vectoriser, choose, count, kinds_of, weigh
from jiezhi.assist.classify.model import NEVER, Model, softmax
from jiezhi.assist.classify.tokens import tokens, with_parts

_PENALTY = 1.0  # of the ridge; 0.15–1.5 are within half a point of macro F1
_LEAST_ACCEPTED = 20  # a precision measured on fewer accepted suggestions is not believed


class TrainingError(ValueError):
    """样本不足或不合用；说明可直接给用户看。"""


def train(
    texts: Sequence[str],
    labels: Sequence[str],
    groups: Sequence[int] | None = None,
    *,
    trained_at: dt.datetime,
    tokenised: bool = False,
    target_precision: float = 0.9,
    min_per_class: int = 10,
    folds: int = 5,
    seed: int = 20260101,
) -> Model:
    """Train, calibrate, and choose the threshold below which the model abstains.

    In: texts (raw, or words separated by spaces with `tokenised`); labels, plain strings (“一级/二级”
    allowed); `groups` numbers of duplicates (`group_duplicates`; worked out when None): a group never sits
    on both sides of a split. `trained_at` is stored as given. Classes with fewer than `min_per_class` groups
    are left out and named in `about["left_out"]`. Out: a `Model`; its `about` holds counts, the data's
    digest, out-of-fold scores. The threshold is the lowest at which suggestions accepted out of fold reach
    `target_precision`; when none does the model always abstains. Same data, same seed, same model. Raises
    `TrainingError`, `ValueError` on lists of different length.
    """
    if not 0 < target_precision <= 1:
        raise ValueError("target_precision must lie in (0, 1]")
    documents = [tokens(text, tokenised=tokenised, parts=False) for text in texts]
    if groups is None:
        groups = group_duplicates([with_parts(words) for words in documents])
    group_of = np.asarray(groups)
    if not len(documents) == len(labels) == len(group_of):
        raise ValueError("texts, labels and groups differ in length")
    members: dict[str, set[int]] = {}
    for label, number in zip(labels, group_of.tolist(), strict=True):
        members.setdefault(label, set()).add(number)
    size = {label: len(numbers) for label, numbers in members.items()}
    left_out = {label: n for label, n in sorted(size.items()) if n < max(2, min_per_class)}
    classes = sorted(set(size) - set(left_out))
    if len(classes) < 2:
        raise TrainingError(
            f"能用的类别不足两个：每类至少要有 {max(2, min_per_class)} 条不重复的样本。请补充样本。"
        )
    index = [i for i, label in enumerate(labels) if label not in left_out]
    target = np.array([classes.index(labels[i]) for i in index])
    group = group_of[index]
    folds = max(2, min(folds, min(size[label] for label in classes)))

    numbers: dict[str, int] = {}
    counted = count([documents[i] for i in index], numbers, grow=True)
    terms, counts = list(numbers), _matrix(counted, len(numbers))
    counts.sort_indices()  # 一次排好，各折取出的就不必再排
    scores = np.zeros((len(index), len(classes)))
    fold_of = np.zeros(len(index), dtype=np.int64)
    for number, (known, held) in enumerate(_folds(target, group, folds, seed)):
        columns, idf, weights, bias = _fit(terms, counts[known], target[known], group[known], len(classes))
        scores[held] = _weighed(terms, counts[held], columns, idf) @ weights + bias
        fold_of[held] = number
    # The threshold must not be chosen on probabilities whose calibration has seen the same answers.
    chance = np.zeros_like(scores)
    for number in range(folds):
        held = fold_of == number
        slope, shift = _calibrate(scores[~held], target[~held], len(classes))
        chance[held] = softmax(scores[held] @ slope + shift)
    threshold = choose_threshold(chance.max(axis=1), chance.argmax(axis=1) == target, target_precision)
    slope, shift = _calibrate(scores, target, len(classes))
    columns, idf, weights, bias = _fit(terms, counts, target, group, len(classes))
    vectoriser = Vectoriser([terms[at] for at in columns], idf)
    about = {
        "trained_at": trained_at.isoformat(),
        "rows": len(index),
        "groups": len(set(group.tolist())),
        "classes": {label: int((target == i).sum()) for i, label in enumerate(classes)},
        "left_out": left_out,
        "digest": digest_of(texts, labels),
        "target_precision": target_precision,
        "options": {"penalty": _PENALTY, "folds": folds, "seed": seed, "min_per_class": min_per_class},
        "out_of_fold": _summary(chance, target, threshold),
    }
    return Model(classes, vectoriser, weights, bias, slope, shift, threshold, about)


def choose_threshold(confidence: NDArray[Any], right: NDArray[Any], target: float) -> float:
    """The lowest confidence from which on at least `target` of the suggestions are right.

    In: confidences and whether each was right. Out: a threshold to compare with `>=`; `NEVER` when no
    threshold accepting at least 20 suggestions (or all, if fewer) reaches the target.
    """
    if not len(confidence):
        return NEVER
    order = np.argsort(-confidence, kind="stable")
    ranked = confidence[order]
    precision = np.cumsum(right[order]) / np.arange(1, len(order) + 1)
    last_of_tie = np.append(ranked[1:] != ranked[:-1], True)
    enough = np.arange(1, len(order) + 1) >= min(_LEAST_ACCEPTED, len(order))
    good = np.flatnonzero((precision >= target) & last_of_tie & enough)
    return float(ranked[good[-1]]) if len(good) else NEVER


def _folds(
    target: NDArray[Any], group: NDArray[Any], folds: int, seed: int
) -> Iterator[tuple[NDArray[np.int64], NDArray[np.int64]]]:
    from sklearn.model_selection import StratifiedGroupKFold

    splitter = StratifiedGroupKFold(folds, shuffle=True, random_state=seed)
    yield from splitter.split(np.zeros(len(target)), target, group)


def _matrix(features: Features, width: int) -> Any:
    from scipy.sparse import csr_matrix

    shape = (len(features.indptr) - 1, width)
    return csr_matrix((features.data, features.indices, features.indptr), shape=shape)


def _weighed(terms: Sequence[str], counts: Any, columns: NDArray[Any], idf: NDArray[np.float32]) -> Any:
    part = counts[:, columns]
    kinds = kinds_of(terms[at] for at in columns)
    return _matrix(weigh(Features(part.indptr, part.indices, part.data), idf, kinds), len(columns))


def _fit(
    terms: Sequence[str], counts: Any, target: NDArray[Any], group: NDArray[Any], classes: int
) -> tuple[NDArray[np.int64], NDArray[np.float32], NDArray[np.float32], NDArray[np.float32]]:
    """列号、逆文档频率、系数（特征 × 类）、常数。每类一个岭回归，稀少的类加重。"""
    from scipy.sparse import diags
    from sklearn.linear_model import Ridge

    columns, idf = choose(Features(counts.indptr, counts.indices, counts.data), group, len(terms))
    if not len(columns):
        raise TrainingError("样本里没有反复出现的词，学不出规律。请补充样本。")
    rows = _weighed(terms, counts, columns, idf)
    ratios = _ratios(rows, target, classes)
    weights = np.zeros((len(columns), classes), dtype=np.float32)
    bias = np.full(classes, -1.0, dtype=np.float32)  # a class absent from this part of the data
    for number in range(classes):
        mine = target == number
        share = mine.mean()
        if share in (0, 1):
            bias[number] = 2 * share - 1
            continue
        scaled = rows @ diags(ratios[:, number])
        size = np.sqrt(scaled.multiply(scaled).sum() / len(target))
        balance = np.sqrt(np.where(mine, 0.5 / share, 0.5 / (1 - share)))
        machine = Ridge(_PENALTY, solver="sparse_cg", tol=1e-3)
        machine.fit(scaled / size, np.where(mine, 1.0, -1.0), sample_weight=balance)
        weights[:, number], bias[number] = machine.coef_ * ratios[:, number] / size, machine.intercept_
    return columns, idf, weights, bias


def _ratios(rows: Any, target: NDArray[Any], classes: int) -> NDArray[np.float32]:
    """每个特征在一类里与在其余各类里出现的份额之比，取对数的绝对值（特征 × 类；各加 1 以免为零）。"""
    met = rows.astype(bool).astype(float)
    inside = np.stack([met[target == number].sum(axis=0).A1 for number in range(classes)], axis=1) + 1
    outside = met.sum(axis=0).A1[:, None] - inside + 2
    ratios = np.abs(np.log(inside / inside.sum(axis=0)) - np.log(outside / outside.sum(axis=0)))
    return ratios.astype(np.float32)


def _calibrate(
    scores: NDArray[np.float64], target: NDArray[Any], count: int
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Multinomial logistic regression from scores to probabilities: slope (classes × classes) and shift."""
    from sklearn.linear_model import LogisticRegression

    regression = LogisticRegression(C=1.0, max_iter=1000).fit(scores, target)
    slope = np.zeros((count, count))
    shift = np.full(count, -30.0)
    present = regression.classes_
    if len(present) == 2:
        slope[:, present[0]], shift[present[0]] = 0.0, 0.0
        slope[:, present[1]], shift[present[1]] = regression.coef_[0], regression.intercept_[0]
    else:
        slope[:, present] = regression.coef_.T
        shift[present] = regression.intercept_
    return slope, shift


def _summary(chance: NDArray[np.float64], target: NDArray[Any], threshold: float) -> dict[str, Any]:
    confidence, guess = chance.max(axis=1), chance.argmax(axis=1)
    accepted = confidence >= threshold
    scores = []
    for i in range(chance.shape[1]):
        both = int(((guess == i) & (target == i)).sum())
        told, real = int((guess == i).sum()), int((target == i).sum())
        scores.append(2 * both / (told + real) if told + real else 0.0)
    return {
        "accuracy": round(float((guess == target).mean()), 4),
        "macro_f1": round(float(np.mean(scores)), 4),
        "coverage": round(float(accepted.mean()), 4),
        "precision": round(float((guess == target)[accepted].mean()), 4) if accepted.any() else None,
        "guessed": {str(k): v for k, v in sorted(Counter(guess.tolist()).items())},
    }
