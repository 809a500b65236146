"""公布裁量基准；填写条文没有写明的法定幅度。

出错：数额不对、没有这条基准 → ValidationError；无权 → NotAllowed。
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from datetime import date, datetime

from django.core.exceptions import ValidationError
from django.db import transaction

from jiezhi.base.accounts.authority import require_administrator
from jiezhi.base.accounts.models import Officer
from jiezhi.base.accounts.records import write_record
from jiezhi.core.discretion.decl import BenchmarkDecl
from jiezhi.core.discretion.engine import span_text
from jiezhi.core.discretion.statutory import STATUTORY
from jiezhi.core.discretion.versions import BASIS as OLD_OR_NEW
from jiezhi.core.evidence.canonical import encode
from jiezhi.core.evidence.digest import sm3_hex
from jiezhi.core.procedure.definition import cite
from jiezhi.core.procedure.law import CAN_STOP, StatuteDecl
from jiezhi.core.procedure.packset import PackSet
from jiezhi.services.discretion.models import Benchmark, LocalLimit


def publish(
    benchmarks: Iterable[BenchmarkDecl], statutes: Mapping[str, StatuteDecl], *, now: datetime
) -> list[Benchmark]:
    """公布一批校验过的基准；内容没变的不动，这一批里没有的不再现行。返回新公布的。"""
    fresh: list[Benchmark] = []
    with transaction.atomic():
        current = {row.code: row for row in Benchmark.objects.select_for_update().filter(is_current=True)}
        kept: set[str] = set()
        for decl in benchmarks:
            row = _row(decl, statutes, now)
            kept.add(row.code)
            old = current.get(row.code)
            if old is not None and old.digest == row.digest:
                continue
            if old is not None:
                Benchmark.objects.filter(pk=old.pk).update(is_current=False)
            if not Benchmark.objects.filter(digest=row.digest).update(is_current=True):
                row.save()
                fresh.append(row)
        gone = [row.pk for code, row in current.items() if code not in kept]
        Benchmark.objects.filter(pk__in=gone).update(is_current=False)
    return fresh


def publish_from(packs: PackSet, now: datetime) -> None:
    """随业务模板包公布里面的裁量基准。"""
    publish(packs.benchmarks.values(), packs.statutes, now=now)


def _row(decl: BenchmarkDecl, statutes: Mapping[str, StatuteDecl], now: datetime) -> Benchmark:
    content = json.loads(decl.model_dump_json(by_alias=True, exclude_defaults=True))
    cited = {decl.basis, OLD_OR_NEW, "penalty-2021.30", *(one.basis for one in STATUTORY.values())}
    found = {reference: cite(statutes, reference) for reference in cited}
    labels = {ref: one.label for ref, one in sorted(found.items()) if one and one.status in CAN_STOP}
    return Benchmark(
        code=decl.discretion,
        title=decl.title,
        power=decl.power,
        party=decl.party,
        in_force=date.fromisoformat(decl.in_force),
        until=date.fromisoformat(decl.until) if decl.until else None,
        content=content,
        labels=labels,
        # 情形、档次的先后也是内容；规范字节会按键名重排，所以作为一段文字放进去。
        digest=sm3_hex(encode({"content": json.dumps(content, ensure_ascii=False), "labels": labels})),
        published_at=now,
    )


def set_limit(
    code: str,
    low: int,
    high: int,
    *,
    source: str,
    reason: str,
    acting_officer: Officer | None,
    now: datetime,
) -> LocalLimit:
    """填写一条基准的法定幅度（分，整数）。只有条文没有写数额的才填；只有系统管理员能办，写进管理记录。

    `source` 是地方规定的名称和条号，`reason` 是理由，都必须写。
    """
    require_administrator(acting_officer, now)
    row = Benchmark.objects.filter(code=code, is_current=True).first()
    if row is None:
        raise ValidationError({"code": f"没有“{code}”这条裁量基准，用 jiezhi discretion list 看代号"})
    if "limit" in row.content:
        raise ValidationError({"code": f"“{row.title}”的法定幅度是条文写明的，不能改"})
    if not source.strip() or not reason.strip():
        raise ValidationError({"source": "要写明依据（地方规定的名称和条号）和理由"})
    if not 0 <= low <= high or high == 0 or high > 2**53 - 1:
        raise ValidationError({"low": "最低不小于零，最高大于零并且不小于最低"})
    with transaction.atomic():
        old = LocalLimit.objects.select_for_update().filter(code=code, is_current=True).first()
        if old is not None:
            LocalLimit.objects.filter(pk=old.pk).update(is_current=False)
        found = LocalLimit.objects.create(
            code=code,
            low=low,
            high=high,
            source=source.strip()[:200],
            reason=reason.strip()[:300],
            set_by=acting_officer,
            set_at=now,
        )
        write_record(
            "discretion.limit",
            "填写法定幅度",
            found,
            acting_officer=acting_officer,
            now=now,
            old={"幅度": span_text((old.low, old.high))} if old else {},
            new={"基准": row.title, "幅度": span_text((low, high)), "依据": found.source},
            note=found.reason,
        )
    return found
