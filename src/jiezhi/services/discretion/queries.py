"""读：适用的基准、裁量的结果、填写办法、偏离统计。"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from statistics import median_low
from typing import Any

from django.db.models import Q, QuerySet

from jiezhi.base.casework.models import Case
from jiezhi.core.calendar import stands
from jiezhi.core.discretion.decl import ANYONE, BenchmarkDecl
from jiezhi.core.discretion.engine import Assessment, Span, assess, legal_span, span_text
from jiezhi.core.discretion.statutory import STATUTORY
from jiezhi.core.discretion.versions import BASIS, choose
from jiezhi.services.discretion.models import Benchmark, LocalLimit

DEMONSTRATION = "示范基准，须以公布的基准替换"
DECIDED = frozenset({"decide", "spot_decide"})


@dataclass(frozen=True, slots=True)
class Weighing:
    """一次裁量：适用的基准和结果；都为 None 是这个案由没有基准。`text` 给人看，写进件里。"""

    benchmark: BenchmarkDecl | None
    assessment: Assessment | None
    text: str


def benchmark_rows(power: str = "", party: str = "") -> QuerySet[Benchmark]:
    """现行的基准，可按事项、对象筛。"""
    wanted = Q(is_current=True) & (Q(power=power) if power else Q())
    wanted &= Q(party__in=(party, ANYONE)) if party else Q()
    return Benchmark.objects.filter(wanted).order_by("power", "party", "in_force")


def decl_of(row: Benchmark) -> BenchmarkDecl:
    """公布的内容还原成声明。"""
    return BenchmarkDecl.model_validate(row.content)


def local_spans(codes: Iterable[str]) -> dict[str, Span]:
    """本单位填的法定幅度：基准代号 → （最低，最高），分。"""
    rows = LocalLimit.objects.filter(code__in=list(codes), is_current=True)
    return {row.code: (row.low, row.high) for row in rows}


def _on(rows: Iterable[Benchmark], day: date) -> Benchmark | None:
    return next((one for one in rows if stands(one.in_force, one.until, day)), None)


def weigh(
    power: str,
    party: str,
    factors: Mapping[str, Any],
    *,
    age_band: str,
    gains: int | None,
    acted: date,
    decided: date,
) -> Weighing:
    """按基准裁量。`acted` 行为日（连续的是终了日），`decided` 处罚日：新旧基准从旧兼从轻，选择写在说明里。"""
    rows = list(benchmark_rows(power)) if power else []
    if rows and not party:
        say = "还没有填当事人种类（自然人、法人或其他组织）"
        return Weighing(None, Assessment(missing=(say,)), f"还不能裁量。{say}")
    rows = [one for one in rows if one.party in (party, ANYONE)]
    if not rows:
        return Weighing(None, None, "这个案由没有公布的裁量基准：请写明怎样裁量")
    old, new = _on(rows, acted) or _on(rows, decided), _on(rows, decided)
    if old is None and new is None:
        return Weighing(None, None, "行为时和处罚时都没有有效的裁量基准：请写明怎样裁量")
    pair = [one for one in (old, new) if one is not None]
    spans = local_spans(one.code for one in pair)
    legal = {
        one.code: span
        for one in pair
        if not isinstance(span := legal_span(decl_of(one), gains, spans.get(one.code)), str)
    }
    labels: dict[str, str] = {ref: text for one in pair for ref, text in one.labels.items()}
    picked = choose(
        decl_of(old) if old else None,
        decl_of(new) if new else None,
        legal.get(old.code) if old else None,
        legal.get(new.code) if new else None,
        labels.get(BASIS, ""),
    )
    assert picked.benchmark is not None
    found = assess(
        picked.benchmark,
        factors,
        age_band=age_band,
        gains=gains,
        local=spans.get(picked.benchmark.discretion),
        label=lambda reference: labels.get(reference, ""),
    )
    return Weighing(picked.benchmark, found, _told(picked.benchmark, found, picked.text, labels))


def _told(benchmark: BenchmarkDecl, found: Assessment, chosen: str, labels: Mapping[str, str]) -> str:
    head = f"裁量基准“{benchmark.title}”（{benchmark.issued or DEMONSTRATION}）"
    if not found.ready:
        return f"{head}：还不能裁量。" + "；".join(found.missing)
    parts = [chosen] if chosen else []
    basis = labels.get(benchmark.basis, "")
    parts += found.reasons
    if found.kind != "不予处罚":
        parts.append(f"法定幅度{span_text(found.law)}" + (f"（{basis}）" if basis else ""))
        if found.high:
            parts.append(f"建议罚款{span_text((found.low, found.high))}")
        if found.penalty:
            parts.append(f"可以只给予{found.penalty}")
    return f"{head}：" + "；".join(parts)


@dataclass(frozen=True, slots=True)
class Question:
    """一项裁量情形怎么问：有哪些取值。`statutory` 的是法定情形，有才写。"""

    title: str
    choices: tuple[str, ...]
    statutory: bool = False


def questions(power: str, party: str, on: date) -> list[Question]:
    """这个案由、这种对象要填哪些情形，法定情形在后；没有有效基准的为空。次数列到封顶的那次。"""
    row = _on(benchmark_rows(power, party), on)
    if row is None:
        return []
    found = []
    for one in decl_of(row).factors.values():
        counts = tuple(map(str, range((one.max or 0) + 1)))
        choices = {"choice": tuple(one.choices.values()), "flag": ("是", "否")}.get(one.type, counts)
        found.append(Question(one.title, choices))
    return found + [Question(one.title, ("是",), statutory=True) for one in STATUTORY.values()]


# ---- 统计 ----


@dataclass(frozen=True, slots=True)
class TierCount:
    """同案由、同对象、同档次的决定：几件、几件偏离、罚款的分布（分）。没有罚款的不进分布。"""

    cause: str
    party_kind: str
    tier: str
    decided: int
    departed: int
    fines: tuple[int, ...]

    @property
    def rate(self) -> float:
        """偏离率，0 到 1。"""
        return self.departed / self.decided if self.decided else 0.0

    @property
    def middle(self) -> int | None:
        """中位数（偏低的那个）；没有罚款为 None。"""
        return median_low(self.fines) if self.fines else None


def deviation(cases: QuerySet[Case]) -> list[TierCount]:
    """偏离统计，按案由、对象、档次。`cases` 由调用者从 `casework.queries.visible` 取并筛好；只算已作出决定的。"""
    groups: dict[tuple[str, str, str], list[tuple[int | None, bool]]] = defaultdict(list)
    for done, fields in cases.values_list("done", "fields"):
        if not DECIDED & set(done) or not fields.get("cause"):
            continue
        key = (str(fields["cause"]), str(fields.get("party_kind", "")), str(fields.get("tier", "")))
        fine = fields.get("fine")
        groups[key].append((fine if isinstance(fine, int) else None, fields.get("departs") is True))
    return [
        TierCount(
            *key,
            decided=len(rows),
            departed=sum(departs for _, departs in rows),
            fines=tuple(sorted(fine for fine, _ in rows if fine)),
        )
        for key, rows in sorted(groups.items())
    ]
