"""裁量：任意组合恰好一档，数额不出法定幅度、越重越高；法定情形照法律处理。"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from jiezhi.core.discretion.check import combinations, options
from jiezhi.core.discretion.decl import WEIGHT, BenchmarkDecl
from jiezhi.core.discretion.engine import assess, matching, span_text
from jiezhi.core.discretion.statutory import ADULT, MINOR, NOT_APPLICABLE, STATUTORY, YOUNG
from jiezhi.core.discretion.tests.samples import changed
from jiezhi.core.discretion.versions import choose
from jiezhi.core.procedure.loader import load_folder

SHIPPED = list(load_folder(Path(__file__).resolve().parents[3] / "packs").benchmarks.values())
PLAIN = {"kind": "plain", "refused": False, "repeats": 0}
HEAVY = PLAIN | {"repeats": 2}


@st.composite
def situations(draw: st.DrawFn) -> tuple[BenchmarkDecl, dict[str, Any], str, int, tuple[int, int]]:
    """随程序带的一条基准、一组情形（含法定情形）、年龄段、违法所得、本单位填的幅度。"""
    benchmark = draw(st.sampled_from(SHIPPED))
    given_ = {name: draw(st.sampled_from(options(decl))) for name, decl in benchmark.factors.items()}
    given_ |= {name: draw(st.booleans()) for name in STATUTORY}
    low = draw(st.integers(0, 10**6))
    local = (low, low + draw(st.integers(1, 10**7)))
    return (
        benchmark,
        given_,
        draw(st.sampled_from((ADULT, YOUNG, MINOR, NOT_APPLICABLE))),
        draw(st.integers(1, 10**9)),
        local,
    )


@given(situations())
@settings(max_examples=400, deadline=None)
def test_any_combination_lands_in_one_tier_within_the_law(case: Any) -> None:
    benchmark, given_, age, gains, local = case
    found = assess(benchmark, given_, age_band=age, gains=gains, local=local)
    assert found.ready and found.tier and found.kind in WEIGHT
    own = {name: given_[name] for name in benchmark.factors}
    assert len(matching(benchmark, own)) == 1
    if found.kind == "不予处罚":
        assert (found.low, found.high) == (0, 0) and not found.suits_law(1)
        return
    low, high = found.law
    assert found.low <= found.high <= high
    if found.kind == "减轻":
        assert found.high <= low
    elif found.high:
        assert low <= found.low
    assert found.suits_law(found.high) == bool(found.high or found.may_exempt or found.penalty)
    assert not found.suits_law(high + 1) and not found.suits_tier(found.high + 1)


@given(situations())
@settings(max_examples=300, deadline=None)
def test_a_mitigating_circumstance_never_makes_it_heavier(case: Any) -> None:
    benchmark, given_, _, gains, local = case
    own = {name: given_[name] for name in benchmark.factors}
    plain = assess(benchmark, own, gains=gains, local=local)
    milder = assess(benchmark, own | {"merit": True}, gains=gains, local=local)
    younger = assess(benchmark, own, age_band="已满14未满18", gains=gains, local=local)
    assert (milder.low, milder.high) == (younger.low, younger.high)
    assert milder.high <= plain.high and WEIGHT[milder.kind] <= WEIGHT["从轻"]


@pytest.mark.parametrize("benchmark", SHIPPED, ids=[one.discretion for one in SHIPPED])
def test_heavier_circumstances_never_cost_less(benchmark: BenchmarkDecl) -> None:
    cost = {
        tuple(values.items()): assess(benchmark, values, gains=10_000, local=(1000, 90_000)).high
        for values in combinations(benchmark)
    }
    for values in combinations(benchmark):
        for name, decl in benchmark.factors.items():
            steps = options(decl)
            for worse in steps[steps.index(values[name]) + 1 :]:
                assert cost[tuple((values | {name: worse}).items())] >= cost[tuple(values.items())]


def test_tier_and_amount() -> None:
    found = assess(changed(), PLAIN)
    assert (found.tier, found.low, found.high) == ("从轻", 10_000, 22_000)
    assert found.suits_tier(22_000) and not found.suits_tier(22_001) and not found.suits_law(9_999)
    assert assess(changed(), HEAVY).tier == "从重"
    # 写名称、写汉字“是否”、写成文字的数字都认
    words = {"种类": "有害垃圾", "拒不改正": "是", "处罚次数": "1"}
    assert assess(changed(), words).tier == "一般"
    assert assess(changed(), PLAIN | {"repeats": 7}).tier == "从重"


def test_what_is_missing_is_told() -> None:
    found = assess(changed(), {"kind": "金属", "好看": True})
    assert not found.ready
    said = "；".join(found.missing)
    assert "“种类”选：其他垃圾、有害垃圾" in said and "没有“好看”这种情形" in said
    assert "还没有填“拒不改正”：填“是”或“否”" in said and "还没有填“处罚次数”：填次数" in said


@pytest.mark.parametrize(
    ("age", "more", "because"),
    [
        ("不满14", {}, "不满十四周岁"),
        ("成年人", {"mental": True}, "精神障碍"),
        ("成年人", {"minor": True, "corrected": True, "harmless": True}, "轻微"),
        ("成年人", {"no_fault": True}, "没有主观过错"),
    ],
)
def test_what_must_not_be_punished(age: str, more: dict[str, bool], because: str) -> None:
    found = assess(changed(), HEAVY | more, age_band=age)
    assert found.kind == "不予处罚" and because in found.reasons[0] and "penalty-2021.3" in found.reasons[0]
    # 不罚的不必填全基准的情形
    assert assess(changed(), dict(more), age_band=age).kind == "不予处罚"


def test_two_of_the_three_conditions_are_not_enough() -> None:
    found = assess(changed(), HEAVY | {"minor": True, "corrected": True})
    assert found.kind == "从重" and not found.may_exempt


def test_first_offence_may_be_let_off_but_need_not() -> None:
    found = assess(changed(), HEAVY | {"first": True, "slight": True, "corrected": True})
    assert found.tier == "从重" and found.may_exempt
    assert found.suits_law(0) and found.suits_tier(0) and found.suits_tier(50_000)
    assert not assess(changed(), HEAVY).suits_law(0)


def test_mitigated_goes_to_light_or_below_the_floor_when_chosen() -> None:
    light = assess(changed(), HEAVY | {"eliminated": True})
    assert (light.tier, light.floor) == ("从轻", 10_000) and not light.suits_law(9_999)
    reduced = assess(changed(), HEAVY | {"eliminated": True, "lighter": True})
    assert (reduced.tier, reduced.low, reduced.high) == ("减轻", 5_000, 10_000)
    assert reduced.suits_law(5_000) and not reduced.suits_law(4_999)
    # 没有应当从轻减轻的情形，选了减轻也没有用
    assert assess(changed(), HEAVY | {"lighter": True}).tier == "从重"


def test_times_of_the_illegal_gains() -> None:
    benchmark = changed(limit={"times": [1, 5]})
    assert "违法所得" in assess(benchmark, PLAIN).missing[0]
    found = assess(benchmark, PLAIN, gains=1_001)
    assert found.law == (1_001, 5_005) and (found.low, found.high) == (1_001, 1_001 + 4_004 * 30 // 100)


def test_an_open_limit_cannot_be_used_until_filled() -> None:
    benchmark = changed(limit=None)
    assert "待本地填写" in assess(benchmark, PLAIN).missing[0]
    assert assess(benchmark, PLAIN, local=(2_000, 20_000)).law == (2_000, 20_000)


def test_only_a_warning() -> None:
    benchmark = changed(
        limit={"low": 0, "high": 50_000},
        warning=True,
        tiers__reduced=None,
        tiers__light__range=None,
        tiers__light__penalty="警告",
    )
    found = assess(benchmark, PLAIN)
    assert (found.low, found.high, found.penalty) == (0, 0, "警告") and found.suits_tier(None)
    heavy = assess(benchmark, HEAVY)
    assert heavy.suits_law(None) and not heavy.suits_tier(None)


def test_old_law_unless_the_new_is_lighter() -> None:
    old, new = changed(until="2026-07-01"), changed(discretion="test.new", in_force="2026-07-01")
    lighter = choose(old, new, (10_000, 50_000), (5_000, 30_000), "第37条")
    assert lighter.benchmark is new and "新的处罚较轻" in lighter.text and "第37条" in lighter.text
    assert choose(old, new, (10_000, 50_000), (10_000, 60_000)).benchmark is old
    assert choose(old, new, (10_000, 50_000), (10_000, 50_000)).benchmark is old
    assert choose(old, new, (10_000, 50_000), None).benchmark is old
    assert choose(None, new, None, (1, 2)).benchmark is new and choose(old, old, (1, 2), (1, 2)).text == ""


def test_amounts_are_written_in_yuan() -> None:
    assert [span_text(one) for one in ((0, 50_000), (100, 150), (10_000, 10_000))] == [
        "500元以下",
        "1元至1.50元",
        "100元",
    ]
