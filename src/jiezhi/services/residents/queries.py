"""给来件人看的：能登记哪些业务，自己那一件办到哪一步。没有别人的信息，也没有办理人的姓名。"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.utils import timezone

from jiezhi.base.casework import matters
from jiezhi.base.casework.engine.rows import case_view
from jiezhi.base.casework.engine.work import Work
from jiezhi.base.casework.followups import as_sent
from jiezhi.base.casework.models import Case, Event, MatterVersion, Notice
from jiezhi.base.documents.values import Names
from jiezhi.core.procedure import interpreter
from jiezhi.core.procedure.asking import asked
from jiezhi.core.procedure.definition import Definition
from jiezhi.core.procedure.fields import FieldType
from jiezhi.core.procedure.plain import value_words
from jiezhi.core.procedure.view import Plan, Request
from jiezhi.services.residents.actions import RESIDENT, online

# 这些依据可以对外说。
QUOTABLE = ("已核对", "推导", "内部规定")
# 并入的件又并入别的，至多追这么多层。
FOLLOW = 5


@dataclass(frozen=True, slots=True)
class Move:
    """走到一个环节。"""

    at: datetime
    title: str


@dataclass(frozen=True, slots=True)
class Said:
    """告诉过来件人的一句话。"""

    at: datetime
    text: str


@dataclass(frozen=True, slots=True)
class Shown:
    """可以给来件人看的一项内容。"""

    name: str
    title: str
    text: str


@dataclass(frozen=True, slots=True)
class Choice:
    """来件人现在能办的一步：要填什么、要不要写理由。"""

    action: str
    title: str
    help: str
    reason: bool
    fields: Sequence[dict[str, Any]]


@dataclass(frozen=True, slots=True)
class Progress:
    """一件的进度。并入了别的件的，环节是那一件的。"""

    number: str
    matter: str
    state: str
    help: str
    merged: bool
    opened_at: datetime
    closed_at: datetime | None
    steps: Sequence[Move]
    messages: Sequence[Said]
    contents: Sequence[Shown]
    choices: Sequence[Choice]


def openable(now: datetime | None = None) -> list[tuple[MatterVersion, str]]:
    """居民现在可以在网上登记的业务：（现行版本，开件动作）。"""
    work = Work(now or timezone.now())
    rows = MatterVersion.objects.filter(is_current=True).defer("content").order_by("title")
    return [(row, name) for row in rows for name in online(matters.definition_of(row), work)]


def found(uid: str) -> Case | None:
    """凭查询码找到过的一件再取一次；没有了为 None。`uid` 须是先前 `actions.find`、`actions.report` 给的。"""
    return Case.objects.filter(uid=uid).select_related("version").defer("version__content").first()


def promised(definition: Definition) -> list[str]:
    """多久给答复，照业务模板的时限声明：如“派给责任单位”起5个工作日内办理。没有声明的为空，不猜。

    只说约束本单位、到答复或者决定为止、从登记或者从某一步起算的；依据还没有核对的不对外说。
    """
    said = []
    for clock in definition.matter.clocks.values():
        citation = definition.citation(clock.basis)
        ours = clock.limit and clock.protects is None and clock.whose is None and clock.per is None
        ends = {"means.answer", "means.decide"} & set(clock.until)
        starts = next((words for one in clock.from_ if (words := _start(definition, one))), "")
        if ours and ends and starts and citation and citation.status in QUOTABLE:
            said.append(f"{starts}起{clock.limit}内{clock.title}")
    return sorted(said, key=lambda one: not one.startswith("登记"))


def _start(definition: Definition, moment: str) -> str:
    """从哪一步起算：登记，或者那一步的名称；不是从这两样起算的为空。"""
    kind, _, name = moment.partition(".")
    acts = definition.matter.actions
    found = [one for one in acts if name == one] or [one for one, decl in acts.items() if name in decl.means]
    if kind == "open" or (kind == "means" and any(one in definition.opening_actions for one in found)):
        return "登记"
    return f"“{acts[found[0]].title}”" if kind == "means" and found else ""


def progress(case: Case, *, now: datetime | None = None) -> Progress:
    """来件人自己那一件办到哪一步。`case` 须是凭查询码找到的。"""
    moment = now or timezone.now()
    definition = matters.definition_of(case.version)
    last = _last(case)
    state = matters.definition_of(last.version).matter.states[last.state]
    return Progress(
        number=case.number,
        matter=definition.matter.title,
        state=state.title,
        help=state.help or "",
        merged=last.pk != case.pk,
        opened_at=case.opened_at,
        closed_at=last.closed_at,
        steps=_steps(case, definition),
        messages=[
            Said(at, as_sent(text, case))
            for at, text in Notice.objects.filter(case=case, to_reporter=True)
            .order_by("created_at", "pk")
            .values_list("created_at", "text")
        ],
        contents=_contents(case, definition, moment),
        choices=_choices(case, moment),
    )


def _last(case: Case) -> Case:
    """并入了别的件的，追到最后那一件。"""
    found = case
    for _ in range(FOLLOW):
        if found.merged_into_id is None:
            break
        found = Case.objects.select_related("version").defer("version__content").get(pk=found.merged_into_id)
    return found


def _steps(case: Case, definition: Definition) -> list[Move]:
    states = definition.matter.states
    rows = Event.objects.filter(case=case).order_by("seq").values_list("at", "from_state", "to_state")
    return [
        Move(at, states[after].title) for at, before, after in rows if before != after and after in states
    ]


def _contents(case: Case, definition: Definition, now: datetime) -> list[Shown]:
    """声明了可以给来件人看的字段；材料不给。"""
    names, values = Names(now), case_view(case, ()).fields
    return [
        Shown(name, decl.title, value_words(decl, values[name], names.get))
        for name, decl in definition.matter.fields.items()
        if decl.public and not decl.secret and decl.type is not FieldType.FILE and name in values
    ]


def _choices(case: Case, now: datetime) -> list[Choice]:
    work = Work(now)
    work.load_for_reading([str(case.uid)])
    loaded = work.loaded[str(case.uid)]
    request = Request("", RESIDENT, now, now)
    found = interpreter.available(
        loaded.definition, loaded.view, request, work.env(loaded.definition, request)
    )
    return [
        Choice(
            one.action,
            one.decl.title,
            one.decl.help or "",
            one.decl.reason,
            asked(loaded.definition, one.decl, RESIDENT.kind),
        )
        for one in found
        if isinstance(one, Plan)
    ]
