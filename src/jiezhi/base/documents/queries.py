"""读：一件的文书、等人工归的扫描件。"""

from __future__ import annotations

from datetime import datetime

from django.db.models import Exists, OuterRef, Q, QuerySet

from jiezhi.base.accounts.models import Officer
from jiezhi.base.casework import queries as casework
from jiezhi.base.casework.models import Case, EvidenceFile, EvidenceUse
from jiezhi.base.documents.models import SETTLED, VOID, Document, Scan


def visible(officer: Officer, at: datetime | None = None) -> QuerySet[Document]:
    """这个人看得见的文书：他看得见的件上的。"""
    found = Document.objects.filter(casework.seen(officer, at))
    return found.select_related("case", "event", "docx", "pdf")


def documents_of(case: Case, *, void: bool = True) -> QuerySet[Document]:
    """一件的文书，先办的在前；`void` 为假时不列作废的。"""
    found = Document.objects.filter(case=case).select_related("case", "event", "docx", "pdf")
    found = found if void else found.exclude(state=VOID)
    return found.order_by("event__seq", "name", "version")


def signed_copy(document: Document) -> EvidenceFile | None:
    """最近归卷的签回件；没有为 None。"""
    events = Scan.objects.filter(document=document).exclude(filed=None).values("filed")
    uses = EvidenceUse.objects.filter(event__in=events, case=document.case_id, field=document.title)
    found = uses.select_related("file").order_by("-event__seq", "-pk").first()
    return found.file if found else None


def waiting_scans(officer: Officer, at: datetime | None = None) -> QuerySet[Scan]:
    """等人工归的扫描页：自己传的、没有认出是哪份的，和认出属于自己看得见的文书的。"""
    waiting = Scan.objects.filter(filed=None).exclude(result__in=SETTLED)
    theirs = Exists(visible(officer, at).filter(pk=OuterRef("document")))
    mine = waiting.filter(Q(officer=officer, document=None) | Q(theirs))
    return mine.select_related("file", "document", "officer").order_by("-at", "file", "page")
