"""件给程序看的样子。保密的字段打码，与页面用的是同一套；看得见看不见由调用者先查。"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from django.db.models import Q

from jiezhi.api.problems import missing_out
from jiezhi.base.accounts.models import Officer
from jiezhi.base.casework import matters
from jiezhi.base.casework import queries as casework
from jiezhi.base.casework.engine.rows import case_view
from jiezhi.base.casework.models import Case, Clock
from jiezhi.base.casework.outcome import Outcome
from jiezhi.base.documents.queries import documents_of
from jiezhi.base.documents.values import Names
from jiezhi.core.procedure.asking import asked
from jiezhi.core.procedure.definition import Definition
from jiezhi.core.procedure.fields import FieldDecl, FieldType
from jiezhi.core.procedure.fold import ERASED
from jiezhi.core.procedure.plain import value_words
from jiezhi.core.procedure.view import Plan, Refusal

Out = dict[str, Any]


def done(result: Outcome, definition: Definition) -> Out:
    """办成了的答复。"""
    return {
        "uid": result.uid,
        "number": result.number,
        "version": result.seq,
        "state": state(definition, result.state),
        "warnings": [missing_out(one) for one in result.warnings],
        "children": list(result.children),
        "repeated": result.repeated,
    }


def state(definition: Definition, name: str) -> Out:
    """环节的代号和名称。"""
    found = definition.matter.states.get(name)
    return {"code": name, "title": found.title if found else name}


def row(case: Case, now: datetime) -> Out:
    """列表的一行。`case` 带着 version、unit。"""
    definition = matters.definition_of(case.version)
    return {
        "uid": case.uid,
        "number": case.number,
        "matter": {"code": case.matter, "title": definition.matter.title},
        "title": case.title,
        "state": state(definition, case.state),
        "unit": {"code": case.unit.code, "title": str(case.unit)} if case.unit else None,
        "area": case.area_id,
        "light": casework.light_of(case, now),
        "due_at": case.due_at,
        "opened_at": case.opened_at,
        "closed_at": case.closed_at,
        "version": case.seq,
    }


def whole(case: Case, officer: Officer, now: datetime) -> Out:
    """一件的全部。"""
    definition = casework.definition_of(case)
    names = Names(now)
    return {
        **row(case, now),
        "class_name": definition.matter.class_,
        "digest": bytes(case.head).hex(),
        "tags": case.tags,
        **_links(case, officer, now),
        "roles": _roles(case, definition, names),
        "fields": _fields(case, definition, names),
        "clocks": _clocks(case, definition, now),
        "steps": _steps(case, definition, names),
        **_materials(case, definition),
        "available": choices(case, officer, now),
    }


def choices(case: Case, officer: Officer, now: datetime) -> list[Out]:
    """这个人现在能办的和差条件的：差什么、要填什么。"""
    definition = casework.definition_of(case)
    found = casework.available(case, officer, now=now)
    return [choice(definition, one) for name, one in found if not definition.matter.actions[name].jointly]


def choice(definition: Definition, outcome: Plan | Refusal) -> Out:
    """一个办理动作。"""
    decl = definition.matter.actions[outcome.action]
    missing = outcome.missing if isinstance(outcome, Refusal) else tuple(outcome.warnings)
    return {
        "action": outcome.action,
        "title": decl.title,
        "help": decl.help or "",
        "ready": isinstance(outcome, Plan),
        "missing": [missing_out(one) for one in missing],
        "reason": decl.reason,
        "fields": asked(definition, decl),
    }


def _roles(case: Case, definition: Definition, names: Names) -> list[Out]:
    found = []
    for role, people in case.roles.items():
        decl = definition.matter.roles.get(role)
        who = [{"code": str(one), "title": names.officer(str(one))} for one in people]
        found.append({"role": role, "title": decl.title if decl else role, "officers": who})
    return found


def _fields(case: Case, definition: Definition, names: Names) -> list[Out]:
    current = case_view(case, ()).fields
    found = []
    for name, decl in definition.matter.fields.items():
        if name not in current:
            continue
        masked = decl.secret and current[name] != ERASED
        value = casework.masked_value(decl, current[name]) if masked else current[name]
        text = value_words(decl, value, names.get)
        head = {"name": name, "title": decl.title, "type": decl.type.value}
        found.append({**head, "value": value, "text": text, "masked": masked})
    return found


def _clocks(case: Case, definition: Definition, now: datetime) -> list[Out]:
    found = []
    for one in Clock.objects.filter(case=case).order_by("pk"):
        decl = definition.matter.clocks.get(one.name)
        theirs = bool(decl and decl.whose)
        found.append(
            {
                "name": one.name,
                "title": decl.title if decl else one.name,
                "party": one.key,
                "round": one.round,
                "status": one.status,
                "limit": one.limit,
                "started_at": one.started_at,
                "due_at": one.due_at,
                "ended_at": one.ended_at,
                "overdue": not (one.void or theirs) and (one.ended_at or now) >= one.due_at,
                "protects": bool(decl and decl.protects),
                "theirs": theirs,
                "provisional": one.provisional,
                "void": one.void,
            }
        )
    return found


def _steps(case: Case, definition: Definition, names: Names) -> list[Out]:
    found = []
    for line in casework.timeline(case):
        event = line.event
        found.append(
            {
                "seq": event.seq,
                "action": event.action,
                "title": line.title,
                "who": line.who,
                "at": event.at,
                "recorded_at": event.recorded_at,
                "before": event.from_state,
                "after": event.to_state,
                "reason": line.reason,
                "deemed": line.deemed,
                "values": list(_values(line, definition, names)),
                "digest": bytes(event.digest).hex(),
            }
        )
    return found


def _values(line: casework.Line, definition: Definition, names: Names) -> Iterable[Out]:
    for name, (title, value, _) in zip(line.names, line.values, strict=True):
        decl = definition.matter.fields.get(name) or FieldDecl(title=title, type=FieldType.TEXT)
        text = value_words(decl, value, names.get)
        yield {"name": name, "title": title, "text": text, "suggested": name in line.filled}


def _materials(case: Case, definition: Definition) -> Out:
    fields = definition.matter.fields
    papers = list(documents_of(case))
    titles = {one.title for one in papers}
    # 文书和签回件在文书里，不在材料里再列一遍。
    uses = [one for one in casework.evidence_of(case) if one.field in fields or one.field not in titles]
    called = casework.evidence_names(uses)
    materials = []
    for use in uses:
        secret = use.field not in fields or fields[use.field].secret
        materials.append(
            {
                "digest": use.file_id,
                "name": casework.plain_name(use.file) if secret else called[use.file_id],
                "kind": use.file.kind,
                "size": use.file.size,
                "field": use.field,
                "step": use.event.seq,
                "secret": secret,
            }
        )
    return {
        "materials": materials,
        "papers": [
            {
                "short": one.short,
                "title": one.title,
                "number": one.number,
                "version": one.version,
                "state": one.state,
                "created_at": one.created_at,
                "made_at": one.made_at,
            }
            for one in papers
        ],
    }


def _links(case: Case, officer: Officer, now: datetime) -> Out:
    """上级件、子件、并入的件；看不见的不列。"""
    near = Q(parent=case) | Q(merged_into=case)
    near |= Q(pk__in=[one for one in (case.parent_id, case.merged_into_id) if one])
    rows = (
        casework.visible(officer, now)
        .filter(near)
        .select_related("version")
        .defer("version__content", "sealed", "fields")
        .order_by("-opened_at")[:100]
    )
    links = [_link(case, one) for one in rows]
    into = next((one["uid"] for one in links if one["how"] == "merged_into"), None)
    return {"links": links, "merged_into": into}


def _link(case: Case, other: Case) -> Out:
    how = "merged" if other.merged_into_id == case.pk else "child"
    if other.pk == case.parent_id:
        how = "parent"
    elif other.pk == case.merged_into_id:
        how = "merged_into"
    current = state(matters.definition_of(other.version), other.state)
    return {
        "how": how,
        "uid": other.uid,
        "number": other.number,
        "title": other.title,
        "state": current,
    }
