"""对账：对方的清单与我们的件两边对，只读不改件；结果存档，不符的可以说明缘由。"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone

from jiezhi.base.accounts.actions import MIN_REASON
from jiezhi.base.accounts.authority import require_active
from jiezhi.base.accounts.models import Officer
from jiezhi.base.accounts.records import write_record
from jiezhi.base.casework.models import Case
from jiezhi.base.documents.values import Names
from jiezhi.connect.excel.actions import content_of_file
from jiezhi.connect.systems import queries
from jiezhi.connect.systems.comparing import Comparer, chunks
from jiezhi.connect.systems.matching import Finder, Mine
from jiezhi.connect.systems.models import ReconcileItem, ReconcileNote, ReconcileRun
from jiezhi.connect.systems.queries import Register
from jiezhi.connect.systems.reading import TheirList, Theirs, compared, read_list
from jiezhi.core.evidence.canonical import encode
from jiezhi.core.evidence.digest import sm3_hex

Kind = ReconcileItem.Kind
HIDDEN = "限指定人员的，没有列出"


@dataclass
class Result:
    """一次对账算出来的（还没有存）。"""

    theirs: int = 0
    ours: int = 0
    same: int = 0
    items: list[dict[str, Any]] = field(default_factory=list)
    unchecked: Counter[str] = field(default_factory=Counter)
    notes: list[str] = field(default_factory=list)

    def add(self, kind: str, number: str, details: list[dict[str, str]], **more: Any) -> None:
        """记一处不符。"""
        self.items.append({"kind": str(kind), "number": number, "details": details, **more})

    @property
    def counts(self) -> dict[str, int]:
        """各类几件。"""
        found = Counter(one["kind"] for one in self.items)
        return {kind: found[kind] for kind in Kind.values}


def reconcile(
    system: str,
    source: Any,
    since: date,
    until: date,
    *,
    acting_officer: Officer | None,
    sheet: str = "",
    column_map: Mapping[str, str] | None = None,
    name: str = "",
    now: datetime | None = None,
) -> ReconcileRun:
    """拿对方的一份清单对 `since`（含）到 `until`（不含，北京时间的日子）这一期的账，结果存档。

    `source` 是路径、字节或上传的文件。两边都有的逐项比，不论各自算在哪一期；只有一边有的，看它算不算这一期。
    没有登记、没有业务模板、日期颠倒 → ValidationError；清单对不上 → SheetError；不是负责的岗位 → NotAllowed。
    """
    moment = now or timezone.now()
    require_active(acting_officer)
    register = queries.usable(system)
    queries.require_manager(register, acting_officer, moment)
    if since >= until:
        raise ValidationError("止日要晚于起日（止日那天不算在内）")
    content, name = content_of_file(source, name)
    theirs = read_list(register, content, file_name=name, sheet=sheet, column_map=column_map, now=moment)
    with transaction.atomic():  # 两边要在同一时刻看
        found = compute(register, theirs, since, until, moment)
        return _keep(register, theirs, found, since, until, sm3_hex(content), name, acting_officer, moment)


def compute(register: Register, theirs: TheirList, since: date, until: date, now: datetime) -> Result:
    """只算不存：一样的清单、两边都没有变，算出来一样。"""
    result = Result(notes=list(theirs.notes))
    whole = theirs.sheet.date is None
    rows = theirs.rows
    scoped = {number for number, row in rows.items() if whole or row.day is None or since <= row.day < until}
    result.theirs = len(scoped)
    unclear = {number for _, number, _ in theirs.doubtful if number}
    waiting = {number: row for number, row in rows.items() if number not in unclear}
    names = Names(now)
    met: set[int] = set()
    for matter in sorted(register.decl.listed(theirs.sheet)):
        finder = Finder(register, matter)
        mine = {one.pk: one for one in finder.inside(since, until, whole=whole)}
        comparer = Comparer(register.decl, finder.listed, finder.definition, theirs.columns, names)
        match = _Match(result, comparer, waiting, scoped, mine, met)
        _absent(result, finder, theirs)
        for some in chunks(sorted(waiting)):
            cases = finder.by_number(some)
            found = {number: cases[number] for number in some if number in cases}
            left = [waiting[number] for number in some if number not in found]
            other = finder.by_other(left) if finder.listed.also else {}
            match.pairs(found)
            match.unrecorded(other)
            for number in [*found, *other]:
                del waiting[number]
        for number in unclear:
            met |= {case.pk for case in finder.by_number([number]).get(number, [])}
        _only_here(result, finder, mine, met)
        result.unchecked += comparer.unchecked
    for number in sorted(set(waiting) & scoped):
        row = waiting[number]
        day = row.day.isoformat() if row.day else ""
        result.add(Kind.ONLY_THERE, number, _detail("日期", day, ""), row=row.row)
    for row_number, number, why in theirs.doubtful:
        result.add(Kind.DOUBTFUL, number, _detail("缘由", why, ""), row=row_number)
    order = {kind: place for place, kind in enumerate(Kind.values)}
    result.items.sort(
        key=lambda one: (order[one["kind"]], one["number"], one.get("ours", ""), one.get("row") or 0)
    )
    return result


@dataclass(slots=True)
class _Match:
    """一个业务模板的件与清单上的对。`found` 是清单上的编号 → 我们的件；对上的记进 `met`。"""

    result: Result
    comparer: Comparer
    rows: Mapping[str, Theirs]
    scoped: set[str]
    mine: Mapping[int, Mine]
    met: set[int]

    def pairs(self, found: Mapping[str, list[Case]]) -> None:
        """登记了对方编号的。"""
        for number, cases, differences in self._counted(found):
            if len(cases) > 1:
                told = [one.number for one in cases if not one.confidential]
                told += [HIDDEN] if len(told) < len(cases) else []
                differences.insert(0, {"title": "记重了", "there": number, "here": "、".join(told)})
            self._judge(number, cases[0], differences)

    def unrecorded(self, found: Mapping[str, list[Case]]) -> None:
        """对方清单上写着我方编号或文号，这边还没有登记对方的编号；或者登记的是另一个。"""
        matter = self.comparer.definition.matter
        key = self.comparer.listed.key or matter.number_field.get(self.comparer.decl.title)
        for number, (case, *_), differences in self._counted(found, first=True):
            title = matter.fields[key].title if key else "编号"
            recorded = str(case.fields.get(key or "") or "（还没有登记）")
            differences.insert(0, {"title": title, "there": number, "here": recorded})
            self._judge(number, case, differences)

    def _counted(
        self, found: Mapping[str, list[Case]], *, first: bool = False
    ) -> Iterator[tuple[str, list[Case], list[dict[str, str]]]]:
        """算这一期、又不限指定人员的，连同第一件哪里不同。`first` 为真时只看第一件算不算这一期。"""
        times = self.comparer.times(case for cases in found.values() for case in cases)
        for number, cases in found.items():
            self.met |= {case.pk for case in cases}
            if number not in self.scoped and not any(
                case.pk in self.mine for case in (cases[:1] if first else cases)
            ):
                continue
            if cases[0].confidential:
                self.result.unchecked[HIDDEN] += 1
                continue
            yield number, cases, self.comparer.differences(self.rows[number], cases[0], times)

    def _judge(self, number: str, case: Case, details: list[dict[str, str]]) -> None:
        if not details:
            self.result.same += 1
            return
        row = self.rows[number].row
        more = {"ours": case.number, "matter": case.matter, "case": str(case.uid), "row": row}
        self.result.add(Kind.DIFFERENT, number, details, **more)


def _only_here(result: Result, finder: Finder, mine: Mapping[int, Mine], met: set[int]) -> None:
    result.ours += sum(not one.confidential for one in mine.values())
    for one in mine.values():
        if one.pk in met:
            continue
        if one.confidential:
            result.unchecked[HIDDEN] += 1
            continue
        why = "" if one.key else "还没有登记对方的编号"
        more = {"ours": one.number, "matter": one.matter, "case": one.uid}
        result.add(Kind.ONLY_HERE, one.key, _detail("缘由", "", why) if why else [], **more)


def _absent(result: Result, finder: Finder, theirs: TheirList) -> None:
    _, absent = compared(finder.listed, theirs.columns)
    if absent:
        result.notes.append(
            f"清单里没有这些列，没有比：{'、'.join(absent)}（{finder.definition.matter.title}）。"
        )


def _detail(title: str, there: str, here: str) -> list[dict[str, str]]:
    return [{"title": title, "there": there, "here": here}]


def conclusion(result: Result) -> str:
    """一句话的结论。"""
    counts = result.counts
    wrong = sum(counts[kind] for kind in (Kind.ONLY_THERE, Kind.ONLY_HERE, Kind.DIFFERENT))
    said = f"本期对方 {result.theirs} 件，本单位 {result.ours} 件，"
    parts = [f"{kind} {counts[kind]} 件" for kind in Kind.values if counts[kind] and kind != Kind.DOUBTFUL]
    said += f"{wrong} 处不符（{'，'.join(parts)}）" if wrong else "全部相符"
    if counts[Kind.DOUBTFUL]:
        said += f"；另有 {counts[Kind.DOUBTFUL]} 行看不懂，没有比"
    if result.unchecked:
        said += f"；另有 {sum(result.unchecked.values())} 件有一项没有比"
    return said + "。"


def _keep(
    register: Register,
    theirs: TheirList,
    found: Result,
    since: date,
    until: date,
    digest: str,
    name: str,
    officer: Officer | None,
    now: datetime,
) -> ReconcileRun:
    marks = [
        sm3_hex(encode({key: one.get(key, "") for key in ("kind", "number", "ours", "matter", "details")}))
        for one in found.items
    ]
    run = ReconcileRun.objects.create(
        system=register.decl.system,
        title=register.decl.title,
        sheet=theirs.name,
        sheet_title=theirs.sheet.title,
        file_name=name[:200],
        sm3=digest,
        rules=register.digest,
        since=since,
        until=until,
        theirs=found.theirs,
        ours=found.ours,
        same=found.same,
        counts=found.counts,
        unchecked=dict(sorted(found.unchecked.items())),
        notes=list(dict.fromkeys(found.notes))[:100],
        conclusion=conclusion(found)[:400],
        result=sm3_hex(encode({"same": found.same, "items": marks})),
        at=now,
        officer=officer,
    )
    ReconcileItem.objects.bulk_create(
        [
            ReconcileItem(
                run=run,
                place=place,
                kind=one["kind"],
                number=one["number"][:80],
                ours=one.get("ours", "")[:80],
                matter=one.get("matter", ""),
                case=one.get("case"),
                row=one.get("row"),
                details=one["details"],
                mark=mark,
            )
            for place, (one, mark) in enumerate(zip(found.items, marks, strict=True), 1)
        ],
        batch_size=1000,
    )
    return run


def explain(
    item: ReconcileItem, text: str, *, acting_officer: Officer, now: datetime | None = None
) -> ReconcileNote:
    """说明一处不符的缘由（至少 4 个字）。以后对出同样的一处，这条说明还算数；再说明以最后一条为准。"""
    moment = now or timezone.now()
    register = queries.register_of(item.run.system)
    require_active(acting_officer)
    queries.require_manager(register, acting_officer, moment)
    text = text.strip()
    if len(text) < MIN_REASON:
        raise ValidationError(f"请写明缘由，至少 {MIN_REASON} 个字")
    with transaction.atomic():
        note = ReconcileNote.objects.create(
            item=item,
            system=item.run.system,
            mark=item.mark,
            text=text[:400],
            at=moment,
            officer=acting_officer,
        )
        write_record(
            "systems.explain",
            "说明对账不符",
            item,
            acting_officer=acting_officer,
            now=moment,
            new={"系统": item.run.title, "哪一类": item.kind, "编号": item.number or item.ours},
            note=text,
        )
    return note
