"""写：重出文书、取用文书、扫描归位、人工归卷。"""

from __future__ import annotations

import io
from collections import defaultdict
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.conf import settings
from django.db import IntegrityError, transaction
from jinja2 import TemplateError

from jiezhi.base.accounts.authority import require_active, require_administrator
from jiezhi.base.accounts.errors import NotAllowed
from jiezhi.base.accounts.models import Officer
from jiezhi.base.accounts.records import note_reads
from jiezhi.base.casework import bundles, files, matters
from jiezhi.base.casework.actions import officer_actor
from jiezhi.base.casework.engine.work import Work
from jiezhi.base.casework.models import Case, Delivery, Event, EvidenceFile
from jiezhi.base.documents import queries, reading
from jiezhi.base.documents.layouts import Paper, compose
from jiezhi.base.documents.layouts.style import style
from jiezhi.base.documents.making import attached, definition_at, newer, told
from jiezhi.base.documents.models import ASIDE, FILED, MADE, SETTLED, SIGNED, VOID, Document, Scan
from jiezhi.base.documents.reading import ScanRefused
from jiezhi.base.documents.sorting import NOT_VISIBLE, RETRY, Verdict, sort_pages
from jiezhi.base.documents.values import context_at
from jiezhi.core.procedure.fold import REASON
from jiezhi.core.procedure.papers import fill

__all__ = [
    "Filed",
    "ScanRefused",
    "Sorted",
    "file_scan",
    "hand_on_scans",
    "manual_file",
    "receipt",
    "reissue",
    "set_aside",
    "take",
]
MIN_REASON = 4


@dataclass(frozen=True, slots=True)
class Filed:
    """归好的一份：哪份文书、扫描件哪几页、第几号办理记录。"""

    document: Document
    pages: tuple[int, ...]
    seq: int


@dataclass(frozen=True, slots=True)
class Sorted:
    """一份扫描件的结果：归好的，和等人工归的各页。"""

    filed: tuple[Filed, ...]
    left: tuple[Scan, ...]


class _Raced(Exception):
    """别人同时传了同一份，已经判好；自己做的全部退回。"""


def _visible(document: Document, officer: Officer, now: datetime) -> None:
    require_active(officer)
    if not queries.visible(officer, now).filter(pk=document.pk).exists():
        raise NotAllowed("没有这份文书，或您无权查看。请联系承办单位")


def take(
    document: Document, *, acting_officer: Officer, now: datetime, word: bool = False, signed: bool = False
) -> EvidenceFile:
    """取一份文书去打印：有 PDF 给 PDF，否则（或 `word` 为真）给 Word；`signed` 为真取最近的签回件。

    里面有敏感内容的，先落查看记录。

    还没有制作好 → ValueError；看不见这件 → NotAllowed。
    """
    _visible(document, acting_officer, now)
    file = document.docx if word else document.pdf or document.docx
    file = queries.signed_copy(document) if signed else file
    if file is None:
        raise ValueError(f"{document}还没有制作好，请稍后再取")
    if file.erased_at is not None:
        raise ValueError(f"{document}已依法清除")
    _note_read(document, document.uses, f"取用文书：{document}", acting_officer, now)
    return file


def _note_read(document: Document, names: Sequence[str], why: str, officer: Officer, now: datetime) -> None:
    declared = matters.definition_of(document.case.version).matter.fields
    # 换版后没有声明的也当敏感。
    secret = {
        name: declared[name].title if name in declared else name
        for name in names
        if name != REASON and (name not in declared or declared[name].secret)
    }
    case = document.case
    with transaction.atomic(durable=True):
        note_reads([(case, secret, case.number)], reason=why, acting_officer=officer, now=now)


