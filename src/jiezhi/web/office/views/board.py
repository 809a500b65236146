"""看板：一种业务的各环节一列一列地看，把卡片移到另一列就是办一步。

能不能移由 casework 说（`board.ways`），移由 casework.actions.act 办；拖放、“移到…”的按钮交到同一个网址。
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_http_methods

from jiezhi.base.accounts.models import Officer
from jiezhi.base.casework import actions, board, queries
from jiezhi.base.casework.models import Case
from jiezhi.base.casework.outcome import Refused
from jiezhi.base.registry import queries as registry
from jiezhi.core.procedure.definition import Definition
from jiezhi.core.procedure.view import Missing
from jiezhi.web.forms.controls import area_groups
from jiezhi.web.forms.tokens import new_token, token_of
from jiezhi.web.office import lists
from jiezhi.web.office import queries as office
from jiezhi.web.office.parts import Act
from jiezhi.web.office.shell import officer_of, page, show
from jiezhi.web.office.trying import UNSEEN

TAIL = 6


@dataclass(frozen=True, slots=True)
class Wanted:
    """网址里选的。`ended` 为真时办结的列也展开。"""

    matter: str = ""
    unit: str = ""
    area: str = ""
    ended: bool = False

    @classmethod
    def read(cls, request: HttpRequest) -> Wanted:
        """认不得的当没有选。"""
        one = {
            name: request.GET.get(name, "").replace("\x00", "").strip()[:100]
            for name in ("matter", "unit", "area")
        }
        return cls(**one, ended=request.GET.get("ended") == "1")

    def address(self, **changes: Any) -> str:
        """换一样之后的网址（“?”之后的部分）。"""
        found = {
            "matter": self.matter,
            "unit": self.unit,
            "area": self.area,
            "ended": "1" if self.ended else "",
        }
        return urlencode({key: value for key, value in (found | changes).items() if value})


@dataclass(frozen=True, slots=True)
class Card:
    """一张卡片。`moves` 是流程上一步能到的环节：（代号、名称）。"""

    row: lists.Row
    tail: str
    where: str
    moves: Sequence[tuple[str, str]]


@dataclass(frozen=True, slots=True)
class Shown:
    """一列。`rest` 是没有列出来的件数，写成给人看的。"""

    column: board.Column
    count: str
    rest: str
    cards: Sequence[Card]
    more: str


@dataclass(frozen=True, slots=True)
class Stuck:
    """没有移成：哪一件、差什么；`choices` 是有几种办法、要他自己选的。"""

    case: Case
    to: str
    missing: Sequence[Missing] = ()
    choices: Sequence[tuple[str, str]] = field(default_factory=tuple)


@page
@require_http_methods(["GET", "HEAD", "POST"])
def kanban(request: HttpRequest) -> HttpResponse:
    """看板；POST 是移一张卡片（`move` 为“件:版本:环节”）。"""
    wanted, now = Wanted.read(request), timezone.now()
    if request.method == "POST":
        answer = _move(request, wanted, now)
        return answer if isinstance(answer, HttpResponse) else _render(request, wanted, now, answer)
    return _render(request, wanted, now)


def _render(request: HttpRequest, wanted: Wanted, now: datetime, stuck: Stuck | None = None) -> HttpResponse:
    officer = officer_of(request)
    busy = board.in_hand(officer, now)
    versions = office.current_matters()
    known = {one.matter: one.title for one in versions}
    if wanted.matter not in known:
        wanted = Wanted(
            next((one for one in busy if one in known), ""), wanted.unit, wanted.area, wanted.ended
        )
    chosen = lists.chosen_definition(versions, wanted.matter)
    context = {
        "wanted": wanted,
        "chosen": chosen,
        "columns": _columns(officer, chosen, wanted, now) if chosen else [],
        "days": board.ENDED_WITHIN.days,
        "busy": [(one, known[one]) for one in busy if one in known],
        "idle": [(one, title) for one, title in known.items() if one not in busy],
        "units": office.unit_groups(),
        "areas": area_groups(),
        "address": wanted.address(),
        "fold": wanted.address(ended="" if wanted.ended else "1"),
        "token": new_token(),
        "stuck": stuck,
    }
    status = 422 if stuck and not stuck.choices else 200
    return show(request, "office/board.html", context, rail="board", status=status)


def _columns(officer: Officer, chosen: Definition, wanted: Wanted, now: datetime) -> list[Shown]:
    area = registry.area_paths().get(wanted.area, "没有这个区域") if wanted.area else ""
    found = board.columns(officer, chosen, unit=wanted.unit, area=area, ended=wanted.ended, now=now)
    rows = {row.case.pk: row for row in lists.describe([case for one in found for case in one.cases], now)}
    titles = {one.state: one.title for one in found}
    shown = []
    for one in found:
        moves = [(name, titles[name]) for name in one.onward]
        cards = [_card(rows[case.pk], moves) for case in one.cases]
        count = office.counted(one.total)
        left = count.number - len(cards)
        rest = f"{left}{'+' if count.more else ''}" if left > 0 else ""
        asked = {
            "matter": chosen.id,
            "state": one.state,
            "unit": wanted.unit,
            "area": wanted.area,
            "scope": "all",
        }
        if one.ended:
            asked["open"] = "closed"
        more = urlencode({key: value for key, value in asked.items() if value})
        shown.append(Shown(one, count.shown, rest, cards, more))
    return shown


def _card(row: lists.Row, moves: Sequence[tuple[str, str]]) -> Card:
    case = row.case
    return Card(row, case.number[-TAIL:], case.area.name if case.area else "", moves)


def _move(request: HttpRequest, wanted: Wanted, now: datetime) -> HttpResponse | Stuck:
    """移一张卡片：唯一的办法、没有要填的，直接办；要填的打开件页的表单；办不了的说差什么。"""
    officer = officer_of(request)
    uid, version, to = _asked(request.POST.get("move", ""))
    key = f"board:{officer.pk}:{token_of(request.POST) or new_token()}:{uid}:{version}"
    back = f"{reverse('office:board')}?{wanted.address()}"
    case = queries.case_for(officer, uid) if uid else None
    found = board.ways(case, officer, to, now=now) if case else None
    acts = (
        [Act(name, decl, ()) for name in found.ready if (decl := _decl(case, name))] if case and found else []
    )
    at_once = len(acts) == 1 and acts[0].direct and acts[0].decl.weight != "danger"
    if case is not None and at_once and version is not None:
        act = acts[0]
        result = actions.act(uid, act.name, acting_officer=officer, version=version, key=key)
        if isinstance(result, Refused):
            return Stuck(queries.case_for(officer, uid) or case, _title(case, to), result.refusal.missing)
        state = _title(case, result.state)
        said = "这一步已经办过，没有重复办理" if result.repeated else f"“{act.decl.title}”办好了"
        messages.success(request, f"{result.number} {said}，现在是“{state}”")
        return redirect(f"{back}#c-{uid}")
    if queries.done_before(key):  # 连点两次：头一次已经办成，件已经不在原来的环节
        messages.success(request, "这一步已经办过，没有重复办理")
        return redirect(back)
    if case is None or found is None:
        raise Http404("没有这件，或您无权查看")
    if version is None:
        return Stuck(case, _title(case, to), (UNSEEN,))
    page_of = reverse("office:case", args=[case.uid])
    if len(acts) == 1:
        messages.info(request, f"在这里办“{acts[0].decl.title}”，填好交了就到“{_title(case, to)}”")
        return redirect(f"{page_of}?act={acts[0].name}")
    choices = [(act.decl.title, f"{page_of}?act={act.name}") for act in acts]
    return Stuck(case, _title(case, to), found.missing, choices)


def _decl(case: Case, name: str) -> Any:
    return queries.definition_of(case).action(name)


def _title(case: Case, state: str) -> str:
    found = queries.definition_of(case).matter.states.get(state)
    return found.title if found else "那一列"


def _asked(text: str) -> tuple[str, int | None, str]:
    """“件:版本:环节”；不成样的件为空串、版本为 None。"""
    uid, _, rest = text.partition(":")
    version, _, to = rest.partition(":")
    try:
        uid = str(UUID(uid))
    except ValueError:
        uid = ""
    number = int(version) if version.isdecimal() and len(version) < 10 else 0
    return uid, number or None, to.replace("\x00", "")[:48]
