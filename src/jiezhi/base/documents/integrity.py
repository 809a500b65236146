"""全库核验里的文书：登记的每一份与办理记录里的“文书归卷”“签回归卷”相符，一份不多、一份不少。"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from django.db import transaction
from django.db.models import Exists, OuterRef

from jiezhi.base.casework.integrity_report import Fault, Report
from jiezhi.base.casework.models import Case, Event
from jiezhi.base.documents import codes
from jiezhi.base.documents.models import MADE, SIGNED, STATES, VOID, WAITING, Document, Scan

CHUNK = 500
_STATE = dict(STATES)
_SAID = {"name": "代号", "title": "题名", "number": "文号", "version": "版本"}


@dataclass(slots=True)
class _Claim:
    """办理记录里写的一份文书。`signed` 是签回的（办理记录的行号，哪几页）。"""

    told: dict[str, Any]
    digests: set[str]
    uses: list[str]
    signed: list[tuple[int, frozenset[int]]] = field(default_factory=list)


def check_documents(report: Report) -> None:
    """逐件核对文书的登记。某一件不符时锁住它重读一次再判：可能正有人办。"""
    owner = Event.objects.filter(pk=OuterRef("event_id"), case_id=OuterRef("case_id")).order_by()
    for pk, short in Document.objects.filter(~Exists(owner)).values_list("pk", "short"):
        say = f"文书 {short}（第{pk}行）找不到制作它的办理记录：办理记录被删去，或文书被挪到别的件。"
        report.fault(Fault("orphan", say, row="文书", column="event"))
    wanted = set(Document.objects.order_by().values_list("case_id", flat=True).distinct())
    recorded = Event.objects.filter(action__in=("file_document", "file_scan")).order_by()
    wanted |= set(recorded.values_list("case_id", flat=True).distinct())
    cases = sorted(wanted)
    for start in range(0, len(cases), CHUNK):
        for pk, faults, count in _judged(cases[start : start + CHUNK]):
            report.count("文书", count)
            if faults:
                with transaction.atomic():
                    list(Case.objects.select_for_update().filter(pk=pk))
                    faults = [one for _, found, _ in _judged([pk]) for one in found]
            for fault in faults:
                report.fault(fault)


def _judged(cases: Sequence[int]) -> Iterator[tuple[int, list[Fault], int]]:
    """每一件：（行号，不符的，几份文书）。"""
    claims: dict[int, dict[str, _Claim]] = defaultdict(dict)
    lost: dict[int, list[str]] = defaultdict(list)
    rows = Event.objects.filter(case__in=cases, action__in=("file_document", "file_scan"))
    for pk, case, seq, data in rows.order_by("case", "seq").values_list("pk", "case_id", "seq", "body"):
        try:
            body = json.loads(bytes(data))
            _read(body, pk, claims[case])
        except (ValueError, KeyError, TypeError, AttributeError):  # 正文被改坏了，另有核对
            lost[case].append(f"第{seq}号办理记录写的文书读不懂")
    own: dict[int, list[Document]] = defaultdict(list)
    for row in Document.objects.filter(case__in=cases, event__isnull=False).select_related("event"):
        own[row.case_id].append(row)
    scans: dict[int, set[int]] = defaultdict(set)
    for filed, page in Scan.objects.filter(filed__case__in=cases).values_list("filed_id", "page"):
        scans[filed].add(page)
    numbers = dict(Case.objects.filter(pk__in=cases).values_list("pk", "number"))
    for case in cases:
        number = numbers.get(case, "")
        said = [*lost[case], *_compare(own[case], claims[case], scans)]
        yield (
            case,
            [Fault("document", f"{number}：{one}。", number, row="文书") for one in said],
            len(own[case]),
        )


def _read(body: dict[str, Any], pk: int, claims: dict[str, _Claim]) -> None:
    effects = body["effects"]
    if told := effects.get("document"):
        found = {item["digest"] for item in body["files"]}
        claims[told["short"]] = _Claim(told, found, effects.get("uses", []))
    if told := effects.get("scan"):
        claims[told["short"]].signed.append((pk, frozenset(told["pages"])))


def _compare(
    rows: Iterable[Document], claims: dict[str, _Claim], scans: dict[int, set[int]]
) -> Iterator[str]:
    known = set()
    live = _live(claims)
    for row in rows:
        known.add(row.short)
        if row.code != codes.code_of(row.short):
            yield f"{row}（{row.short}）的核验码不是本机发出的"
        claim = claims.get(row.short)
        if claim is not None:
            yield from _same(row, claim)
            expected = VOID if row.short not in live else SIGNED if claim.signed else MADE
            fitting = {expected}
        else:
            fitting = {WAITING, VOID}
            if row.docx_id or row.pdf_id:
                yield f"{row}（{row.short}）有文件，却没有归卷的办理记录：是插进来的，或记录被删去"
        if row.state not in fitting:
            wanted = "或".join(sorted(_STATE[one] for one in fitting))
            yield f"{row}（{row.short}）的状态现为“{_STATE.get(row.state, row.state)}”，应为“{wanted}”"
    for short, claim in claims.items():
        if short not in known:
            yield f"办理记录里有《{claim.told.get('title')}》{short}，登记里没有：登记被删去"
        for event, pages in claim.signed:
            if scans.get(event, set()) != pages:
                yield f"《{claim.told.get('title')}》{short}签回的页与扫描件的登记不符：登记被改动"


def _live(claims: dict[str, _Claim]) -> set[str]:
    """没有被代替的。照归卷的先后：同一步办理的新版代替旧版；不是每次另出一份的，还代替先前办理的。"""
    live: dict[str, dict[str, Any]] = {}
    for short, claim in claims.items():
        told = claim.told
        for other, past in list(live.items()):
            again = past["source"] == told["source"] and past["version"] < told["version"]
            later = not told.get("each") and past["source"] < told["source"]
            if past["name"] == told["name"] and (again or later):
                del live[other]
        live[short] = told
    return set(live)


def _same(row: Document, claim: _Claim) -> Iterator[str]:
    for name, title in _SAID.items():
        now, wanted = getattr(row, name), claim.told.get(name)
        if now != wanted:
            yield f"{row}（{row.short}）的“{title}”现为“{now}”，办理记录里是“{wanted}”"
    if row.event.seq != claim.told.get("source"):
        yield f"{row}（{row.short}）写的是第{row.event.seq}号办理制作的，办理记录里是第{claim.told.get('source')}号"
    if {one for one in (row.docx_id, row.pdf_id) if one} != claim.digests:
        yield f"{row}（{row.short}）的文件与办理记录里的摘要不符：文件被换过"
    if list(row.uses) != list(claim.uses):
        yield f"{row}（{row.short}）的“用到的字段”与办理记录不符：依法清除时会漏"