def receipt(document: Document, *, acting_officer: Officer, now: datetime) -> bytes:
    """一份文书的送达回证（docx 的字节）：送达什么、送达谁已填好，其余现场填写；几个受送达人的每人一页。

    受送达人照作出文书那一刻的。先落查看记录。看不见这件 → NotAllowed；没有制作好、已作废、已清除、
    不是给当事人的 → ValueError。
    """
    _visible(document, acting_officer, now)
    if document.state not in (MADE, SIGNED) or document.erased:
        raise ValueError(f"{document}没有制作好，或已作废、清除，不能送达")
    definition = definition_at(document.event)
    decl = definition.matter.documents[document.name]
    if decl.to is None:
        raise ValueError(f"{document}不是给当事人的，没有送达回证")
    bundle = bundles.load(Case.objects.filter(pk=document.case_id))[0]
    context = context_at(bundle, document.event.seq, definition, decl)
    try:
        template = (settings.PACKS_DIR / "_documents" / "receipt.md").read_text(encoding="utf-8")
        text = fill(template, context | {"who": context[decl.to], "what": decl.title})
    except (OSError, TemplateError) as error:
        raise ValueError(f"送达回证的模板 _documents/receipt.md 用不了：{error}") from error
    paper = Paper(
        title="送达回证",
        layout="receipt",
        office=context["office"]["name"],
        number="",
        date=context["on"],
        signs=(),
        seal=False,
        mark=f"送达回证 {document.short}",
        code=document.short,
    )
    _note_read(document, [decl.to], f"打印送达回证：{document}", acting_officer, now)
    return compose(paper, text, style())


def reissue(document: Document, *, acting_officer: Officer, reason: str, now: datetime) -> None:
    """同一份重出（如印错、污损）：内容还是那一步办理的，出新的一版；做好时旧的作废。由 worker 制作。

    看不见这件 → NotAllowed；没有写理由、还在制作、已经签回、已有后来办理的一份 → ValueError。
    """
    _visible(document, acting_officer, now)
    if len(reason.strip()) < MIN_REASON:
        raise ValueError(f"请写明重出的理由，至少 {MIN_REASON} 个字")
    with transaction.atomic():
        row = Document.objects.select_for_update().get(pk=document.pk)
        if row.state == SIGNED:
            raise ValueError(f"{row}已签回归卷，不能重出；内容有误的，依法更正或撤销后另行作出")
        if row.state not in (MADE, VOID):
            raise ValueError(f"{row}还在制作，请稍后再看")
        each = definition_at(row.event).matter.documents[row.name].repeated
        if not each and newer(row, each).exclude(event=row.event).exists():
            raise ValueError(f"{row}之后又办理过，已有新的一份。请从新的那一份重出")
        newest = Document.objects.filter(case=row.case, name=row.name).order_by("-version").first()
        version = (newest.version if newest else row.version) + 1
        payload = {"document": row.name, "version": version, "reason": reason.strip()}
        key = f"document:{row.case.uid}:{row.event.seq}:{row.name}:{version}"
        Delivery.objects.get_or_create(
            key=key,
            defaults={
                "case": row.case,
                "event": row.event,
                "kind": "document",
                "payload": payload,
                "not_before": now,
            },
        )


def file_scan(
    file: EvidenceFile, *, acting_officer: Officer, now: datetime, expected_document: Document | None = None
) -> Sorted:
    """签回、盖章的扫描件自己归位：认出每页的二维码，记进那份文书那一件，文书成为“已签回”。

    一份里混着几份文书的各归各的（只取自己的那几页）；认不出、不对的各页留下（`left`，写明怎么办），
    等 `manual_file`。同一份文件再来，答复上次的结果，不重复归；上次因无权、还没有制作好等没有归的，重新判。
    打不开、页数太多、文书刚刚依法清除 → ScanRefused；给了 expected_document 而看不见它 → NotAllowed。
    """
    require_active(acting_officer)
    if expected_document is not None:
        _visible(expected_document, acting_officer, now)
    before = list(Scan.objects.filter(digest=file.digest))
    stale = _stale(before, acting_officer, now)
    if before and not stale:
        return _told(before, acting_officer, now)
    seen = [one for one in reading.look(file) if not before or one.page in stale]
    shorts = {mark.short for one in seen for mark in one.marks if mark.genuine}
    found = {one.short: one for one in queries.visible(acting_officer, now).filter(short__in=shorts)}
    verdicts = sort_pages(seen, found, expected=expected_document)
    pages: dict[int, list[int]] = defaultdict(list)
    known = {one.pk: one for one in found.values()}
    for verdict in verdicts:
        if verdict.code == FILED and verdict.document is not None:
            pages[verdict.document.pk].append(verdict.page)
    # 只取自己的那几页另存：别的件的内容不能跟着进这一件。
    parts = {pk: _part(file, own, known[pk], acting_officer, now) for pk, own in pages.items()}
    with suppress(_Raced):
        _settle(file, before, stale, verdicts, parts, pages, acting_officer, now)
    return _told(list(Scan.objects.filter(digest=file.digest)), acting_officer, now)


