"""按基准裁量：情形 → 恰好一档 → 建议幅度。纯函数，数额都是整数分。

先看法定不罚，再按基准的情形定档，最后看应当从轻或者减轻。首违可不罚只是“可以”，不改变定出的档。
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

from jiezhi.core.discretion.decl import WEIGHT, BenchmarkDecl, FactorDecl, TierDecl
from jiezhi.core.discretion.statutory import NOT_APPLICABLE, STATUTORY, Ruling, rule
from jiezhi.core.procedure.definition import Expression

Span = tuple[int, int]
Label = Callable[[str], str]
_YES, _NO = frozenset({"是", "有", "true", "1", "on"}), frozenset({"否", "无", "没有", "false", "0", ""})


@dataclass(frozen=True, slots=True)
class Assessment:
    """裁量的结果。

    missing 不为空就是还算不出来（差哪些，怎么补），其余各项无意义。
    tier 档次名称，kind 是哪一类；low、high 建议幅度（分）；law 法定幅度，floor 允许的最低数额（减轻时低于法定下限）。
    penalty 可以不罚款只给的处罚（如警告）；may_exempt 为真时可以不予处罚。reasons 逐条说明，可直接印出来。
    """

    tier: str = ""
    kind: str = ""
    low: int = 0
    high: int = 0
    law: Span = (0, 0)
    floor: int = 0
    penalty: str = ""
    may_exempt: bool = False
    reasons: tuple[str, ...] = ()
    missing: tuple[str, ...] = field(default=())

    @property
    def ready(self) -> bool:
        """算得出来。"""
        return not self.missing

    def suits_law(self, fine: int | None) -> bool:
        """数额不出法定幅度（应当不罚的不得罚；减轻的可以低于法定下限；可以不罚的可以是零）。"""
        amount = fine or 0
        if self.kind == "不予处罚":
            return amount == 0
        if amount == 0:
            return self.may_exempt or bool(self.penalty)
        return self.floor <= amount <= self.law[1]

    def suits_tier(self, fine: int | None) -> bool:
        """数额在建议的档内。"""
        amount = fine or 0
        if amount == 0:
            return self.may_exempt or self.high == 0
        return self.low <= amount <= self.high


@lru_cache(maxsize=1024)
def expression(source: str) -> Expression:
    """档次条件的表达式，编译一次；写法不对抛 ValueError 或 RuntimeError。"""
    return Expression(source)


def money(cents: int) -> str:
    """分 → 给人看的元：50000 → 500元。"""
    whole, rest = divmod(cents, 100)
    return f"{whole}.{rest:02}元" if rest else f"{whole}元"


def span_text(span: Span) -> str:
    """幅度给人看的写法。"""
    low, high = span
    if low == high:
        return money(low)
    return f"{money(high)}以下" if low == 0 else f"{money(low)}至{money(high)}"


def legal_span(benchmark: BenchmarkDecl, gains: int | None, local: Span | None) -> Span | str:
    """法定幅度；算不出来时返回差什么（中文）。`local` 是本单位照地方规定填的，只在条文没有数额时用。"""
    limit = benchmark.limit
    if limit is None:
        if local is not None:
            return local
        return (
            f"“{benchmark.title}”的法定幅度待本地填写：条文没有写明数额，由系统管理员照地方规定填写"
            f"（jiezhi discretion set {benchmark.discretion} 最低 最高），填好之前不能用来裁量"
        )
    if limit.times is not None:
        if not gains:
            return "还没有填违法所得：罚款按违法所得的倍数算"
        return gains * limit.times[0], gains * limit.times[1]
    return limit.low or 0, limit.high or 0


def tier_span(tier: TierDecl, law: Span) -> Span:
    """一档的幅度。百分比算出来有小数的一律去尾，所以不会高出法定上限。"""
    low, high = law
    if tier.kind == "不予处罚" or tier.penalty is not None:
        return 0, 0
    if tier.fine is not None:
        return tier.fine[0], tier.fine[1]
    if tier.below is not None:
        return low * tier.below[0] // 100, low * tier.below[1] // 100
    first, last = tier.range or (0, 100)
    return low + (high - low) * first // 100, low + (high - low) * last // 100


def read(benchmark: BenchmarkDecl, given: Mapping[str, Any]) -> tuple[dict[str, Any], list[str]]:
    """填写的情形 → （代号 → 值，差什么或哪里不对）。情形可写代号或名称，取值可写选项代号、名称、是否、数字。"""
    by_title = {one.title: name for name, one in benchmark.factors.items()}
    by_title |= {one.title: name for name, one in STATUTORY.items()}
    values: dict[str, Any] = {}
    wrong: list[str] = []
    for key, raw in given.items():
        name = by_title.get(key.strip(), key.strip())
        decl = benchmark.factors.get(name)
        if decl is None and name not in STATUTORY:
            wrong.append(f"没有“{key}”这种情形")
            continue
        value = _value(decl, raw)
        if value is None:
            wrong.append(f"“{decl.title if decl else STATUTORY[name].title}”{_hint(decl)}")
        else:
            values[name] = value
    bad = {text.split("”")[0] for text in wrong}
    for name, decl in benchmark.factors.items():
        if name not in values and f"“{decl.title}" not in bad:
            wrong.append(f"还没有填“{decl.title}”：{_hint(decl)}")
    return values, wrong


def _value(decl: FactorDecl | None, raw: Any) -> Any:
    text = str(raw).strip()
    if decl is None or decl.type == "flag":
        if isinstance(raw, bool):
            return raw
        return True if text.lower() in _YES else False if text.lower() in _NO else None
    if decl.type == "count":
        count = int(text) if text.isascii() and text.isdigit() and not isinstance(raw, bool) else None
        return None if count is None else min(count, decl.max or count)
    by_title = {title: name for name, title in decl.choices.items()}
    name = by_title.get(text, text)
    return name if name in decl.choices else None


def _hint(decl: FactorDecl | None) -> str:
    if decl is None or decl.type == "flag":
        return "填“是”或“否”"
    if decl.type == "count":
        return "填次数"
    return f"选：{'、'.join(decl.choices.values())}"


def matching(benchmark: BenchmarkDecl, values: Mapping[str, Any]) -> list[str]:
    """这组情形落在哪些档（合格的基准恰好一档）。"""
    return [
        name
        for name, tier in benchmark.tiers.items()
        if tier.when is not None and expression(tier.when).holds(values)
    ]


def of_kind(benchmark: BenchmarkDecl, kind: str) -> TierDecl | None:
    """某一类的（第一）档。"""
    return next((tier for tier in benchmark.tiers.values() if tier.kind == kind), None)


def assess(
    benchmark: BenchmarkDecl,
    given: Mapping[str, Any],
    *,
    age_band: str = NOT_APPLICABLE,
    gains: int | None = None,
    local: Span | None = None,
    label: Label = str,
) -> Assessment:
    """按基准裁量。

    进：填写的情形（代号或名称 → 值）、年龄段、违法所得（分）、本单位填的法定幅度（分）、依据的写法。
    出：Assessment；情形没有填全、法定幅度没有填的，`missing` 说明差什么。不抛业务异常。
    """
    values, wrong = read(benchmark, given)
    ruling = rule(values, age_band)
    if ruling.exempt is not None:  # 应当不罚的，不必再填基准的情形
        why, basis = ruling.exempt
        return Assessment("不予处罚", "不予处罚", reasons=(_because(f"{why}，应当不予处罚", label(basis)),))
    law = legal_span(benchmark, gains, local)
    if isinstance(law, str):
        wrong = [law, *wrong]
    if wrong or isinstance(law, str):
        return Assessment(missing=tuple(wrong))
    found = matching(benchmark, values)
    if len(found) != 1:  # 校验过的基准不会到这里
        return Assessment(missing=("这组情形定不下档次，请联系管理员核对裁量基准",))
    tier = benchmark.tiers[found[0]]
    reasons = [_told(benchmark, values, tier)]
    tier, more = _mitigated(benchmark, tier, ruling, label)
    reasons += more
    low, high = tier_span(tier, law)
    if ruling.may_exempt:
        text = "初次违法、危害后果轻微并及时改正，可以不予处罚"
        reasons.append(_because(text, label(STATUTORY["first"].basis)))
    return Assessment(
        tier=tier.title,
        kind=tier.kind,
        low=low,
        high=high,
        law=law,
        floor=min(low, law[0]) if tier.kind == "减轻" else law[0],
        penalty=tier.penalty or ("警告" if benchmark.warning else ""),
        may_exempt=ruling.may_exempt,
        reasons=tuple(reasons),
    )


def _mitigated(
    benchmark: BenchmarkDecl, tier: TierDecl, ruling: Ruling, label: Label
) -> tuple[TierDecl, list[str]]:
    """应当从轻或者减轻：选了减轻、基准又有减轻档的落到减轻，否则至多从轻。"""
    if not ruling.mitigated or tier.kind == "不予处罚":
        return tier, []
    wanted = of_kind(benchmark, "减轻") if ruling.lighter else None
    wanted = wanted or of_kind(benchmark, "从轻")
    if wanted is not None and WEIGHT[wanted.kind] < WEIGHT[tier.kind]:
        tier = wanted
    return tier, [_because(f"{why}，应当从轻或者减轻处罚", label(basis)) for why, basis in ruling.mitigated]


def _because(text: str, basis: str) -> str:
    return f"{text}（{basis}）" if basis else text


def _told(benchmark: BenchmarkDecl, values: Mapping[str, Any], tier: TierDecl) -> str:
    parts = []
    for name, decl in benchmark.factors.items():
        value = values[name]
        shown = decl.choices[value] if decl.type == "choice" else value
        if isinstance(value, bool):
            shown = "是" if value else "否"
        elif decl.type == "count":
            shown = f"{value}次{'以上' if decl.max and value >= decl.max else ''}"
        parts.append(f"{decl.title}：{shown}")
    return f"{'；'.join(parts)}。属{tier.title}"
