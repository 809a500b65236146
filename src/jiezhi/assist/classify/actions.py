"""写：训练、换上新模型。只在命令和 worker 里用，网页进程不训练。"""

from __future__ import annotations

import json
import os
import secrets as random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from jiezhi.assist.classify import queries
from jiezhi.assist.classify.data import group_duplicates, read_labelled
from jiezhi.assist.classify.evaluate import Report, hold_out
from jiezhi.assist.classify.facts import FIELD
from jiezhi.assist.classify.model import Model
from jiezhi.assist.classify.tokens import tokens
from jiezhi.assist.classify.train import TrainingError, train
from jiezhi.base.accounts.authority import require_administrator
from jiezhi.base.accounts.models import Officer
from jiezhi.base.casework import matters
from jiezhi.base.casework.models import Case, Event
from jiezhi.core.durable import flush, replacing
from jiezhi.core.procedure.fold import ERASED

TARGET = 0.95
MIN_ROWS = 200
# 留出检验上差这么多才算“明显变差”：准确率两个百分点，各类平均 F1 三个百分点。
WORSE_ACCURACY = 0.02
WORSE_F1 = 0.03
_CHUNK = 500


class NotBetter(TrainingError):
    """新模型明显不如现用的，没有换上。"""


@dataclass(frozen=True, slots=True)
class Trained:
    """训练的结果。`score` 是新模型在留出的样本上的成绩，`before` 是现用模型在同样的样本上的（没有为 None）。"""

    rows: int
    skipped: int
    classes: int
    score: Report
    before: Report | None
    path: Path


def train_from_file(
    path: str | Path,
    text_columns: Sequence[str],
    label_column: str,
    *,
    acting_officer: Officer | None,
    now: datetime,
    more_label_columns: Sequence[str] = (),
    label_separator: str = "/",
    sheet: str | None = None,
    name: str = queries.NAME,
    target_precision: float = TARGET,
) -> Trained:
    """用一份已归类的表训练并换上。

    列名照表里写；有 `more_label_columns`（二级分类）时类别为“一级/二级”。表有问题抛 DataError，样本不足抛
    TrainingError，明显不如现用的抛 NotBetter（现用的不动），不是系统管理员抛 NotAllowed。
    """
    require_administrator(acting_officer, now)
    found = read_labelled(
        path,
        text_columns,
        label_column,
        sheet=sheet,
        label_separator=label_separator,
        more_label_columns=more_label_columns,
    )
    return _train(found.texts, found.labels, found.skipped, name, now, target_precision)


def train_from_history(
    *,
    now: datetime,
    min_rows: int = MIN_ROWS,
    acting_officer: Officer | None = None,
    name: str = queries.NAME,
    target_precision: float = TARGET,
) -> Trained:
    """用本单位办结的件训练并换上：只用由人定过、改过类别的，系统建议而没有人动过的不用。

    不足 `min_rows` 件抛 TrainingError；其余同 `train_from_file`。
    """
    require_administrator(acting_officer, now)
    pairs = list(history())
    if len(pairs) < min_rows:
        raise TrainingError(
            f"由人定过类别、已经办结的只有 {len(pairs)} 件，至少要 {min_rows} 件。再积累一段时间后训练。"
        )
    return _train([text for text, _ in pairs], [label for _, label in pairs], 0, name, now, target_precision)


def history() -> Iterator[tuple[str, str]]:
    """办结的、由人定过类别的件：（文字, 类别）。最后一次写类别的是人才算。

    人定的：工作人员办理时写了类别，而且不是系统预填的。能预填类别的动作，办理记录里没有写明
    哪些是预填（`filled`）的，不算。限指定人员的件、并入别的件的件、保密的字段不用。
    """
    closed = Case.objects.exclude(closed_at=None).filter(merged_into=None, confidential=False)
    pending: list[Case] = []
    for case in closed.select_related("version").defer("version__content").order_by("pk").iterator(_CHUNK):
        if case.fields.get(FIELD) not in (None, "", ERASED):
            pending.append(case)
        if len(pending) >= _CHUNK:
            yield from _decided(pending)
            pending = []
    yield from _decided(pending)


