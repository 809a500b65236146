"""一批行：对照已有的件，办，得出每一行的结果。在调用者的事务里。"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from jiezhi.base.accounts import secrets
from jiezhi.base.casework import actions as casework
from jiezhi.base.casework.actions import Entry
from jiezhi.base.casework.engine.work import Work
from jiezhi.base.casework.models import Case, Event
from jiezhi.base.casework.outcome import Outcome, Refused, Result
from jiezhi.connect.excel.models import ImportRow, ImportRun
from jiezhi.connect.excel.planning import Act, Planned, Planner, differing, request_key
from jiezhi.core.procedure.view import Actor, Missing

Prepare = Callable[[Work, Sequence[Entry]], None]
_FOLLOWS = frozenset({"group", "not_opened"})


@dataclass
class Known:
    """库里已有的这些编号的件。"""

    cases: dict[str, Case] = field(default_factory=dict)
    openings: dict[int, Event] = field(default_factory=dict)
    done: dict[str, str] = field(default_factory=dict)  # 请求标识 → 内容摘要


@dataclass(slots=True)
class _Turn:
    """一行要办的：从第几个请求起、几个；或者已经有了结论。"""

    planned: Planned
    answer: ImportRow | None = None
    start: int = 0
    acts: list[Act] = field(default_factory=list)
    case: Case | None = None


# 认“同一请求”时，导入不论由谁导都一样。
IMPORT = Actor("import")


def work_through(
    run: ImportRun,
    planner: Planner,
    rows: Sequence[Planned],
    seen: dict[str, int],
    *,
    now: datetime,
    prepare: Prepare | None,
) -> list[ImportRow]:
    """办一批行，返回各行的结果（还没有写库）。`seen` 是本文件里见过的编号 → 行号。"""
    known = _known(planner, rows)
    entries: list[Entry] = []
    turns: list[_Turn] = []
    for planned in rows:
        turn = _decide(run, planner, planned, seen, known)
        if turn.answer is None:
            turn.start = len(entries)
            case = str(turn.case.uid) if turn.case else ""
            entries += planner.entries(planned, run.sm3, case, turn.acts)
        turns.append(turn)
    results: list[Result] = []
    if entries:
        officer = run.officer
        actor = Actor("import", str(officer.pk) if officer else "", officer.name if officer else "导入")
        results = casework.act_many(entries, actor=actor, now=now, batch=len(entries) + 1, prepare=prepare)
    return [
        turn.answer or _conclude(run, planner, turn, results[turn.start : turn.start + len(turn.acts)])
        for turn in turns
    ]


def _row(
    run: ImportRun, planned: Planned, outcome: str, problems: Sequence[str] = (), note: str = ""
) -> ImportRow:
    said = "；".join(filter(None, (note, planned.note)))[:400]
    return ImportRow(
        run=run, row=planned.row, outcome=outcome, number=planned.number, problems=list(problems), note=said
    )


def _known(planner: Planner, rows: Sequence[Planned]) -> Known:
    system = planner.mapping.system
    wanted = [planned for planned in rows if planned.number and not planned.problems]
    found = Known()
    numbers = {planned.number for planned in wanted}
    if not numbers:
        return found
    for case in Case.objects.filter(host_system=system, number__in=numbers):
        found.cases[case.number] = case
    if not found.cases:
        return found
    ids = [case.pk for case in found.cases.values()]
    for event in Event.objects.filter(case__in=ids, seq=1).select_related("payload"):
        found.openings[event.case_id] = event
    keys = [
        request_key(system, planned.number, act.step.decl.action)
        for planned in wanted
        if planned.number in found.cases
        for act in planned.acts
    ]
    found.done = {
        key or "": digest
        for key, digest in Event.objects.filter(key__in=keys).values_list("key", "request_digest")
    }
    return found


def _decide(run: ImportRun, planner: Planner, planned: Planned, seen: dict[str, int], known: Known) -> _Turn:
    turn = _Turn(planned)
    problems = list(planned.problems)
    if planned.number:
        first = seen.setdefault(planned.number, planned.row)
        if first != planned.row:
            problems.append(f"{planner.mapping.number}：与第 {first} 行的编号相同，只看了第 {first} 行")
    if problems:
        turn.answer = _row(run, planned, ImportRow.Outcome.REFUSED, list(dict.fromkeys(problems)))
        return turn
    case = known.cases.get(planned.number)
    if case is None:
        turn.acts = planned.acts
        return turn
    if case.matter != planner.mapping.definition.id:
        text = f"{planner.mapping.number}：这个编号已有一件别的业务，请核对编号"
        turn.answer = _row(run, planned, ImportRow.Outcome.REFUSED, [text])
        return turn
    turn.case = case
    different, turn.acts = _compare(planner, planned, case, known)
    if different:
        text = f"与已有的不同：{'、'.join(different)}。已有的没有改动，要改请到那件上更正"
        turn.answer = _row(run, planned, ImportRow.Outcome.REFUSED, [text])
        turn.answer.case = case.uid
    elif not turn.acts:
        turn.answer = _row(run, planned, ImportRow.Outcome.REPEATED)
        turn.answer.case = case.uid
    return turn


def _compare(planner: Planner, planned: Planned, case: Case, known: Known) -> tuple[list[str], list[Act]]:
    """与已有的件不同的列，和还没有办的几步。"""
    different: list[str] = []
    waiting: list[Act] = []
    requests = planner.entries(planned, "")
    for place, (act, entry) in enumerate(zip(planned.acts, requests, strict=True)):
        if known.done.get(entry.key or "") == entry.digest(IMPORT):
            continue
        if place == 0:
            event = known.openings.get(case.pk)
            different += _differs(act, _opened_with(event), _erased(event))
        elif (entry.key or "") in known.done or (act.step.means and act.step.means <= set(case.done)):
            different += _differs(act, _now(case), set())
        else:
            waiting.append(act)
    return list(dict.fromkeys(different)), waiting


def _differs(act: Act, stored: Mapping[str, object], gone: set[str]) -> list[str]:
    return differing(act.step, act.values, stored, gone)


def _opened_with(event: Event | None) -> dict[str, object]:
    payload = getattr(event, "payload", None)
    if payload is None:
        return {}
    openings = json.loads(secrets.decrypt(bytes(payload.sealed)))
    return {name: opening.get("value") for name, opening in openings.items()}


def _erased(event: Event | None) -> set[str]:
    payload = getattr(event, "payload", None)
    return set(payload.erased) if payload is not None else set()


def _now(case: Case) -> dict[str, object]:
    fields = dict(case.fields)
    if case.sealed:
        fields |= json.loads(secrets.decrypt(bytes(case.sealed)))
    return fields


def _conclude(run: ImportRun, planner: Planner, turn: _Turn, results: Sequence[Result]) -> ImportRow:
    problems: list[str] = []
    for act, result in zip(turn.acts, results, strict=True):
        if isinstance(result, Refused):
            # 前一步没有办成,后一步自然“环节不对、条件不具备”,不必再说。
            beside = bool(problems)
            problems += [
                _say(planner, act, item) for item in result.refusal.missing if not _follows(item, beside)
            ]
    if problems:
        row = _row(run, turn.planned, ImportRow.Outcome.REFUSED, list(dict.fromkeys(problems)))
        row.case = turn.case.uid if turn.case else None
        return row
    outcomes = [result for result in results if isinstance(result, Outcome)]
    warned = "；".join(dict.fromkeys(str(item) for one in outcomes for item in one.warnings))
    if turn.case is not None:
        added = "补办了" + "、".join(f"“{act.step.title}”" for act in turn.acts)
        row = _row(
            run, turn.planned, ImportRow.Outcome.REPEATED, note="；".join(filter(None, (added, warned)))
        )
        row.case = turn.case.uid
        return row
    first = outcomes[0]
    outcome = ImportRow.Outcome.REPEATED if first.repeated else ImportRow.Outcome.OPENED
    row = _row(run, turn.planned, outcome, note=warned)
    row.case = None if run.dry_run else first.uid
    return row


def _follows(item: Missing, beside: bool) -> bool:
    return item.code in _FOLLOWS or (beside and (item.code == "state" or item.code.startswith("need.")))


def _say(planner: Planner, act: Act, item: Missing) -> str:
    column = act.step.decl.at if item.field == "at" else planner.mapping.titles.get(item.field)
    remedy = f"({item.remedy})" if item.remedy else ""
    return f"{column or act.step.title}：{item.say}{remedy}"
