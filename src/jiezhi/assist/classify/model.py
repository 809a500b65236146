"""归类模型：给出建议的类别、把握、依据的词；没把握时不给建议。

Only numpy and rjieba: a web process may load and use a model. A model file holds arrays and JSON, never code.
"""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from os import PathLike
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray

from jiezhi.assist.classify.features import WORD, Features, Vectoriser
from jiezhi.assist.classify.tokens import tokens

FORMAT = 2
NEVER = 2.0  # a threshold no confidence reaches: the model always abstains
MIN_KNOWN = 2  # fewer known words than this say too little to suggest anything
_PARTS = ("terms", "idf", "weights", "bias", "calibration", "shift", "about")


class ModelError(ValueError):
    """模型文件有问题；说明可直接给用户看。"""


@dataclass(frozen=True)
class Suggestion:
    """What the model says about one text. `category` is None when it abstains; the officer decides either
    way.
    """

    category: str | None
    confidence: float  # calibrated probability of the most likely category, 0–1
    alternatives: list[tuple[str, float]]  # most likely first, the best included
    because: list[str] = field(default_factory=list)  # words that speak most for the best category


class Model:
    """A linear classifier over TF-IDF, with calibrated probabilities and a threshold below which it
    abstains.
    """

    def __init__(
        self,
        classes: Sequence[str],
        vectoriser: Vectoriser,
        weights: NDArray[np.float32],
        bias: NDArray[np.float32],
        calibration: NDArray[np.float64],
        shift: NDArray[np.float64],
        threshold: float,
        about: Mapping[str, Any],
    ):
        """`weights` terms × classes; `calibration` classes × classes: scores to log-odds, plus `shift`."""
        count = len(classes)
        shapes = (weights.shape, bias.shape, calibration.shape, shift.shape)
        if shapes != ((len(vectoriser.terms), count), (count,), (count, count), (count,)) or count < 2:
            raise ModelError("模型文件内部不一致。请重新训练。")
        self.classes = list(classes)
        self.vectoriser = vectoriser
        self.weights = np.ascontiguousarray(weights, dtype=np.float32)
        self.bias = np.asarray(bias, dtype=np.float32)
        self.calibration = np.asarray(calibration, dtype=np.float64)
        self.shift = np.asarray(shift, dtype=np.float64)
        self.threshold = float(threshold)
        self.about = dict(about)

    def suggest(self, text: str, k: int = 3, *, tokenised: bool = False, words: int = 5) -> Suggestion:
        """The likely categories of one text. In: raw text (or words with `tokenised`). Never raises for a
        str.
        """
        return self.suggest_many([text], k, tokenised=tokenised, words=words)[0]

    def suggest_many(
        self, texts: Sequence[str], k: int = 3, *, tokenised: bool = False, words: int = 5
    ) -> list[Suggestion]:
        """As `suggest`, for many texts; with `words=0` no reasons are worked out."""
        rows = self.vectoriser.rows(tokens(text, tokenised=tokenised, parts=False) for text in texts)
        chances = self.probabilities(self.scores(rows))
        result = []
        for number, chance in enumerate(chances):
            terms, values = rows.row(number)
            known = self.vectoriser.kinds[terms] == WORD
            order = np.argsort(-chance, kind="stable")[: max(1, k)]
            best = int(order[0])
            confidence = float(chance[best])
            sure = known.sum() >= MIN_KNOWN and confidence >= self.threshold
            result.append(
                Suggestion(
                    self.classes[best] if sure else None,
                    confidence,
                    [(self.classes[i], float(chance[i])) for i in order],
                    self._because(terms[known], values[known], best, words) if words else [],
                )
            )
        return result

    def scores(self, rows: Features) -> NDArray[np.float64]:
        """Raw scores, documents × classes, of rows as `Vectoriser.rows` gives them."""
        scores = np.empty((len(rows.indptr) - 1, len(self.classes)), dtype=np.float64)
        for number in range(len(scores)):
            terms, values = rows.row(number)
            scores[number] = values @ self.weights[terms] + self.bias
        return scores

    def probabilities(self, scores: NDArray[np.float64]) -> NDArray[np.float64]:
        """Calibrated probabilities of raw scores; each row sums to one."""
        return softmax(scores @ self.calibration + self.shift)

    def _because(
        self, terms: NDArray[np.integer], values: NDArray[np.floating], best: int, count: int
    ) -> list[str]:
        rows = self.weights[terms]
        others = (rows.sum(axis=1) - rows[:, best]) / (len(self.classes) - 1)
        gain = (rows[:, best] - others) * values
        order = np.argsort(-gain, kind="stable")[:count]
        return [self.vectoriser.terms[terms[i]] for i in order if gain[i] > 0]

    def save(self, out: str | PathLike[str] | BinaryIO) -> None:
        """Write the model as one .npz file; the same model gives the same bytes."""
        head = {
            "format": FORMAT,
            "classes": self.classes,
            "threshold": self.threshold,
            "about": self.about,
        }
        arrays: dict[str, NDArray[Any]] = {
            "terms": _bytes("\n".join(self.vectoriser.terms)),
            "idf": self.vectoriser.idf,
            "weights": self.weights,
            "bias": self.bias,
            "calibration": self.calibration,
            "shift": self.shift,
            "about": _bytes(json.dumps(head, ensure_ascii=False, sort_keys=True)),
        }
        with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as bundle:
            for name, array in arrays.items():
                buffer = io.BytesIO()
                np.lib.format.write_array(buffer, array, allow_pickle=False)
                # A ZipInfo without a date has a fixed one, unlike numpy's own savez.
                entry = zipfile.ZipInfo(f"{name}.npy")
                entry.compress_type = zipfile.ZIP_DEFLATED
                bundle.writestr(entry, buffer.getvalue())

    @classmethod
    def load(cls, source: str | PathLike[str] | BinaryIO) -> Model:
        """Read a model written by `save`. Nothing in the file is executed. Raises `ModelError`."""
        try:
            with np.load(source, allow_pickle=False) as bundle:
                parts = {name: bundle[name] for name in _PARTS}
            head = json.loads(parts["about"].tobytes().decode())
            if head["format"] != FORMAT:
                raise ModelError("模型文件的版本与本系统不符。请重新训练。")
            listing = parts["terms"].tobytes().decode()
            terms = listing.split("\n") if listing else []
            return cls(
                head["classes"],
                Vectoriser(terms, parts["idf"]),
                parts["weights"],
                parts["bias"],
                parts["calibration"],
                parts["shift"],
                head["threshold"],
                head["about"],
            )
        except ModelError:
            raise
        except (OSError, ValueError, KeyError, TypeError, EOFError, zipfile.BadZipFile) as error:
            raise ModelError("模型文件打不开或已损坏。请重新训练，或从备份恢复。") from error

    def to_bytes(self) -> bytes:
        """The model file's bytes."""
        buffer = io.BytesIO()
        self.save(buffer)
        return buffer.getvalue()


def softmax(scores: NDArray[np.float64]) -> NDArray[np.float64]:
    """Row-wise, without overflow."""
    shifted = np.exp(scores - scores.max(axis=1, keepdims=True))
    result: NDArray[np.float64] = shifted / shifted.sum(axis=1, keepdims=True)
    return result


def _bytes(text: str) -> NDArray[np.uint8]:
    return np.frombuffer(text.encode(), dtype=np.uint8)
