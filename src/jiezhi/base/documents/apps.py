from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any

from django.apps import AppConfig

if TYPE_CHECKING:
    from jiezhi.base.casework.integrity_report import Report
    from jiezhi.base.casework.models import Delivery
    from jiezhi.base.documents.making import Made


class DocumentsConfig(AppConfig):
    name = "jiezhi.base.documents"
    label = "documents"
    verbose_name = "文书"

    def ready(self) -> None:
        from jiezhi.base.casework import builtins, integrity, outbox, upkeep

        builtins.register("file_document", "文书归卷", source=lambda effects: _source(effects, "document"))
        builtins.register("file_scan", "签回归卷", source=lambda effects: _source(effects, "scan"))
        outbox.handler("document", _file, prepare=_render)
        upkeep.on_erase(_erase)
        integrity.also(_check)


# 排版、转 PDF、认二维码的库要零点几秒才引入，用到时再引入，别的命令不等它们。


def _render(row: Delivery, now: datetime) -> Made | None:
    from jiezhi.base.documents import making

    return making.render(row, now)


def _file(row: Delivery, now: datetime, made: Made | None) -> str:
    from jiezhi.base.documents import making

    return making.file_document(row, now, made)


def _erase(case: int, fields: Mapping[int, set[str]], now: datetime) -> set[str]:
    from jiezhi.base.documents import erasing

    return erasing.erase_scans(case, fields, now)


def _source(effects: Mapping[str, Any], kind: str) -> int | None:
    found: int | None = (effects.get(kind) or {}).get("source")
    return found


def _check(report: Report) -> None:
    from jiezhi.base.documents.integrity import check_documents

    check_documents(report)
