"""考一考归类模型:分组交叉验证或留出检验。只在后台命令里用。"""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from jiezhi.assist.classify.data import group_duplicates
from jiezhi.assist.classify.model import Model
from jiezhi.assist.classify.tokens import tokens
from jiezhi.assist.classify.train import train

_BINS = 10


@dataclass(frozen=True)
class ClassScore:
    """One category: how many samples, and precision, recall, F1 of the most likely guess (abstaining
    ignored).
    """

    label: str
    count: int
    precision: float
    recall: float
    f1: float


@dataclass(frozen=True)
class Report:
    """Scores over samples the model had not seen."""

    rows: int
    accuracy: float
    macro_f1: float
    coverage: float  # share of samples for which a suggestion was made
    precision: float | None  # of the suggestions made; None when there were none
    calibration_error: float  # expected calibration error, ten equal bins
    per_class: list[ClassScore]
    confusions: list[tuple[str, str, int]]  # really, guessed, how often; most frequent first
    fold_macro_f1: list[float]

    def as_dict(self) -> dict[str, Any]:
        """For JSON."""
        return asdict(self)


@dataclass(frozen=True)
class _Answer:
    real: str
    guess: str
    confidence: float
    accepted: bool


def cross_validate(
    texts: Sequence[str],
    labels: Sequence[str],
    groups: Sequence[int] | None = None,
    *,
    trained_at: dt.datetime,
    tokenised: bool = False,
    folds: int = 5,
    seed: int = 7,
    **options: Any,
) -> Report:
    """Grouped, stratified k-fold. Each fold trains afresh, calibration and threshold included.

    In: as `train`, whose further options pass through; `seed` shuffles these outer folds. Rows whose
    category a fold could not learn count as wrong. Deterministic. Raises what `train` raises.
    """
    from sklearn.model_selection import StratifiedGroupKFold

    if groups is None:
        groups = group_duplicates([tokens(text, tokenised=tokenised) for text in texts])
    splitter = StratifiedGroupKFold(folds, shuffle=True, random_state=seed)
    answers: list[_Answer] = []
    per_fold: list[float] = []
    for known, held in splitter.split(np.zeros(len(texts)), np.asarray(labels), np.asarray(groups)):
        model = train(
            [texts[i] for i in known],
            [labels[i] for i in known],
            [groups[i] for i in known],
            trained_at=trained_at,
            tokenised=tokenised,
            **options,
        )
        part = _ask(model, [texts[i] for i in held], [labels[i] for i in held], tokenised)
        answers += part
        per_fold.append(_macro(_table(part)))
    return _report(answers, per_fold)


def hold_out(model: Model, texts: Sequence[str], labels: Sequence[str], *, tokenised: bool = False) -> Report:
    """Score a model on samples it was not trained on (the caller sees to that; see `not_seen`)."""
    return _report(_ask(model, texts, labels, tokenised), [])


def not_seen(groups: Sequence[int], trained: Sequence[int], candidates: Sequence[int]) -> list[int]:
    """Of the row numbers `candidates`, those whose group has no row among `trained`."""
    known = {groups[i] for i in trained}
    return [i for i in candidates if groups[i] not in known]


def _ask(model: Model, texts: Sequence[str], labels: Sequence[str], tokenised: bool) -> list[_Answer]:
    told = model.suggest_many(texts, 1, tokenised=tokenised, words=0)
    return [
        _Answer(label, said.alternatives[0][0], said.confidence, said.category is not None)
        for said, label in zip(told, labels, strict=True)
    ]


def _table(answers: Sequence[_Answer]) -> list[ClassScore]:
    real = Counter(a.real for a in answers)
    guess = Counter(a.guess for a in answers)
    both = Counter(a.real for a in answers if a.real == a.guess)
    table = []
    for label in sorted(real):
        precision = both[label] / guess[label] if guess[label] else 0.0
        recall = both[label] / real[label]
        f1 = 2 * both[label] / (real[label] + guess[label])
        table.append(ClassScore(label, real[label], precision, recall, f1))
    return table


def _macro(table: Sequence[ClassScore]) -> float:
    """Mean F1 over the categories that occur."""
    return sum(score.f1 for score in table) / len(table) if table else 0.0


def _report(answers: Sequence[_Answer], per_fold: list[float]) -> Report:
    if not answers:
        raise ValueError("没有可供检验的样本。")
    table = _table(answers)
    right = np.array([a.real == a.guess for a in answers])
    confidence = np.array([a.confidence for a in answers])
    accepted = np.array([a.accepted for a in answers])
    wrong = Counter((a.real, a.guess) for a in answers if a.real != a.guess)
    ordered = sorted(wrong.items(), key=lambda item: (-item[1], item[0]))
    return Report(
        rows=len(answers),
        accuracy=float(right.mean()),
        macro_f1=_macro(table),
        coverage=float(accepted.mean()),
        precision=float(right[accepted].mean()) if accepted.any() else None,
        calibration_error=calibration_error(confidence, right),
        per_class=table,
        confusions=[(real, guess, count) for (real, guess), count in ordered[:20]],
        fold_macro_f1=per_fold,
    )


def calibration_error(confidence: Any, right: Any) -> float:
    """Expected calibration error: |confidence − share right| over ten equal bins, weighted by their size."""
    confidence, right = np.asarray(confidence, dtype=float), np.asarray(right, dtype=float)
    bins = np.minimum((confidence * _BINS).astype(int), _BINS - 1)
    total = 0.0
    for number in range(_BINS):
        inside = bins == number
        if inside.any():
            total += inside.sum() * abs(confidence[inside].mean() - right[inside].mean())
    return float(total / len(confidence))
