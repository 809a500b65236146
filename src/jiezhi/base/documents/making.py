"""制作文书：事务外排版、转 PDF，事务内登记（文书归卷）。断电、重来都只登记一次。"""

from __future__ import annotations

import io
import json
import re
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Any

from django.db import IntegrityError, transaction
from django.db.models import Max, Q, QuerySet
from jinja2 import TemplateError

from jiezhi.base.casework import bundles, files, matters
from jiezhi.base.casework.engine.work import Work
from jiezhi.base.casework.models import Case, Delivery, Event, EvidenceFile, MatterVersion
from jiezhi.base.documents import codes, converting
from jiezhi.base.documents.layouts import Paper, compose
from jiezhi.base.documents.layouts.style import printed_style, style
from jiezhi.base.documents.models import MADE, SIGNED, VOID, WAITING, Document
from jiezhi.base.documents.values import Frozen, freeze, office
from jiezhi.core.procedure.definition import Definition
from jiezhi.core.procedure.matter import DocumentDecl
from jiezhi.core.procedure.view import SYSTEM

_UNSAFE = re.compile(r'[\\/:*?"<>|\s]+')


@dataclass(frozen=True, slots=True)
class Made:
    """排好存好、还没有登记的。"""

    docx: EvidenceFile
    pdf: EvidenceFile | None
    pages: int | None
    frozen: Frozen
    each: bool


def render(row: Delivery, now: datetime) -> Made | None:
    """事务之前：排版、转 PDF、存文件。已制作过、已作废的为 None。模板填不出的抛 ValueError（中文）。"""
    assert row.event is not None and row.case_id is not None
    definition = definition_at(row.event)
    name = row.payload["document"]
    decl = definition.matter.documents.get(name)
    if decl is None:
        raise ValueError(f"业务模板里没有叫“{name}”的文书")
    document = _enter(row, decl, now)
    if document.state != WAITING:
        return None
    bundle = bundles.load(Case.objects.filter(pk=row.case_id))[0]
    try:
        frozen = freeze(bundle, row.event.seq, definition, decl)
    except TemplateError as error:
        raise ValueError(f"《{decl.title}》的模板填不出：{_why(error)}") from error
    paper = Paper(
        title=decl.title,
        layout=decl.layout,
        red_head=decl.red_head,
        office=office()["name"],
        number=frozen.number,
        date=frozen.on,
        signs=tuple(decl.signs),
        seal=decl.seal,
        mark=codes.text_of(document.short),
        code=f"{document.short} {document.code}",
    )
    stem = _UNSAFE.sub("", f"{decl.title}{frozen.number}")[:80] or "文书"
    docx = _store(compose(paper, frozen.text, style()), f"{stem}.docx", now)
    pdf, pages = None, None
    # PDF 用本机有的字体另排一份；转不出不影响 Word 文件。
    printed = converting.to_pdf(compose(paper, frozen.text, printed_style()))
    if printed is not None:
        printed, pages = converting.number_pages(printed, document.short)
        pdf = _store(printed, f"{stem}.pdf", now)
    return Made(docx, pdf, pages, frozen, decl.repeated)


def _why(error: TemplateError) -> str:
    text = str(error)
    found = re.match(r"'(.+)' is undefined", text)
    return f"“{found[1]}”还没有填" if found else text


def definition_at(event: Event) -> Definition:
    """那一步办理时用的业务模板版本。"""
    digest = json.loads(bytes(event.body))["definition"]
    return matters.definition_of(MatterVersion.objects.get(digest=digest))


def _store(data: bytes, name: str, now: datetime) -> EvidenceFile:
    return files.store(io.BytesIO(data), name, kind="document", acting_officer=None, now=now)


def _enter(row: Delivery, decl: DocumentDecl, now: datetime) -> Document:
    """列入制作：短号、核验码先定下来，二维码才印得出。重来时是同一行。"""
    version = int(row.payload.get("version", 0))
    name = row.payload["document"]
    assert row.case is not None and row.event is not None
    for _ in range(5):
        known = Document.objects.filter(event=row.event, name=name)
        found = known.filter(version=version).first() if version else known.order_by("version").first()
        if found is not None:
            return found
        short = codes.new_short()
        try:
            with transaction.atomic():
                return Document.objects.create(
                    case=row.case,
                    event=row.event,
                    name=name,
                    title=decl.title,
                    version=version or (1 if decl.repeated else _version(row, name)),
                    short=short,
                    code=codes.code_of(short),
                    note=str(row.payload.get("reason", ""))[:200],
                    created_at=now,
                )
        except IntegrityError:
            continue  # 另一个进程先列入了，或短号碰巧重了
    raise ValueError("列入制作时总与别的进程相撞，稍后再试")


