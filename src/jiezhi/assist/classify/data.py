"""读入已归类的样本,并把重复、近似重复的归为一组。

Near copies (the same complaint posted twice) would otherwise sit on both sides of a split and flatter the
score.
"""

from __future__ import annotations

import csv
import hashlib
import io
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import python_calamine
from numpy.typing import NDArray

_SIGNATURE = 64  # hash functions
_BANDS = 16  # bands of 4: two texts alike at 0.6 meet with probability 0.89, at 0.7 with 0.99
_PRIME = (1 << 61) - 1


class DataError(ValueError):
    """样本文件有问题;说明可直接给用户看。"""


@dataclass(frozen=True)
class Labelled:
    """Labelled samples. `skipped` counts rows without text or label."""

    texts: list[str]
    labels: list[str]
    skipped: int = 0
    source: str = ""

    @property
    def digest(self) -> str:
        """SHA-256 over labels and texts in order, to tell which data a model was trained on."""
        return digest_of(self.texts, self.labels)


@dataclass
class _Forest:
    parent: list[int] = field(default_factory=list)

    def find(self, node: int) -> int:
        while self.parent[node] != node:
            self.parent[node] = self.parent[self.parent[node]]
            node = self.parent[node]
        return node

    def join(self, a: int, b: int) -> None:
        a, b = self.find(a), self.find(b)
        if a != b:
            self.parent[max(a, b)] = min(a, b)


def digest_of(texts: Sequence[str], labels: Sequence[str]) -> str:
    """SHA-256 (hex) over label and text of every row, in order."""
    total = hashlib.sha256()
    for text, label in zip(texts, labels, strict=True):
        total.update(f"{len(label)}:{label}{len(text)}:{text}".encode())
    return total.hexdigest()


def read_labelled(
    path: str | Path,
    text_columns: Sequence[str],
    label_column: str,
    *,
    sheet: str | None = None,
    label_separator: str = "/",
    more_label_columns: Sequence[str] = (),
) -> Labelled:
    """Read labelled samples from .csv, .tsv (UTF-8 or GB 18030) or a spreadsheet.

    `text_columns` are joined by a line break. With `more_label_columns` (二级分类 …) the label becomes
    “一级/二级”. Rows without text or without the first label are skipped and counted.
    Raises `DataError` when the file cannot be read or a column is missing.
    """
    path = Path(path)
    if not path.is_file():
        raise DataError(f"找不到样本文件“{path.name}”。请检查文件是否已放好。")
    rows = _rows(path, sheet)
    header = [str(cell).strip() for cell in next(rows, [])]
    wanted = [*text_columns, label_column, *more_label_columns]
    missing = [name for name in wanted if name not in header]
    if missing:
        raise DataError(f"样本文件“{path.name}”缺少这些列:{'、'.join(missing)}。请补上列名后再试。")
    text_at = [header.index(name) for name in text_columns]
    label_at = [header.index(name) for name in (label_column, *more_label_columns)]
    texts: list[str] = []
    labels: list[str] = []
    skipped = 0
    for row in rows:
        cells = [str(cell).strip() for cell in row] + [""] * (len(header) - len(row))
        text = "\n".join(cells[i] for i in text_at if cells[i])
        parts = [cells[i] for i in label_at]
        if not text or not parts[0]:
            skipped += 1
            continue
        texts.append(text)
        labels.append(label_separator.join(part for part in parts if part))
    return Labelled(texts, labels, skipped, path.name)


def _rows(path: Path, sheet: str | None) -> Iterator[Sequence[object]]:
    suffix = path.suffix.lower()
    if suffix in {".csv", ".tsv", ".txt"}:
        return _text_rows(path, suffix == ".csv")
    return _sheet_rows(path, sheet)


