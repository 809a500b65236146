"""改坏的裁量基准一条条拒绝，报出代号、说法和反例；随程序带的全部通过。"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from jiezhi.core.discretion.check import check
from jiezhi.core.discretion.decl import BenchmarkDecl
from jiezhi.core.discretion.tests.samples import changed
from jiezhi.core.procedure.law import StatuteDecl
from jiezhi.core.procedure.loader import load_folder

PACKS = Path(__file__).resolve().parents[3] / "packs"
STATUTES = {
    key: StatuteDecl.model_validate(
        {"name": key, "version": "x", "in_force": "2020-01-01", "status": status, "articles": articles}
    )
    for key, status, articles in (
        ("waste-2020", "已核对", {"111": {"text": "罚款"}}),
        ("penalty-2021", "已核对", {number: {"text": "条"} for number in ("30", "31", "32", "33")}),
        ("web", "已核对(网)", {"1": {"text": "网上看到的"}}),
    )
}


def found(benchmark: BenchmarkDecl, others: Any = ()) -> dict[str, str]:
    """代号 → 说法。"""
    said: dict[str, str] = {}
    check(benchmark, STATUTES, {"T-1"}, others, lambda code, at, say: said.setdefault(code, say) and None)
    return said


def test_the_sound_one_is_accepted() -> None:
    assert found(changed()) == {}


WRONG: dict[str, tuple[dict[str, Any], str, str]] = {
    "重叠": (
        {"tiers__heavy__when": "repeats >= 1"},
        "discretion.overlap",
        "种类=其他垃圾，拒不改正=否，处罚次数=1",
    ),
    "遗漏": (
        {"tiers__usual__when": "repeats == 1"},
        "discretion.gap",
        "种类=其他垃圾，拒不改正=是，处罚次数=0",
    ),
    "超出上限": (
        {"tiers__heavy__range": None, "tiers__heavy__fine": [34000, 60000]},
        "discretion.beyond",
        "600元",
    ),
    "低于下限": (
        {"tiers__light__range": None, "tiers__light__fine": [5000, 20000]},
        "discretion.beyond",
        "50元",
    ),
    "减轻没有低于下限": (
        {"tiers__reduced__below": None, "tiers__reduced__fine": [10000, 12000]},
        "discretion.beyond",
        "低于法定下限100元",
    ),
    "没有下限还减轻": ({"limit": {"low": 0, "high": 50000}}, "discretion.beyond", "谈不上减轻"),
    "减轻没有依据": ({"tiers__reduced__basis": None}, "discretion.tier_basis", "penalty-2021.32"),
    "减轻凭首违": ({"tiers__reduced__basis": "penalty-2021.33"}, "discretion.tier_basis", "减轻"),
    "依据不在名录里": ({"basis": "waste-2020.999"}, "discretion.basis", "不在法律名录里"),
    "依据只在网上看到": ({"basis": "web.1"}, "discretion.basis", "已核对(网)"),
    "数额倒着排": (
        {"tiers__usual__range": [60, 80], "tiers__heavy__range": [30, 60]},
        "discretion.order",
        "不降",
    ),
    "数额重叠": ({"tiers__usual__range": [20, 60]}, "discretion.order", "数额重叠"),
    "次数多反而轻": (
        {
            "tiers__usual__when": "!(kind == 'plain' && !refused && repeats == 0) && repeats != 1",
            "tiers__heavy__when": "repeats == 1",
        },
        "discretion.not_monotone",
        "更重，档次反而更轻",
    ),
    "没有这种情形": ({"tiers__heavy__when": "times >= 2"}, "discretion.unknown", "times"),
    "表达式不对": ({"tiers__heavy__when": "repeats >="}, "discretion.syntax", "写法不对"),
    "落不到的档": (
        {
            "tiers__extra": {"title": "特别严重", "kind": "从重", "when": "repeats > 9", "range": [100, 100]},
        },
        "discretion.unreached",
        "特别严重",
    ),
    "没有从轻": ({"tiers__light__kind": "一般"}, "discretion.range", "没有从轻一档"),
    "没有写幅度": ({"tiers__light__range": None}, "discretion.range", "恰好写一个"),
    "只给警告而法律没有说": (
        {"tiers__light__range": None, "tiers__light__penalty": "警告"},
        "discretion.range",
        "可以只给予警告",
    ),
    "法定幅度写了两种": ({"limit": {"low": 1, "high": 2, "times": [1, 5]}}, "discretion.limit", "只写 times"),
    "重写法定情形": (
        {"factors__corrected": {"title": "改了", "type": "flag"}},
        "discretion.reserved",
        "统一规定",
    ),
    "选项没有写": ({"factors__kind": {"title": "种类", "type": "choice"}}, "discretion.factor", "choices"),
    "情形太多": (
        {f"factors__f{n}": {"title": f"情形{n}", "type": "count", "max": 9} for n in range(5)},
        "discretion.too_many",
        "种组合",
    ),
    "待填写的写了定额": (
        {"limit": None, "tiers__heavy__range": None, "tiers__heavy__fine": [1, 2]},
        "discretion.beyond",
        "不是定额",
    ),
    "没有这个事项": ({"power": "T-9"}, "discretion.power", "T-9"),
    "公布的没有写文件": ({"status": "公布"}, "discretion.issued", "issued"),
}


@pytest.mark.parametrize("name", WRONG)
def test_the_broken_one_is_refused(name: str) -> None:
    changes, code, fragment = WRONG[name]
    said = found(changed(**changes))
    assert fragment in said.get(code, ""), said


def test_two_for_the_same_power_at_the_same_time() -> None:
    other = changed(discretion="test.other", until="2026-06-01")
    assert "discretion.twice" in found(changed(), [other])
    assert found(changed(in_force="2026-06-01"), [other]) == {}
    assert "discretion.twice" in found(changed(), [changed(discretion="test.any", party="不分")])


def test_the_shipped_benchmarks_are_sound() -> None:
    packs = load_folder(PACKS)
    assert [str(one) for one in packs.problems if one.code.startswith("discretion")] == []
    amounts = {name for name, one in packs.benchmarks.items() if one.limit is not None}
    assert len(packs.benchmarks) >= 10 and len(amounts) == 9
    assert all(one.status == "示范" for one in packs.benchmarks.values())
    span = {name: (one.limit.low, one.limit.high) for name, one in packs.benchmarks.items() if one.limit}
    # 数额照事实手册 §20
    assert span["waste.person"] == (10_000, 50_000) and span["waste.unit"] == (5_000_000, 50_000_000)
    assert span["noise.person"] == (20_000, 100_000) and span["noise.unit"] == (200_000, 2_000_000)
    assert span["road.occupy"] == span["road.dig"] == (0, 2_000_000)
    assert span["fire.unit"] == (500_000, 5_000_000) and span["fire.person"] == (0, 50_000)
    assert packs.benchmarks["preschool.unlicensed"].limit.times == [1, 5]


def test_a_file_in_the_wrong_place_or_shape_is_told_with_its_line(tmp_path: Path) -> None:
    (tmp_path / "_discretion").mkdir()
    (tmp_path / "elsewhere").mkdir()
    text = (PACKS / "_discretion" / "waste_person.yaml").read_text(encoding="utf-8")
    (tmp_path / "elsewhere" / "a.yaml").write_text(text, encoding="utf-8")
    broken = text.replace("range: [60, 100]", "range: [60, 90, 100]")
    (tmp_path / "_discretion" / "b.yaml").write_text(broken, encoding="utf-8")
    problems = load_folder(tmp_path).problems
    assert {one.code for one in problems} >= {"file.place"}
    assert any("b.yaml" in one.file and one.line > 10 for one in problems)
