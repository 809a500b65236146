"""读：现用的归类模型、给一段文字的建议。网页进程可用；不训练。"""

from __future__ import annotations

import re
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from django.conf import settings

if TYPE_CHECKING:
    from jiezhi.assist.classify.model import Model, Suggestion

NAME = "report"
TEXT_FIELDS = ("subject", "title", "content", "description", "text")
_SAFE = re.compile(r"[a-z][a-z0-9_-]{0,40}")

_held: dict[Path, tuple[tuple[int, int], Model]] = {}
_lock = threading.Lock()


@dataclass(frozen=True, slots=True)
class About:
    """模型的来历，给人看。"""

    trained_at: str
    rows: int
    classes: int
    target_precision: float
    coverage: float
    precision: float | None


def folder() -> Path:
    """模型文件的目录。"""
    return Path(settings.HOME) / "models"


def path_of(name: str = NAME) -> Path:
    """模型文件。名字只能用小写字母、数字、- 和 _。"""
    if not _SAFE.fullmatch(name):
        from jiezhi.assist.classify.model import ModelError

        raise ModelError("模型的名字只能用小写字母、数字和连接号。")
    return folder() / f"{name}.npz"


def current(name: str = NAME) -> Model | None:
    """现用的模型；没有训练过、文件坏了都为 None（不建议，不妨碍登记）。按文件的修改时间缓存。"""
    path = path_of(name)
    try:
        stat = path.stat()
    except OSError:
        return None
    stamp = (stat.st_mtime_ns, stat.st_size)
    held = _held.get(path)
    if held is not None and held[0] == stamp:
        return held[1]
    with _lock:
        held = _held.get(path)
        if held is None or held[0] != stamp:
            from jiezhi.assist.classify.model import Model, ModelError  # 带进 numpy，有模型才用

            try:
                held = _held[path] = (stamp, Model.load(path))
            except ModelError:
                return None
    return held[1]


def suggest(text: str, name: str = NAME) -> Suggestion | None:
    """一段文字的建议；没有模型为 None，没把握时 `category` 为 None。"""
    return suggest_many([text], name)[0]


def suggest_many(texts: Sequence[str], name: str = NAME) -> list[Suggestion | None]:
    """成批建议，次序同传入。"""
    model = current(name)
    return [None] * len(texts) if model is None else list(model.suggest_many(texts))


def about(name: str = NAME) -> About | None:
    """现用模型的来历；没有为 None。"""
    model = current(name)
    if model is None:
        return None
    scores = model.about.get("out_of_fold", {})
    return About(
        trained_at=str(model.about.get("trained_at", "")),
        rows=int(model.about.get("rows", 0)),
        classes=len(model.classes),
        target_precision=float(model.about.get("target_precision", 0)),
        coverage=float(scores.get("coverage", 0)),
        precision=scores.get("precision"),
    )


def text_of(values: Mapping[str, Any]) -> str:
    """件上拿来归类的文字：标题和内容，与训练时一样用换行连起来。"""
    found = [values[name].strip() for name in TEXT_FIELDS if isinstance(values.get(name), str)]
    return "\n".join(dict.fromkeys(filter(None, found)))