def _text_rows(path: Path, comma: bool) -> Iterator[Sequence[object]]:
    """Comma files follow the quoting rules; tab files are taken as they stand (a quote is a quote)."""
    content = path.read_bytes()
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        try:
            text = content.decode("gb18030")
        except UnicodeDecodeError:
            raise DataError(f"样本文件“{path.name}”的文字编码认不出来。请另存为 UTF-8 后再试。") from None
    if comma:
        yield from (list(row) for row in csv.reader(io.StringIO(text, newline="")))
    else:
        yield from (list(line.split("\t")) for line in text.splitlines() if line)


def _sheet_rows(path: Path, sheet: str | None) -> Iterator[Sequence[object]]:
    try:
        with python_calamine.load_workbook(path) as book:
            name = sheet if sheet is not None else book.sheet_names[0]
            if name not in book.sheet_names:
                raise DataError(f"样本文件“{path.name}”里没有名为“{name}”的工作表。")
            rows = book.get_sheet_by_name(name).to_python()
    except (python_calamine.CalamineError, OSError) as error:
        raise DataError(f"样本文件“{path.name}”打不开。请确认是 Excel 或 CSV 文件,且没有加密。") from error
    yield from (list(row) for row in rows)


def group_duplicates(
    documents: Sequence[Sequence[str]], *, similarity: float = 0.6, shingle: int = 1
) -> list[int]:
    """Number the groups of identical and nearly identical documents.

    In: tokenised documents; two belong together when the sets of their `shingle`-word runs overlap by at
    least `similarity` (Jaccard), directly or through others. Candidates come from a MinHash signature and
    are then compared exactly, so a pair is never joined below `similarity`; a pair just above it may be
    missed. Out: one group number per document, numbered by first appearance. Deterministic.
    """
    sets = [_shingles(words, shingle) for words in documents]
    forest = _Forest(list(range(len(sets))))
    for bucket in _buckets(sets):
        leaders: list[int] = []  # one document of every group already met in this bucket
        for member in bucket:
            for leader in leaders:
                if forest.find(member) == forest.find(leader) or _alike(
                    sets[member], sets[leader], similarity
                ):
                    forest.join(member, leader)
                    break
            else:
                leaders.append(member)
    numbers: dict[int, int] = {}
    return [numbers.setdefault(forest.find(i), len(numbers)) for i in range(len(sets))]


def _shingles(words: Sequence[str], size: int) -> frozenset[int]:
    if len(words) < size:
        runs: Iterable[str] = [" ".join(words)]
    else:
        runs = (" ".join(words[i : i + size]) for i in range(len(words) - size + 1))
    # Not hash(): that differs from run to run.
    return frozenset(int.from_bytes(hashlib.blake2b(r.encode(), digest_size=4).digest(), "big") for r in runs)


def _alike(a: frozenset[int], b: frozenset[int], similarity: float) -> bool:
    if not a or not b:
        return a == b
    common = len(a & b)
    return common / (len(a) + len(b) - common) >= similarity


def _buckets(sets: Sequence[frozenset[int]]) -> Iterator[list[int]]:
    """Documents that agree on a band of their signatures, band after band."""
    random = np.random.default_rng(20260101)
    factor = random.integers(1, _PRIME, size=(_SIGNATURE, 1), dtype=np.uint64)
    shift = random.integers(0, _PRIME, size=(_SIGNATURE, 1), dtype=np.uint64)
    signatures = np.zeros((len(sets), _SIGNATURE), dtype=np.uint64)
    for i, members in enumerate(sets):
        if members:
            values = np.fromiter(members, dtype=np.uint64, count=len(members))
            # Multiply-shift hashing: arithmetic modulo 2**64, the high half kept.
            signatures[i] = ((factor * values + shift) >> np.uint64(32)).min(axis=1)
    width = _SIGNATURE // _BANDS
    for band in range(_BANDS):
        buckets: dict[bytes, list[int]] = defaultdict(list)
        part: NDArray[np.uint64] = signatures[:, band * width : (band + 1) * width]
        for i in range(len(sets)):
            buckets[part[i].tobytes()].append(i)
        yield from (members for members in buckets.values() if len(members) > 1)