def _decided(cases: Sequence[Case]) -> Iterator[tuple[str, str]]:
    by_person: dict[int, bool] = {}
    known = {case.pk: matters.definition_of(case.version) for case in cases}
    events = (
        Event.objects.filter(case__in=list(known))
        .order_by("case", "seq")
        .values_list("case_id", "action", "body")
    )
    for pk, action, data in events:
        body = json.loads(bytes(data))
        if FIELD not in body["inputs"]:
            continue
        decl = known[pk].action(action)
        filled = body["effects"].get("filled")
        suggested = FIELD in filled if filled is not None else decl is None or FIELD in decl.fill
        by_person[pk] = body["actor"].get("kind") == "officer" and not suggested
    for case in cases:
        if by_person.get(case.pk):
            # 只用不保密的字段：训练是成批读内容，保密的一项也不读，也就没有要记的查看。
            text = queries.text_of({key: value for key, value in case.fields.items() if value != ERASED})
            if text:
                yield text, str(case.fields[FIELD])


def _train(
    texts: Sequence[str], labels: Sequence[str], skipped: int, name: str, now: datetime, target: float
) -> Trained:
    """先留出两成考一考，不明显变差才用全部样本训练、换上。"""
    groups = group_duplicates([tokens(text) for text in texts])
    known, held = _split(groups)
    trial = train(
        [texts[i] for i in known],
        [labels[i] for i in known],
        [groups[i] for i in known],
        trained_at=now,
        target_precision=target,
    )
    asked = [i for i in held if labels[i] in trial.classes] or held
    exam = [texts[i] for i in asked], [labels[i] for i in asked]
    score = hold_out(trial, *exam)
    standing = queries.current(name)
    before = hold_out(standing, *exam) if standing is not None else None
    if standing is not None and before is not None:
        _must_not_be_worse(score, before, standing)
    model = train(texts, labels, groups, trained_at=now, target_precision=target)
    path = install(model, name)
    return Trained(len(texts), skipped, len(model.classes), score, before, path)


def _split(groups: Sequence[int]) -> tuple[list[int], list[int]]:
    """按组分：每五组留出一组，重复的样本不会分在两边。"""
    held = [i for i, group in enumerate(groups) if group % 5 == 0]
    known = [i for i, group in enumerate(groups) if group % 5 != 0]
    if not held or not known:
        raise TrainingError("样本太少，分不出检验用的。请补充样本。")
    return known, held


def _must_not_be_worse(score: Report, before: Report, standing: Model) -> None:
    # 现用的可能学过这些样本，考分偏高；它训练时自己考的分是另一个上限，取低的。
    own = standing.about.get("out_of_fold", {})
    accuracy = min(before.accuracy, float(own.get("accuracy", 1)))
    f1 = min(before.macro_f1, float(own.get("macro_f1", 1)))
    if score.accuracy < accuracy - WORSE_ACCURACY or score.macro_f1 < f1 - WORSE_F1:
        raise NotBetter(
            f"新模型明显不如现用的，没有换上：准确率 {score.accuracy:.0%}（现用 {accuracy:.0%}）,"
            f"各类平均 {score.macro_f1:.0%}（现用 {f1:.0%}）。请检查样本的类别标得对不对。"
        )


def install(model: Model, name: str = queries.NAME) -> Path:
    """换上：先写好再改名，任何时候断电都有一份完整的；换下的留作 `<name>.previous.npz`。"""
    path = queries.path_of(name)
    path.parent.mkdir(parents=True, exist_ok=True)
    with replacing(path, 0o666) as out:
        model.save(out)
        flush(out)  # 新的写妥了才动旧的
        if path.exists():
            link = path.with_name(f".previous.{random.token_hex(4)}")
            os.link(path, link)
            link.replace(path.with_name(f"{name}.previous.npz"))
    return path


def restore_previous(*, acting_officer: Officer | None, now: datetime, name: str = queries.NAME) -> bool:
    """换回上一个模型；没有上一个时返回 False。"""
    require_administrator(acting_officer, now)
    path = queries.path_of(name)
    previous = path.with_name(f"{name}.previous.npz")
    if not previous.exists():
        return False
    os.utime(previous)
    previous.replace(path)
    return True