def _stale(rows: Sequence[Scan], officer: Officer, now: datetime) -> dict[int, int]:
    """上次没有归、现在值得重新判的页：页 → 行号。没有认出是哪份的，改由现在传的人来归。"""
    waiting = [row for row in rows if row.filed_id is None and row.result not in SETTLED]
    unknown = [row.pk for row in waiting if row.document_id is None and row.officer_id != officer.pk]
    Scan.objects.filter(pk__in=unknown, filed=None).update(officer=officer, at=now)
    seen = set(queries.visible(officer, now).filter(scans__in=waiting).values_list("pk", flat=True))
    return {row.page: row.pk for row in waiting if row.result in RETRY and row.document_id in {None, *seen}}


def _settle(
    file: EvidenceFile,
    before: Sequence[Scan],
    stale: dict[int, int],
    verdicts: Sequence[Verdict],
    parts: dict[int, EvidenceFile],
    pages: dict[int, list[int]],
    officer: Officer,
    now: datetime,
) -> None:
    """归能归的，记下每一页的去处。期间别人判过同一份的，不动。"""
    with transaction.atomic():
        rows = Scan.objects.select_for_update().filter(digest=file.digest)
        if {(row.pk, row.result) for row in rows} != {(row.pk, row.result) for row in before}:
            return
        rows.filter(pk__in=stale.values()).delete()
        events: dict[int, Event] = {}
        for pk, own in pages.items():
            document = (
                Document.objects.select_for_update(of=("self",)).select_related("case", "event").get(pk=pk)
            )
            if document.state == MADE:
                events[pk] = _record(document, parts[pk], own, officer, now)
        try:
            Scan.objects.bulk_create([_row(file, verdict, events, officer, now) for verdict in verdicts])
        except IntegrityError as error:
            raise _Raced from error
        _let_go(file.digest)


def _row(
    file: EvidenceFile, verdict: Verdict, events: dict[int, Event], officer: Officer, now: datetime
) -> Scan:
    document, code, say = verdict.document, verdict.code, verdict.say
    event = events.get(document.pk) if document is not None and code == FILED else None
    if code == FILED and event is None:
        code, say = "already", f"{document}刚刚由别人归卷或作废了。请核对后人工归"
    return Scan(
        digest=file.digest, file=file, page=verdict.page, document=document, result=code, say=say[:300], filed=event,
        officer=officer, at=now,
    )  # fmt: skip


def _told(rows: Sequence[Scan], officer: Officer, now: datetime) -> Sorted:
    """这份扫描件现在的结果；看不见的文书不说出来。"""
    seen = {one.pk: one for one in queries.visible(officer, now).filter(scans__in=rows)}
    groups: dict[tuple[int, int], list[int]] = defaultdict(list)
    sequence = {}
    for row in rows:
        if row.filed is not None and row.document_id in seen:
            groups[row.document_id, row.filed.seq].append(row.page)
            sequence[row.document_id, row.filed.seq] = row.filed.seq
    filed = [Filed(seen[pk], tuple(sorted(pages)), seq) for (pk, seq), pages in groups.items()]
    left = sorted(
        (row for row in rows if row.filed_id is None and row.result not in SETTLED), key=lambda row: row.page
    )
    for row in left:
        if row.document_id is not None and row.document_id not in seen:  # 别人传的时候认出来的
            row.document, row.result, row.say = None, "not_visible", NOT_VISIBLE
    return Sorted(tuple(filed), tuple(left))


def _let_go(digest: str) -> None:
    """各页都有了去处的，原件不再由这里留着：没有哪一步用它的（内容已另存进各件），由清扫收走。

    混着几件的原件一直留着，就会有别的件已依法清除的内容。
    """
    rows = Scan.objects.filter(digest=digest)
    if not rows.filter(filed=None).exclude(result__in=SETTLED).exists():
        rows.update(file=None)


def set_aside(scans: Sequence[Scan], *, acting_officer: Officer, reason: str, now: datetime) -> int:
    """这几页不用归（重复的、传错的），写明理由；返回几页。页的去处留着记录。

    没有写理由、没有选、已经有去处 → ValueError。
    """
    require_active(acting_officer)
    if len(reason.strip()) < MIN_REASON:
        raise ValueError(f"请写明不用归的理由，至少 {MIN_REASON} 个字")
    with transaction.atomic():
        rows = queries.waiting_scans(acting_officer, now).filter(pk__in=[one.pk for one in scans])
        mine = list(rows.values_list("pk", "digest"))
        if not scans or len(mine) != len({one.pk for one in scans}):
            raise ValueError("没有选要处理的页，或其中有已经有去处的。请刷新后再选")
        say = f"{acting_officer.name}：不用归，{reason.strip()}"[:300]
        Scan.objects.filter(pk__in=[pk for pk, _ in mine]).update(result=ASIDE, say=say)
        for digest in {digest for _, digest in mine}:
            _let_go(digest)
    return len(mine)