def _version(row: Delivery, name: str) -> int:
    """第几版：按办理的先后，不按做好的先后（先办的可能卡住，后做）。"""
    assert row.event is not None
    same = Document.objects.filter(case=row.case, name=name, event__seq__lte=row.event.seq)
    queued = Delivery.objects.filter(
        case=row.case, kind="document", payload__document=name, event__seq__lt=row.event.seq
    ).exclude(payload__has_key="again")
    return max(same.aggregate(last=Max("version"))["last"] or 0, queued.count()) + 1


def file_document(row: Delivery, now: datetime, made: Made | None) -> str:
    """事务里：办理记录记上“文书归卷”，旧版作废。

    已有后来办理的一份的，这一份直接作废，不归卷；排好之后有内容依法清除了的，排好的不要，另排一次。
    """
    known = Document.objects.select_for_update().filter(event=row.event, name=row.payload["document"])
    version = row.payload.get("version")
    document = known.filter(version=version).first() if version else known.order_by("version").first()
    if made is None or document is None or document.state != WAITING:
        return "已经制作过"
    assert row.case is not None and row.event is not None
    uid = str(row.case.uid)
    work = Work(now)
    work.load([uid])  # 件锁住了：下面看到的不会再变
    if Event.objects.filter(case=row.case, action="erase", seq__gt=made.frozen.seq).exists():
        _discard(made)
        again = {**row.payload, "again": work.loaded[uid].view.seq}
        key = f"{row.key}:{again['again']}"
        Delivery.objects.create(
            case=row.case, event=row.event, kind="document", key=key, payload=again, not_before=now
        )
        return "排好之后有内容依法清除了，重新排"
    if (later := newer(document, made.each).filter(state__in=[MADE, SIGNED]).first()) is not None:
        document.state, document.voided_at = VOID, now
        document.note = f"已有后来办理的第 {later.version} 版，没有制作"
        document.save()
        _discard(made)
        return f"《{document.title}》{document.note}"
    printed = [made.docx, *([made.pdf] if made.pdf else [])]
    effects: dict[str, Any] = {"document": told(document, made.frozen.number, row.event.seq)}
    if made.each:
        effects["document"]["each"] = True
    if made.frozen.uses:
        effects["uses"] = list(made.frozen.uses)
    actor = SYSTEM.record(None, None, None)
    work.builtin(
        uid, "file_document", actor, effects, now, files=[attached(one, document.title) for one in printed]
    )
    work.flush()
    document.docx, document.pdf, document.pages = made.docx, made.pdf, made.pages
    document.number, document.uses = made.frozen.number, list(made.frozen.uses)
    document.state, document.made_at = MADE, now
    document.save()
    gone = _replace(document, made.each, now)
    return f"已制作《{document.title}》" + (f"，旧的 {gone} 份作废" if gone else "")


def _discard(made: Made) -> None:
    """排好而用不上的：里面有个人信息，不等清扫，提交时就删。"""
    for file in (made.docx, made.pdf):
        if file is not None and not file.uses.exists():
            EvidenceFile.objects.filter(pk=file.pk).delete()
            transaction.on_commit(partial(files.remove, file.digest))


def told(document: Document, number: str, source: int) -> dict[str, Any]:
    """办理记录里怎样说一份文书：没有个人信息。"""
    return {
        "name": document.name,
        "title": document.title,
        "number": number,
        "version": document.version,
        "short": document.short,
        "source": source,
    }


def attached(file: EvidenceFile, title: str) -> dict[str, Any]:
    """办理记录的附件一项；名称写文书的题名。"""
    return {"digest": file.digest, "kind": "document", "name": title[:48], "size": file.size}


def newer(document: Document, each: bool) -> QuerySet[Document]:
    """代替这一份的：后来办理的，或同一步重出的新版；每次另出一份的（笔录、回证）只看同一步。"""
    same = Document.objects.filter(case=document.case, name=document.name)
    again = Q(event=document.event, version__gt=document.version)
    return same.filter(again if each else again | Q(event__seq__gt=document.event.seq))


def _replace(document: Document, each: bool, now: datetime) -> int:
    """这一份代替了的，作废。"""
    again = Q(event=document.event, version__lt=document.version)
    older = Document.objects.filter(
        case=document.case, name=document.name, state__in=[WAITING, MADE, SIGNED]
    ).filter(again if each else again | Q(event__seq__lt=document.event.seq))
    return older.update(state=VOID, voided_at=now, note=f"已由第 {document.version} 版代替")
