"""裁量基准的校验：情形的全部组合恰好落在一档，每档不出法定幅度，依据在名录里。"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Set
from itertools import product
from typing import Any

from jiezhi.core.calendar import stands
from jiezhi.core.discretion.decl import ANYONE, WEIGHT, BenchmarkDecl, FactorDecl, TierDecl
from jiezhi.core.discretion.engine import (
    Span,
    expression,
    legal_span,
    matching,
    money,
    of_kind,
    span_text,
    tier_span,
)
from jiezhi.core.discretion.statutory import STATUTORY
from jiezhi.core.procedure.definition import cite
from jiezhi.core.procedure.law import CAN_STOP, StatuteDecl

MOST = 20_000
"""最多穷举多少种组合；再多的基准人也看不懂。"""
REDUCING = frozenset({"penalty-2021.30", "penalty-2021.32"})
EXEMPTING = frozenset({"penalty-2021.30", "penalty-2021.31", "penalty-2021.33"})
#: 幅度待本地填写、按倍数算的，用这个幅度试算百分比的次序。
TRIAL: Span = (10_000, 110_000)
Tell = Callable[[str, tuple[str | int, ...], str], None]


def check(
    benchmark: BenchmarkDecl,
    statutes: Mapping[str, StatuteDecl],
    powers: Set[str],
    others: Iterable[BenchmarkDecl],
    tell: Tell,
) -> None:
    """查一条基准。

    进：法律名录、权责清单的事项代码（空集合表示没有清单，不查）、先读到的别的基准；`tell(代号, 位置, 说法)` 报一处错误。
    """
    if powers and benchmark.power not in powers:
        say = f"权责清单里没有“{benchmark.power}”这个事项；请核对事项代码"
        tell("discretion.power", ("power",), say)
    for other in _clashes(benchmark, others):
        say = f"同一事项、同一种对象已有“{other.title}”，施行时间重叠；旧的请写失效日 until"
        tell("discretion.twice", ("in_force",), say)
    _limit(benchmark, tell)
    _cites(benchmark, statutes, tell)
    _published(benchmark, tell)
    sound = _factors(benchmark, tell)
    sound = _conditions(benchmark, tell) and sound
    if _tiers(benchmark, tell):
        _amounts(benchmark, tell)
    if sound:
        _combinations(benchmark, tell)


def _clashes(benchmark: BenchmarkDecl, others: Iterable[BenchmarkDecl]) -> list[BenchmarkDecl]:
    return [
        other
        for other in others
        if other.power == benchmark.power
        and (other.party == benchmark.party or ANYONE in (other.party, benchmark.party))
        and (
            stands(benchmark.in_force, benchmark.until, other.in_force)
            or stands(other.in_force, other.until, benchmark.in_force)
        )
    ]


def _limit(benchmark: BenchmarkDecl, tell: Tell) -> None:
    limit = benchmark.limit
    if limit is None:
        return
    fixed = limit.low is not None and limit.high is not None
    if fixed == (limit.times is not None) or (limit.low is None) != (limit.high is None):
        say = "法定幅度要写 low 和 high（分），或只写 times（违法所得的倍数）；条文没有数额的整个不写"
        tell("discretion.limit", ("limit",), say)
        return
    low, high = limit.times if limit.times is not None else (limit.low or 0, limit.high or 0)
    if low > high or high == 0:
        tell("discretion.limit", ("limit",), "法定幅度的上限要大于零，且不小于下限；请核对条文")


def _cites(benchmark: BenchmarkDecl, statutes: Mapping[str, StatuteDecl], tell: Tell) -> None:
    named: list[tuple[tuple[str | int, ...], str]] = [(("basis",), benchmark.basis)]
    named += [(("tiers", name, "basis"), one.basis) for name, one in benchmark.tiers.items() if one.basis]
    for at, reference in named:
        found = cite(statutes, reference)
        if found is None:
            tell("discretion.basis", at, f"依据 {reference} 不在法律名录里；请核对，或先把条文录入名录")
        elif found.status not in CAN_STOP:
            say = f"依据 {reference} 是“{found.status}”，裁量基准只能建立在已核对的条文上"
            tell("discretion.basis", at, say)
    for name, tier in benchmark.tiers.items():
        # 条文自己写明“拒不改正的才处罚”的，没有到那一步也是不予处罚。
        allowed = {"减轻": REDUCING, "不予处罚": EXEMPTING | {benchmark.basis}}.get(tier.kind)
        if allowed and tier.basis not in allowed:
            say = f"“{tier.title}”是{tier.kind}，要写依据：{'、'.join(sorted(allowed))}之一"
            tell("discretion.tier_basis", ("tiers", name), say)


def _published(benchmark: BenchmarkDecl, tell: Tell) -> None:
    if (benchmark.status == "公布") != (benchmark.issued is not None):
        say = "公布的基准要写 issued（公布它的文件），示范的不写"
        tell("discretion.issued", ("status",), say)
    if benchmark.until is not None and benchmark.until <= benchmark.in_force:
        tell("discretion.issued", ("until",), "失效日要晚于施行日")


def _factors(benchmark: BenchmarkDecl, tell: Tell) -> bool:
    sound = True
    for name, decl in benchmark.factors.items():
        shape = {"choice": bool(decl.choices), "count": decl.max is not None, "flag": True}[decl.type]
        extra = bool(decl.choices) and decl.type != "choice" or decl.max is not None and decl.type != "count"
        if not shape or extra or (decl.eases and decl.type != "flag"):
            say = f"情形“{decl.title}”：choice 写 choices，count 写 max，eases 只用于 flag"
            tell("discretion.factor", ("factors", name), say)
            sound = False
        if name in STATUTORY or decl.title in {one.title for one in STATUTORY.values()}:
            say = f"情形“{decl.title}”是法律统一规定的，系统已经处理，不用写进基准；请删去或改名"
            tell("discretion.reserved", ("factors", name), say)
            sound = False
    return sound


def _conditions(benchmark: BenchmarkDecl, tell: Tell) -> bool:
    sound = True
    for name, tier in benchmark.tiers.items():
        if tier.when is None:
            continue
        at = ("tiers", name, "when")
        try:
            unknown = sorted(expression(tier.when).variables - set(benchmark.factors))
        except (ValueError, RuntimeError):
            tell("discretion.syntax", at, f"表达式“{tier.when}”写法不对，算不出来；请改正")
            sound = False
            continue
        if unknown:
            known = "、".join(benchmark.factors)
            tell("discretion.unknown", at, f"没有“{unknown[0]}”这种情形，只能用：{known}")
            sound = False
    return sound


def _tiers(benchmark: BenchmarkDecl, tell: Tell) -> bool:
    sound = True
    for name, tier in benchmark.tiers.items():
        ways = [key for key in ("range", "below", "fine", "penalty") if getattr(tier, key) is not None]
        if len(ways) != (0 if tier.kind == "不予处罚" else 1) or ("below" in ways and tier.kind != "减轻"):
            say = (
                f"“{tier.title}”的幅度要在 range、fine、penalty（减轻的用 below）里恰好写一个；不予处罚的不写"
            )
            tell("discretion.range", ("tiers", name), say)
            sound = False
        for key in ("range", "below", "fine"):
            pair = getattr(tier, key)
            if pair is not None and pair[0] > pair[1]:
                tell("discretion.range", ("tiers", name, key), f"“{tier.title}”的下限大于上限")
                sound = False
        if tier.penalty is not None and not benchmark.warning:
            say = f"“{tier.title}”不罚款，可法律没有说可以只给予警告（warning）；请核对条文"
            tell("discretion.range", ("tiers", name, "penalty"), say)
    for kind in ("从轻", "减轻", "不予处罚"):
        if sum(tier.kind == kind for tier in benchmark.tiers.values()) > 1:
            tell("discretion.range", ("tiers",), f"“{kind}”只能有一档：法定应当{kind}的落在哪一档要说得清")
            sound = False
    if of_kind(benchmark, "从轻") is None:
        tell("discretion.range", ("tiers",), "没有从轻一档：应当从轻处罚的没有地方落；请补上")
        sound = False
    return sound


def _amounts(benchmark: BenchmarkDecl, tell: Tell) -> None:
    found = legal_span(benchmark, 10_000, None)
    law = TRIAL if isinstance(found, str) else found
    fixed = benchmark.limit is None or benchmark.limit.times is not None
    last: tuple[str, Span, int] | None = None
    for name, tier in benchmark.tiers.items():
        low, high = tier_span(tier, law)
        if tier.fine is not None and fixed:
            say = f"“{tier.title}”写了定额，可法定幅度不是定额（待填写或按倍数）；请改写百分比 range"
            tell("discretion.beyond", ("tiers", name), say)
            continue
        if tier.kind == "减轻":
            if law[0] == 0:
                say = f"“{tier.title}”：法定幅度没有下限，谈不上减轻；请删去"
                tell("discretion.beyond", ("tiers", name), say)
            elif high > law[0]:
                say = f"“{tier.title}”{span_text((low, high))}，减轻应当低于法定下限{money(law[0])}；请改正"
                tell("discretion.beyond", ("tiers", name), say)
        elif tier.kind != "不予处罚" and tier.penalty is None and not law[0] <= low <= high <= law[1]:
            say = f"“{tier.title}”{span_text((low, high))}，超出法定幅度{span_text(law)}；请改正"
            tell("discretion.beyond", ("tiers", name), say)
        weight = WEIGHT[tier.kind]
        if last is not None and (weight < last[2] or low < last[1][0] or high < last[1][1]):
            say = f"“{tier.title}”排在“{last[0]}”后面却不比它重；各档要从轻到重写，数额不降"
            tell("discretion.order", ("tiers", name), say)
        elif last is not None and low < last[1][1] and tier.kind != "不予处罚":
            say = f"“{tier.title}”与“{last[0]}”的数额重叠：{span_text((low, high))}、{span_text(last[1])}；请错开"
            tell("discretion.order", ("tiers", name), say)
        last = (tier.title, (low, high), weight)


def options(decl: FactorDecl) -> list[Any]:
    """一种情形的全部取值，从轻到重。"""
    if decl.type == "choice":
        return list(decl.choices)
    if decl.type == "count":
        return list(range((decl.max or 0) + 1))
    return [True, False] if decl.eases else [False, True]


def combinations(benchmark: BenchmarkDecl) -> Iterator[dict[str, Any]]:
    """情形的全部组合。"""
    names = list(benchmark.factors)
    for values in product(*(options(decl) for decl in benchmark.factors.values())):
        yield dict(zip(names, values, strict=True))


def _combinations(benchmark: BenchmarkDecl, tell: Tell) -> None:
    total = 1
    for decl in benchmark.factors.values():
        total *= len(options(decl))
    if total > MOST:
        tell("discretion.too_many", ("factors",), f"情形有 {total} 种组合，超过 {MOST} 种；请合并情形")
        return
    where: dict[tuple[Any, ...], int] = {}
    ranks = {name: index for index, name in enumerate(benchmark.tiers)}
    reached: set[str] = set()
    for values in combinations(benchmark):
        found = matching(benchmark, values)
        if len(found) != 1:
            _not_one(benchmark, values, found, tell)
            return
        reached.add(found[0])
        where[tuple(values.values())] = ranks[found[0]]
    for name, tier in benchmark.tiers.items():
        if tier.when is not None and name not in reached:
            tell("discretion.unreached", ("tiers", name), f"没有哪种情形会落到“{tier.title}”；请核对 when")
    _monotone(benchmark, where, tell)


def _not_one(benchmark: BenchmarkDecl, values: Mapping[str, Any], found: list[str], tell: Tell) -> None:
    example = _told(benchmark, values)
    if not found:
        tell("discretion.gap", ("tiers",), f"有一种情形没有落在任何一档：{example}；请补上")
        return
    titles = "”“".join(benchmark.tiers[name].title for name in found)
    say = f"有一种情形同时落在“{titles}”：{example}；请改 when，让它们互不重叠"
    tell("discretion.overlap", ("tiers", found[1]), say)


def _monotone(benchmark: BenchmarkDecl, where: Mapping[tuple[Any, ...], int], tell: Tell) -> None:
    names = list(benchmark.factors)
    steps = {name: options(decl) for name, decl in benchmark.factors.items()}
    tiers: list[TierDecl] = list(benchmark.tiers.values())
    for values, rank in where.items():
        for index, name in enumerate(names):
            place = steps[name].index(values[index])
            if place + 1 == len(steps[name]):
                continue
            worse = (*values[:index], steps[name][place + 1], *values[index + 1 :])
            if where[worse] < rank:
                before = _told(benchmark, dict(zip(names, values, strict=True)))
                say = (
                    f"“{benchmark.factors[name].title}”更重，档次反而更轻：{before}属“{tiers[rank].title}”，"
                    f"加重后属“{tiers[where[worse]].title}”；请核对 when，或调整选项的次序"
                )
                tell("discretion.not_monotone", ("factors", name), say)
                return


def _told(benchmark: BenchmarkDecl, values: Mapping[str, Any]) -> str:
    parts = []
    for name, value in values.items():
        decl = benchmark.factors[name]
        shown = decl.choices.get(value, "") if decl.type == "choice" else value
        if isinstance(value, bool):
            shown = "是" if value else "否"
        parts.append(f"{decl.title}={shown}")
    return "，".join(parts)