def hand_on_scans(officer: Officer, to: Officer, *, acting_officer: Officer, now: datetime) -> int:
    """离岗交接：他传的、没有认出是哪份文书的页，改由接手的人来归（不然谁也看不到了）。返回几页。"""
    require_administrator(acting_officer, now)
    rows = Scan.objects.filter(officer=officer, filed=None, document=None).exclude(result__in=SETTLED)
    return rows.update(officer=to)


def manual_file(
    scans: Sequence[Scan], document: Document, *, acting_officer: Officer, reason: str, now: datetime
) -> Filed:
    """人工归卷：认不出的、页数不齐的等，由人指定归到哪份文书，写明理由。同一份扫描件的几页一起归。

    看不见这件 → NotAllowed；没有选、已经归过、不是一份扫描件的、文书已作废、没有写理由 → ValueError。
    """
    _visible(document, acting_officer, now)
    if len(reason.strip()) < MIN_REASON:
        raise ValueError(f"请写明人工归卷的理由，至少 {MIN_REASON} 个字")
    mine = set(
        queries.waiting_scans(acting_officer, now)
        .filter(pk__in=[one.pk for one in scans])
        .values_list("pk", flat=True)
    )
    if not scans or {one.pk for one in scans} - mine:
        raise ValueError("没有选要归的页，或其中有已经归过的。请刷新后再选")
    if len({one.digest for one in scans}) != 1:
        raise ValueError("一次只归同一份扫描件的页")
    if any(one.result == "forged" for one in scans):
        raise ValueError("核验码不对的页不能归卷：不是本机关发出的文书。需要留存的，作为材料上传并说明")
    file = scans[0].file
    assert file is not None  # 还有没有归的页，原件就留着
    pages = sorted(one.page for one in scans)
    part = _part(file, pages, document, acting_officer, now)
    with transaction.atomic():
        row = (
            Document.objects.select_for_update(of=("self",))
            .select_related("case", "event")
            .get(pk=document.pk)
        )
        if row.state not in (MADE, SIGNED):
            raise ValueError(f"{row}已作废或还没有制作好，不能归到它")
        locked = Scan.objects.select_for_update().filter(pk__in=mine, filed=None)
        if locked.count() != len(mine):
            raise ValueError("其中有的页刚刚由别人归了。请刷新后再选")
        event = _record(row, part, pages, acting_officer, now, reason.strip())
        locked.update(document=row, filed=event, result=FILED, say=f"人工归卷：{reason.strip()}"[:300])
        _let_go(file.digest)
    return Filed(row, tuple(pages), event.seq)


def _part(
    file: EvidenceFile, pages: list[int], document: Document, officer: Officer, now: datetime
) -> EvidenceFile:
    data = reading.extract(file, pages)
    if data is None:
        return file
    return files.store(
        io.BytesIO(data), f"{document.title}签回.pdf", kind="document", acting_officer=officer, now=now
    )


def _record(
    document: Document,
    part: EvidenceFile,
    pages: list[int],
    officer: Officer,
    now: datetime,
    reason: str = "",
) -> Event:
    """记一条“签回归卷”，文书成为已签回。在事务里调用，文书已锁。已依法清除 → ScanRefused。"""
    uid = str(document.case.uid)
    work = Work(now)
    work.load([uid])  # 件锁住了：此后不会再有清除
    if (
        EvidenceFile.objects.filter(pk__in={document.docx_id, document.pdf_id})
        .exclude(erased_at=None)
        .exists()
    ):
        raise ScanRefused(f"{document}已依法清除，签回件不再归卷。请交档案员处理")
    effects: dict[str, Any] = {"scan": told(document, document.number, document.event.seq) | {"pages": pages}}
    if document.uses:
        effects["uses"] = list(document.uses)
    item = attached(part, document.title) | {"kind": part.kind}
    actor = officer_actor(officer).record(None, None, None)
    work.builtin(uid, "file_scan", actor, effects, now, reason, files=[item])
    work.flush()
    document.state, document.signed_at = SIGNED, document.signed_at or now
    document.save(update_fields=["state", "signed_at"])
    return Event.objects.get(case=document.case, seq=work.loaded[uid].view.seq)
