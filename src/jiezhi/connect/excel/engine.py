"""一批行：对照已有的件，办，得出每一行的结果。在调用者的事务里。"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from jiezhi.base.accounts import secrets
from jiezhi.base.casework import actions as casework
from jiezhi.base.casework.actions import Entry
from jiezhi.base.casework.engine.work import Work
from jiezhi.base.casework.models import Case, CaseField, Event
from jiezhi.base.casework.outcome import Outcome, Refused, Result
from jiezhi.connect.excel import changes
from jiezhi.connect.excel.changes import Ledger
from jiezhi.connect.excel.models import ImportRow, ImportRun, SheetChange
from jiezhi.connect.excel.planning import Act, Difference, Planned, Planner, differing
from jiezhi.core.evidence.digest import sm3_hex
from jiezhi.core.procedure.view import Actor, Missing

Prepare = Callable[[Work, Sequence[Entry]], None]
_FOLLOWS = frozenset({"group", "not_opened"})


@dataclass
class Known:
    """库里已有的这些编号的件。`doubled` 是记在几件上的编号，`ours` 是凭我方编号认出的件。"""

    cases: dict[str, Case] = field(default_factory=dict)
    doubled: set[str] = field(default_factory=set)
    ours: dict[str, Case] = field(default_factory=dict)
    openings: dict[int, Event] = field(default_factory=dict)
    done: dict[str, str] = field(default_factory=dict)  # 请求标识 → 内容摘要
    ledgers: dict[str, Ledger] = field(default_factory=dict)


@dataclass(slots=True)
class _Turn:
    """一行要办的：从第几个请求起、几个；或者已经有了结论。`follows` 是跟着对方走的列。"""

    planned: Planned
    answer: ImportRow | None = None
    start: int = 0
    acts: list[Act] = field(default_factory=list)
    case: Case | None = None
    follows: list[Difference] = field(default_factory=list)


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
    noted: list[SheetChange] = []
    for planned in rows:
        turn = _decide(run, planner, planned, seen, known, noted, now)
        if turn.answer is None:
            turn.start = len(entries)
            entries += _entries(run, planner, turn)
        turns.append(turn)
    results: list[Result] = []
    if entries:
        results = casework.act_many(
            entries,
            actor=casework.import_actor(run.officer),
            now=now,
            batch=len(entries) + 1,
            prepare=prepare,
        )
    found: list[ImportRow] = []
    for turn in turns:
        mine = results[turn.start : turn.start + len(turn.acts)] if turn.answer is None else []
        found.append(turn.answer or _conclude(run, planner, turn, mine))
        noted += _followed(run, turn, mine, now)
    SheetChange.objects.bulk_create(noted)
    return found


def _entries(run: ImportRun, planner: Planner, turn: _Turn) -> list[Entry]:
    """一行的请求。跟着走的一步，请求标识里有件现在的样子：变了又变回来，还认得是新的一次。"""
    made = planner.entries(turn.planned, run.sm3, str(turn.case.uid) if turn.case else "", turn.acts)
    for place, act in enumerate(turn.acts):
        if act.step.decl.again and turn.case is not None:
            seen = sm3_hex(f"{turn.case.seq}:{made[place].digest(IMPORT)}".encode())[:16]
            made[place] = replace(made[place], key=planner.key(turn.planned, act, seen), group="")
    return made


def _row(
    run: ImportRun, planned: Planned, outcome: str, problems: Sequence[str] = (), note: str = ""
) -> ImportRow:
    said = "；".join(filter(None, (note, planned.note)))[:400]
    return ImportRow(
        run=run, row=planned.row, outcome=outcome, number=planned.number, problems=list(problems), note=said
    )


def _known(planner: Planner, rows: Sequence[Planned]) -> Known:
    mapping = planner.mapping
    wanted = [planned for planned in rows if planned.number and (planned.held or not planned.problems)]
    found = Known()
    numbers = {planned.number for planned in wanted}
    if not numbers:
        return found
    if mapping.number_field:
        listed = CaseField.objects.filter(
            name=mapping.number_field, text__in=numbers, case__matter=mapping.definition.id
        )
        for row in listed.select_related("case").order_by("case"):
            if row.text in found.cases:
                found.doubled.add(row.text)
            found.cases[row.text] = row.case
    else:
        for case in Case.objects.filter(host_system=mapping.system, number__in=numbers):
            found.cases[case.number] = case
    ours = {planned.ours for planned in wanted if planned.ours and planned.number not in found.cases}
    if ours:
        mine = Case.objects.filter(matter=mapping.definition.id, number__in=ours)
        found.ours = {case.number: case for case in mine}
    if not found.cases:
        return found
    ids = [case.pk for case in found.cases.values()]
    for event in Event.objects.filter(case__in=ids, seq=1).select_related("payload"):
        found.openings[event.case_id] = event
    keys = [
        planner.key(planned, act)
        for planned in wanted
        if planned.number in found.cases
        for act in planned.acts
        if not act.step.decl.again
    ]
    found.done = {
        key or "": digest
        for key, digest in Event.objects.filter(key__in=keys).values_list("key", "request_digest")
    }
    found.ledgers = changes.ledgers(found.cases.values())
    return found


def _decide(
    run: ImportRun,
    planner: Planner,
    planned: Planned,
    seen: dict[str, int],
    known: Known,
    noted: list[SheetChange],
    now: datetime,
) -> _Turn:
    turn = _Turn(planned)
    case = known.cases.get(planned.number)
    problems = _wrong(planner, planned, case, seen, known)
    if problems:
        turn.answer = _row(run, planned, ImportRow.Outcome.REFUSED, list(dict.fromkeys(problems)))
        return turn
    if case is None:
        turn.acts = [act for act in planned.acts if not act.step.decl.again]  # 跟着走的列，开件时已经填了
        if planned.held:
            turn.answer = _row(run, planned, ImportRow.Outcome.SKIPPED, note=planned.held)
        return turn
    turn.case = case
    ledger = known.ledgers.get(str(case.uid), Ledger())
    different, turn.acts = _compare(planner, turn, case, known, ledger)
    noted += changes.note(run, planned, case, different, ledger, now)
    columns = list(dict.fromkeys(one.cell.column for one in different))
    if columns:
        # 改了的等人处理；跟着走的列照样跟。
        turn.acts = [act for act in turn.acts if act.step.decl.again]
        planned.problems.append(f"与已有的不同：{'、'.join(columns)}。已有的没有改动，要改请到那件上更正")
    if not turn.acts:
        outcome = ImportRow.Outcome.REFUSED if columns else ImportRow.Outcome.REPEATED
        turn.answer = _row(run, planned, outcome, planned.problems)
        turn.answer.case = case.uid
    return turn


def _wrong(
    planner: Planner, planned: Planned, case: Case | None, seen: dict[str, int], known: Known
) -> list[str]:
    """这一行不能办的缘由。"""
    label, system = planner.mapping.number, planner.mapping.system
    if planned.held and case is None and planned.number:
        found = []  # 本来就不登记的行，填得怎样不用管
    else:
        found = list(planned.problems)
    if planned.number:
        first = seen.setdefault(planned.number, planned.row)
        if first != planned.row:
            found.append(f"{label}：与第 {first} 行的编号相同，只看了第 {first} 行")
    if planned.number in known.doubled:
        found.append(f"{label}：有几件都登记了这个编号，请先更正登记错的")
    if case is None and planned.ours in known.ours:
        found.append(f"{label}：这一件是 {planned.ours}，还没有登记{system}的编号，请先登记再导入")
    if case is not None and case.matter != planner.mapping.definition.id and not found:
        found.append(f"{label}：这个编号已有一件别的业务，请核对编号")
    return found


def _compare(
    planner: Planner, turn: _Turn, case: Case, known: Known, ledger: Ledger
) -> tuple[list[Difference], list[Act]]:
    """对方改了的列，和还要办的几步：没有办过的，跟着对方走的。"""
    planned = turn.planned
    different: list[Difference] = []
    waiting: list[Act] = []
    current = _now(case)
    event = known.openings.get(case.pk)
    gone = _erased(event)
    following = changes.places(cell for act in planned.acts if act.step.decl.again for cell in act.step.cells)
    for place, act in enumerate(planned.acts):
        if act.step.decl.again:
            follows = differing(act.step, act.values, current, gone)
            turn.follows += follows
            waiting += [act] if follows else []
            continue
        key = planner.key(planned, act)
        if place == 0:
            # 在本平台登记、后来才有对方编号的，原就不是照这张表填的，不比。
            if key in known.done or not planner.mapping.number_field:
                found = changes.changed(act, _opened_with(event), current, gone, ledger)
                different += [one for one in found if (one.cell.field, one.cell.part) not in following]
        elif key in known.done or (act.step.means and act.step.means <= set(case.done)):
            if known.done.get(key) != planner.entries(planned, "")[place].digest(IMPORT):
                different += changes.changed(act, current, current, set(), ledger)
        else:
            waiting.append(act)
    return different, waiting


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
    problems: list[str] = list(turn.planned.problems)
    done: list[str] = []
    warned: list[str] = []
    for act, result in zip(turn.acts, results, strict=True):
        if isinstance(result, Refused):
            # 前一步没有办成,后一步自然“环节不对、条件不具备”,不必再说。
            beside = bool(problems) and not act.step.decl.again
            problems += [
                _say(planner, act, item) for item in result.refusal.missing if not _follows(item, beside)
            ]
            continue
        warned += [str(item) for item in result.warnings]
        if act.step.decl.again:
            columns = dict.fromkeys(one.cell.column for one in _mine(turn, act))
            done.append(f"跟着对方改了{'、'.join(columns)}")
        elif turn.case is not None:
            done.append(f"补办了“{act.step.title}”")
    note = "；".join(dict.fromkeys([*done, *warned]))
    if problems:
        row = _row(run, turn.planned, ImportRow.Outcome.REFUSED, list(dict.fromkeys(problems)), note)
        row.case = turn.case.uid if turn.case else None
        return row
    if turn.case is not None:
        row = _row(run, turn.planned, ImportRow.Outcome.REPEATED, note=note)
        row.case = turn.case.uid
        return row
    first = next(result for result in results if isinstance(result, Outcome))
    outcome = ImportRow.Outcome.REPEATED if first.repeated else ImportRow.Outcome.OPENED
    row = _row(run, turn.planned, outcome, note=note)
    row.case = None if run.dry_run else first.uid
    return row


def _mine(turn: _Turn, act: Act) -> list[Difference]:
    """跟着走的列里，这一步填的。"""
    places = changes.places(act.step.cells)
    return [one for one in turn.follows if (one.cell.field, one.cell.part) in places]


def _followed(run: ImportRun, turn: _Turn, results: Sequence[Result], now: datetime) -> list[SheetChange]:
    """跟着改了的几列，记下原来、现在和是第几号办理记录。"""
    made: list[SheetChange] = []
    for act, result in zip(turn.acts, results, strict=False):
        if turn.case and act.step.decl.again and isinstance(result, Outcome) and not result.repeated:
            more = {"event": result.seq, "settled_at": now, "officer": run.officer}
            made += [
                changes.fresh(run, turn.planned, turn.case, one, now, status=changes.FOLLOWED, **more)
                for one in _mine(turn, act)
            ]
    return made


def _follows(item: Missing, beside: bool) -> bool:
    return item.code in _FOLLOWS or (beside and (item.code == "state" or item.code.startswith("need.")))


def _say(planner: Planner, act: Act, item: Missing) -> str:
    column = act.step.decl.at if item.field == "at" else planner.mapping.titles.get(item.field)
    remedy = f"({item.remedy})" if item.remedy else ""
    return f"{column or act.step.title}：{item.say}{remedy}"
