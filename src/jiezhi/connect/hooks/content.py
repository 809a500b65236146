"""推什么：照办理记录写正文，敏感的打码，文字里的电话、证件号、门牌室号遮住。同一步什么时候写都一样。"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from jiezhi.base.casework import matters, queries
from jiezhi.base.casework.builtins import action_title
from jiezhi.base.casework.followups import people_to_mask
from jiezhi.base.casework.models import Case, Event
from jiezhi.connect import steps
from jiezhi.core.evidence import encode
from jiezhi.core.procedure.definition import Definition
from jiezhi.core.procedure.fields import FieldType
from jiezhi.core.procedure.fold import ERASED, REASON
from jiezhi.core.prose.redaction import redactor

Clean = Callable[[str], str]
# 写正文要用到的件的各列。
NEEDED = ("uid", "number", "matter", "title", "fields", "sealed", "head", "version__digest", "version__title")
KEPT = 1000
_written: dict[tuple[bytes, bytes], bytes] = {}


def message_of(event: Event, case: Case, subscription: int) -> str:
    """消息标识：同一步推给同一个订阅，重送、手动重发都是它，对方凭它认重。"""
    return f"msg_{case.uid.hex}_{event.seq}_{subscription}"


def body_of(event: Event, case: Case) -> bytes:
    """一步的正文（UTF-8 的 JSON）。`case` 要带着 version。同一步推给几个订阅的，只写一遍。"""
    # 件再办了什么（依法清除也是一步），链头就变：写好的不会用到变了之后。
    key = bytes(event.digest), bytes(case.head)
    if key not in _written:
        if len(_written) >= KEPT:
            _written.clear()
        _written[key] = _body(event, case)
    return _written[key]


def _body(event: Event, case: Case) -> bytes:
    step = json.loads(bytes(event.body))
    definition = matters.definition_with(step["definition"]) or matters.definition_of(case.version)
    decl = definition.action(event.action)
    values = steps.filled(event)
    clean = redactor(people_to_mask(case, values))
    state = definition.matter.states.get(event.to_state)
    closed = step["effects"].get("closed")
    data = {
        "case": str(case.uid),
        "number": case.number,
        "matter": case.matter,
        "matter_title": definition.matter.title,
        "title": clean(case.title),
        "seq": event.seq,
        "action": event.action,
        "action_title": action_title(event.action) or (decl.title if decl else event.action),
        "means": list(decl.means) if decl else [],
        "from": event.from_state or None,
        "state": event.to_state,
        "state_title": state.title if state else event.to_state,
        "closed": closed,
        "at": step["at"],
        "by": step["actor"]["kind"],
        "unit": step["actor"].get("unit"),
        "values": {
            name: _shown(definition, name, values.get(name, ERASED), clean)
            for name in step["inputs"]
            if name != REASON
        },
    }
    kind = "case.opened" if event.seq == 1 else "case.closed" if closed else "case.step"
    return encode({"type": kind, "timestamp": step["recorded_at"], "data": data})


def _shown(definition: Definition, name: str, value: Any, clean: Clean) -> Any:
    decl = definition.matter.fields.get(name)
    if decl is None or decl.secret:
        value = queries.masked_value(decl, value)
    if decl is not None and decl.type in (FieldType.PLACE, FieldType.FILE):
        return value  # 地点、材料的摘要：不保密的照给，遮了就没有用了
    return steps.cleaned(value, clean)
