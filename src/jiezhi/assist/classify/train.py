"""训练归类模型。只在后台命令里用:scikit-learn 到用时才引入,网页进程不会碰到。"""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from jiezhi.assist.classify.data import digest_of, group_duplicates
from jiezhi.assist.classify.features import Features, Vectoriser
from jiezhi.assist.classify.model import NEVER, Model, softmax
from jiezhi.assist.classify.tokens import tokens

_LEAST_ACCEPTED = 20  # a precision measured on fewer accepted suggestions is not believed


class TrainingError(ValueError):
    """样本不足或不合用;说明可直接给用户看。"""


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
    c: float = 0.5,
    min_df: int = 3,
    pairs: bool = False,
    sublinear: bool = True,
) -> Model:
    """Train, calibrate, and choose the threshold below which the model abstains.

    In: texts (raw, or words separated by spaces with `tokenised`); labels, plain strings (“一级/二级”
    allowed); `groups` numbers of duplicates (`group_duplicates`; worked out when None): a group never sits
    on both sides of a split. `trained_at` is stored as given. Classes with fewer than `min_per_class` groups
    are left out and named in `about["left_out"]`. `c`, `min_df`, `pairs`, `sublinear` are the linear model's
    and the features'. Out: a `Model`; its `about` holds counts, the data's digest, out-of-fold scores. The
    threshold is the lowest at which suggestions accepted out of fold reach `target_precision`; when none
    does the model always abstains. Same data, same seed, same model. Raises `TrainingError`, `ValueError` on
    lists of different length.
    """
    if not 0 < target_precision <= 1:
        raise ValueError("target_precision must lie in (0, 1]")
    documents = [tokens(text, tokenised=tokenised) for text in texts]
    group_of = np.asarray(group_duplicates(documents) if groups is None else groups)
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
            f"能用的类别不足两个:每类至少要有 {max(2, min_per_class)} 条不重复的样本。请补充样本。"
        )
    index = [i for i, label in enumerate(labels) if label not in left_out]
    kept = [documents[i] for i in index]
    target = np.array([classes.index(labels[i]) for i in index])
    group = group_of[index]
    options: dict[str, Any] = {"c": c, "min_df": min_df, "pairs": pairs, "sublinear": sublinear}
    folds = max(2, min(folds, min(size[label] for label in classes)))

    scores = np.zeros((len(kept), len(classes)))
    fold_of = np.zeros(len(kept), dtype=np.int64)
    for number, (known, held) in enumerate(_folds(target, group, folds, seed)):
        vectoriser, weights, bias = _fit(
            [kept[i] for i in known], target[known], group[known], classes, options
        )
        scores[held] = _matrix(vectoriser.rows(kept[i] for i in held), len(vectoriser.terms)) @ weights + bias
        fold_of[held] = number
    # The threshold must not be chosen on probabilities whose calibration has seen the same answers.
    chance = np.zeros_like(scores)
    for number in range(folds):
        held = fold_of == number
        slope, shift = _calibrate(scores[~held], target[~held], len(classes))
        chance[held] = softmax(scores[held] @ slope + shift)
    threshold = choose_threshold(chance.max(axis=1), chance.argmax(axis=1) == target, target_precision)
    slope, shift = _calibrate(scores, target, len(classes))
    vectoriser, weights, bias = _fit(kept, target, group, classes, options)
    about = {
        "trained_at": trained_at.isoformat(),
        "rows": len(kept),
        "groups": len(set(group.tolist())),
        "classes": {label: int((target == i).sum()) for i, label in enumerate(classes)},
        "left_out": left_out,
        "digest": digest_of(texts, labels),
        "target_precision": target_precision,
        "options": {**options, "folds": folds, "seed": seed, "min_per_class": min_per_class},
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


def _fit(
    documents: Sequence[Sequence[str]],
    target: NDArray[Any],
    group: NDArray[Any],
    classes: Sequence[str],
    options: dict[str, Any],
) -> tuple[Vectoriser, NDArray[np.float32], NDArray[np.float32]]:
    """A one-against-rest linear SVM, classes weighted by rarity."""
    from sklearn.svm import LinearSVC

    vectoriser = Vectoriser.fit(
        documents,
        group.tolist(),
        min_df=options["min_df"],
        pairs=options["pairs"],
        sublinear=options["sublinear"],
    )
    if not vectoriser.terms:
        raise TrainingError("样本里没有反复出现的词,学不出规律。请补充样本。")
    machine = LinearSVC(C=options["c"], class_weight="balanced", random_state=0)
    machine.fit(_matrix(vectoriser.rows(documents), len(vectoriser.terms)), target)
    weights = np.zeros((len(vectoriser.terms), len(classes)), dtype=np.float32)
    bias = np.full(len(classes), -1.0, dtype=np.float32)  # a class absent from this part of the data
    present = machine.classes_
    if len(present) == 2:  # one column says both
        weights[:, present[1]], bias[present[1]] = machine.coef_[0], machine.intercept_[0]
        weights[:, present[0]], bias[present[0]] = -machine.coef_[0], -machine.intercept_[0]
    else:
        weights[:, present] = machine.coef_.T
        bias[present] = machine.intercept_
    return vectoriser, weights, bias


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
