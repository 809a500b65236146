"""全库核验：办理记录链、填报内容、件的每一列、材料、编号、业务模板、存证点、只追加的保护、登记的行印，逐项对。

查得出：绕过程序的任何改动（改、删、插、换），说清是哪一件、第几号、哪一列。查不出：拿着数据库和全部钥匙、
照规矩从头重写并且重做了全部存证点的人；那要对照已经送出机构的存证点（见 archive）。
"""

from __future__ import annotations

import time
from collections.abc import Callable

from django.db import transaction

from jiezhi.base.casework import bundles, integrity_office, integrity_seals
from jiezhi.base.casework.bundles import Bundle, Shared, Unreadable
from jiezhi.base.casework.integrity_report import Fault, Progress, Report
from jiezhi.base.casework.models import Case
from jiezhi.base.casework.replay import compare_bundle
from jiezhi.core.evidence import (
    Disclosed,
    Findings,
    Head,
    check_bodies,
    check_disclosure,
    index_erasures,
    verify_chain,
)

__all__ = ["Fault", "Progress", "Report", "also", "check_case", "verify_cases", "verify_database"]

_more: list[Callable[[Report], None]] = []


def also(check: Callable[[Report], None]) -> None:
    """登记上层自己的核验（如文书的登记），全库核验时接着做。同一个函数只登记一次。"""
    if check not in _more:
        _more.append(check)


def verify_database(progress: Progress | None = None, *, contents: bool = True) -> Report:
    """核验全库。`contents` 为假时不读材料的内容（只看在不在、大小）。

    办公期间可以跑：某一件不符时在事务里重读一次再判，不会把正在办理的误当作改动。
    """
    began = time.monotonic()
    report = Report()
    tell = progress or (lambda what, done, total: None)
    integrity_office.check_definitions(report)
    claims = verify_cases(report, tell)
    integrity_office.check_orphans(report)
    integrity_office.check_claims(report, claims)
    integrity_office.check_files(report, tell, contents)
    integrity_office.check_numbers(report)
    integrity_office.check_checkpoints(report)
    integrity_office.check_triggers(report)
    integrity_office.check_search(report)
    integrity_seals.check_seals(report, tell)
    for check in _more:
        check(report)
    report.seconds = time.monotonic() - began
    return report


def verify_cases(report: Report, tell: Progress) -> dict[str, tuple[str, int]]:
    """逐件核验。返回办理记录提到的别的件（子件、并入的）：全局标识 → （由哪件，第几号提到）。"""
    shared = Shared()
    claims: dict[str, tuple[str, int]] = {}
    cases = Case.objects.all()
    total = cases.count()
    for done, item in enumerate(bundles.stream(cases), 1):
        if isinstance(item, Unreadable):
            say = f"{item.number}：件的某一列被改成了读不出的样子。"
            report.fault(Fault("unreadable", say, item.number, row="件"))
        else:
            _case(item, shared, report)
            for event in item.events:
                for uid in bundles.mentioned_in(bytes(event.body)):
                    claims.setdefault(uid, (item.row.number, event.seq))
        if done % bundles.CHUNK == 0 or done == total:
            tell("件", done, total)
    return claims


def _case(bundle: Bundle, shared: Shared, report: Report) -> None:
    found = check_case(bundle, shared)
    if found.faults:
        with transaction.atomic():  # 读的时候可能有人正在办：在一个时刻里重读
            again = bundles.load(Case.objects.filter(pk=bundle.row.pk))
            if not again:
                return
            bundle = again[0]
            found = check_case(bundle, shared)
    for fault in found.faults:
        report.fault(fault)
    for note in found.notes:
        report.note(note)
    report.count("件")
    report.count("办理记录", len(bundle.events))


def check_case(bundle: Bundle, shared: Shared) -> Report:
    """核验一件：链、正文、填报内容、各列。"""
    report = Report()
    number, uid = bundle.row.number, bundle.uid
    records = [event.record() for event in bundle.events]
    chain, bodies_found, disclosure = Findings(), Findings(), Findings()
    try:
        head = Head(bundle.row.seq, bytes(bundle.row.head))
        chain.extend(verify_chain(records, case=uid, head=head))
    except (TypeError, ValueError):
        chain.extend(verify_chain(records, case=uid))
    bodies = check_bodies(records, uid, bodies_found)
    erasures = index_erasures(bodies, disclosure, uid)
    disclosed = {}
    for event in bundle.events:
        content = bundle.contents.get(event.pk)
        if content is None:
            continue
        disclosed[event.seq] = Disclosed(content.openings, content.erased)
        if content.problem:
            say = f"{number}：第{event.seq}号办理记录的填报内容读不出：{content.problem}。"
            report.fault(Fault("payload", say, number, event.seq, "办理记录的内容"))
            bodies.pop(event.seq, None)  # 已经说明；逐栏再报一遍没有用处
            disclosed.pop(event.seq)
    check_disclosure(bodies, disclosed, erasures, uid, disclosure)
    for findings, row in ((chain, "办理记录"), (bodies_found, "办理记录"), (disclosure, "办理记录的内容")):
        for item in findings.faults:
            place = item.where.rpartition("#")[2]
            seq = int(place) if place.isdigit() else None
            report.fault(Fault(str(item.kind), f"{number}：{item.say}", number, seq, row))
    report.notes += [f"{number}：{note}" for note in disclosure.notes]
    for difference in compare_bundle(bundle, shared):
        row = "办理记录" if difference.seq else difference.column.partition(".")[0]
        say = f"{number}：{difference.say}。"
        report.fault(Fault("difference", say, number, difference.seq, row, difference.column))
    return report
