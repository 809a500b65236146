"""登记给业务模板用的事实：`fill: {category: classify.category}`。只是预填，由人决定。

同一次事务里同样的文字只算一次；成批导入时先 `prefetch`,一批一起算。
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING
from weakref import WeakKeyDictionary

from jiezhi.assist.classify import queries
from jiezhi.base.casework.actions import Entry
from jiezhi.base.casework.engine.work import Work
from jiezhi.base.casework.extensions import Context, extensions
from jiezhi.core.procedure.fields import FieldType

if TYPE_CHECKING:
    from jiezhi.assist.classify.model import Suggestion

FIELD = "category"
CODES = "report_category"

_told: WeakKeyDictionary[Work, dict[str, Suggestion | None]] = WeakKeyDictionary()


def register() -> None:
    """在 AppConfig.ready() 里调用；重复调用无妨。"""
    extensions.fact("classify.category", "建议的类别", category)


def prefetch(work: Work, entries: Sequence[Entry]) -> None:
    """`act_many(prepare=prefetch)`:这一批要开的、没有写类别的件，一起算好。"""
    told = _told.setdefault(work, {})
    texts = [
        queries.text_of(entry.inputs) for entry in entries if entry.matter and not entry.inputs.get(FIELD)
    ]
    fresh = [text for text in dict.fromkeys(texts) if text and text not in told]
    if fresh:
        told.update(zip(fresh, queries.suggest_many(fresh), strict=True))


def category(context: Context) -> str | None:
    """建议的类别代码；没有模型、没把握、类别已不在代码表里的为 None。"""
    said = _suggestion(context)
    if said is None or said.category is None:
        return None
    return said.category if said.category in context.work.look.codes(_codes(context)) else None


def _suggestion(context: Context) -> Suggestion | None:
    text = queries.text_of(context.fields)
    if not text:
        return None
    told = _told.setdefault(context.work, {})
    if text not in told:
        told[text] = queries.suggest(text)
    return told[text]


def _codes(context: Context) -> str:
    """类别字段用的代码表。"""
    fields = context.definition.matter.fields if context.definition else {}
    decl = fields.get(FIELD)
    return decl.list if decl is not None and decl.type is FieldType.CODE and decl.list else CODES
