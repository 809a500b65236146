"""一步办完之后要做的事：与办理同一事务排进后续发送，提交后由 worker 做。"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any

from jiezhi.base.casework.engine.loading import Loaded
from jiezhi.base.casework.extensions import Context, Step, extensions
from jiezhi.base.casework.models import Event
from jiezhi.core.procedure.definition import Definition
from jiezhi.core.procedure.plain import value_words
from jiezhi.core.procedure.view import CaseView, Plan, Request
from jiezhi.core.prose import due_words

if TYPE_CHECKING:
    from jiezhi.base.casework.engine.work import Work

# 没有写对并入各件怎样说的，只说办到哪里。
STAGE = "现在是“{state}”。"
_PLACEHOLDER = re.compile(r"\{([a-z][a-z0-9_.]*)\}")


def queue(
    work: Work, loaded: Loaded, outcome: Plan, request: Request, event: Event, before: CaseView | None
) -> None:
    """排入这一步的后续发送：自动办理、通知、文书、随之发生、告诉上级件。`before` 是办之前的样子。"""
    view = loaded.view
    stem = f"{view.uid}:{view.seq}"
    for name in outcome.followups:
        work.buffer.delivery(loaded, event, "auto", f"auto:{stem}:{name}", {"action": name})
    for index, notice in enumerate(outcome.decl.notify):
        ops = outcome.effects.get("clocks", ())
        payload = {"to": notice.to, "text": _words(loaded, notice.text, ops, work.now)}
        if notice.to in ("reporter", "followers"):
            payload["merged"] = _words(loaded, notice.merged or STAGE, ops, work.now)
        work.buffer.delivery(loaded, event, "notify", f"notify:{stem}:{index}", payload)
    for title in outcome.decl.document:
        work.buffer.delivery(loaded, event, "document", f"document:{stem}:{title}", {"document": title})
    for name in outcome.decl.then:
        consequence = extensions.consequences.get(name)
        if consequence is None:
            continue
        found = consequence(Context(work, view, view.fields, request.actor, work.now))
        for index, (kind, payload) in enumerate(found):
            work.buffer.delivery(loaded, event, kind, f"{kind}:{stem}:{name}:{index}", payload)
    _tell_listeners(work, loaded, outcome, request, event, before)
    meant = outcome.decl.means
    if meant and before is not None and any(one.open for one in loaded.definition.matter.actions.values()):
        work.buffer.delivery(loaded, event, "parent", f"parent:{stem}", {"means": list(meant)})
    closed_now = view.closed_at is not None and (before is None or before.closed_at is None)
    if closed_now and (loaded.row.parent_id or view.parent):
        work.buffer.delivery(loaded, event, "child", f"child:{stem}", {"slot": loaded.row.slot})


def _tell_listeners(
    work: Work, loaded: Loaded, outcome: Plan, request: Request, event: Event, before: CaseView | None
) -> None:
    view = loaded.view
    step = Step(
        action=event.action,
        means=tuple(outcome.decl.means),
        from_state=event.from_state,
        to_state=event.to_state,
        seq=view.seq,
        opened=before is None,
        closed=view.closed_at is not None and (before is None or before.closed_at is None),
    )
    context = Context(work, view, view.fields, request.actor, work.now, loaded.definition, request.at)
    for name, listener in extensions.listeners.items():
        for index, (kind, payload) in enumerate(listener(context, step)):
            key = f"{kind}:{view.uid}:{view.seq}:{name}:{index}"
            work.buffer.delivery(loaded, event, kind, key, payload)


def _words(loaded: Loaded, template: str, ops: Sequence[Mapping[str, Any]], now: datetime) -> str:
    view, definition = loaded.view, loaded.definition
    running = [clock for clock in view.clocks if clock.status == "running"]
    # 说的是这一步刚起算、刚延长的时限；别的时限可能早已超期，写进去就告诉错了人。
    touched = {(op["clock"], op.get("key", "")) for op in ops if op["op"] not in ("end", "void")}
    mine = [clock for clock in running if (clock.name, clock.key) in touched]
    due = min((clock.due_at for clock in mine or running), default=None)
    plain = {
        "number": view.number,
        "title": _title(view, definition),
        "state": definition.matter.states[view.state].title,
        "due": due_words(due, now) if due else "",
    }

    def fill(mark: re.Match[str]) -> str:
        name = mark[1]
        if name.startswith("field."):
            name = name.removeprefix("field.")
            decl = definition.matter.fields.get(name)
            return value_words(decl, view.fields.get(name), lambda _, code: code) if decl else ""
        return plain.get(name, mark[0])

    # 只换一遍：来件人在正文里写“{field.reporter}”，不能变成别人的姓名电话。
    return _PLACEHOLDER.sub(fill, template)


def _title(view: CaseView, definition: Definition) -> str:
    """件名；作件名的字段不能外露时用业务名称。"""
    summary = definition.matter.fields.get(definition.matter.summary or "")
    if summary is None or summary.secret:
        return definition.matter.title
    return str(view.fields.get(definition.matter.summary or "", "") or definition.matter.title)
