"""依法清除一件的内容时，还留在扫描件原件里的一并清除（归了卷的由办理记录管）。"""

from __future__ import annotations

import io
from collections import defaultdict
from collections.abc import Mapping
from datetime import datetime

from jiezhi.base.casework import files
from jiezhi.base.casework.models import EvidenceFile
from jiezhi.base.documents import reading
from jiezhi.base.documents.models import ASIDE, SETTLED, Document, Scan

GONE = "这一页印着已依法清除的内容，随之清除"


def erase_scans(case: int, fields: Mapping[int, set[str]], now: datetime) -> set[str]:
    """印着这些字段（序号 → 那时的叫法）的页：等人工归的不再等，原件里换成空白页；返回不能再留的原件的摘要。

    没有认出是哪份文书的页不知道是哪一件的，不在其中。
    """
    printed = [
        one.pk
        for one in Document.objects.filter(case=case).select_related("event")
        if fields.get(one.event.seq, set()) & set(one.uses)
    ]
    pages: dict[str, set[int]] = defaultdict(set)
    for digest, page in Scan.objects.filter(document__in=printed).values_list("digest", "page"):
        pages[digest].add(page)
    dropped = set()
    for digest, own in pages.items():
        rows = Scan.objects.select_for_update().filter(digest=digest)
        kept = next((row.file_id for row in rows if row.file_id), None)
        rows.filter(page__in=own, filed=None).exclude(result__in=SETTLED).update(result=ASIDE, say=GONE)
        if kept is None:
            continue
        dropped.add(kept)
        others = rows.filter(filed=None).exclude(result__in=SETTLED).exists()
        rows.update(file=_blanked(kept, own, now) if others else None)
    return dropped


def _blanked(digest: str, pages: set[int], now: datetime) -> EvidenceFile:
    """别的页还等着归：另存一份去掉这几页的，页号不变。只有 PDF 才有几页。"""
    data = reading.blanked(EvidenceFile.objects.get(pk=digest), pages)
    return files.store(io.BytesIO(data), "扫描件.pdf", kind="any", acting_officer=None, now=now)
