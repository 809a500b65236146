"""公布基准、填写待定的幅度、按基准裁量、登记的条件和事实。"""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any

import pytest
from django.core.exceptions import PermissionDenied, ValidationError

from jiezhi.base.accounts.models import AdminRecord, Officer
from jiezhi.base.casework.engine.work import Work
from jiezhi.base.casework.extensions import Context
from jiezhi.core.discretion.tests.samples import changed
from jiezhi.core.procedure.law import StatuteDecl
from jiezhi.services.discretion import actions, queries, resolve
from jiezhi.services.discretion.models import Benchmark, LocalLimit

NOW = datetime(2026, 8, 3, 1, 0, tzinfo=UTC)
STATUTES = {
    key: StatuteDecl.model_validate(
        {"name": name, "version": "现行", "in_force": "2020-01-01", "status": "已核对", "articles": articles}
    )
    for key, name, articles in (
        ("waste-2020", "固废法", {"111": {"text": "罚款"}}),
        ("penalty-2021", "行政处罚法", {n: {"text": "条"} for n in ("30", "31", "32", "33", "37")}),
    )
}
CASE = {
    "cause": "T-1",
    "party_kind": "自然人",
    "age_band": "成年人",
    "act_on": "2026-08-03",
    "factors": {"kind": "plain", "refused": False, "repeats": 0},
    "decision_kind": "处罚",
}


def context(**values: Any) -> Context:
    return Context(Work(NOW), None, CASE | values, now=NOW, at=NOW)


@pytest.fixture
def published(db: None) -> None:
    actions.publish([changed()], STATUTES, now=NOW)


def test_publishing_again_changes_nothing_and_a_change_replaces(published: None) -> None:
    assert actions.publish([changed()], STATUTES, now=NOW) == []
    (fresh,) = actions.publish([changed(title="乱扔垃圾（新）")], STATUTES, now=NOW)
    assert [row.pk for row in queries.benchmark_rows()] == [fresh.pk]
    assert Benchmark.objects.count() == 2
    # 换回原来的内容，用的就是原来那一行；撤下的不再现行
    assert actions.publish([changed()], STATUTES, now=NOW) == []
    assert queries.benchmark_rows().get().title == "乱扔垃圾"
    actions.publish([], STATUTES, now=NOW)
    assert not queries.benchmark_rows().exists()


def test_the_order_of_the_choices_is_content(published: None) -> None:
    turned = changed(factors__kind__choices={"harmful": "有害垃圾", "plain": "其他垃圾"})
    assert len(actions.publish([turned], STATUTES, now=NOW)) == 1


def test_an_open_limit_is_filled_in_with_its_source_and_recorded(db: None) -> None:
    actions.publish([changed(limit=None)], STATUTES, now=NOW)
    given: dict[str, Any] = {
        "source": "某条例第几条",
        "reason": "照地方规定",
        "acting_officer": None,
        "now": NOW,
    }
    assert resolve.tier(context()) is None and "待本地填写" in resolve.text(context())
    assert not resolve.in_law(context(fine=10_000))
    actions.set_limit("test.person", 2_000, 20_000, **given)
    actions.set_limit("test.person", 5_000, 20_000, **given)
    found = resolve.weighing(context()).assessment
    assert found is not None and found.low == 5_000
    assert LocalLimit.objects.filter(is_current=True).count() == 1 and LocalLimit.objects.count() == 2
    record = AdminRecord.objects.filter(action="discretion.limit").latest("pk")
    assert record.old == {"幅度": "20元至200元"} and record.new["依据"] == "某条例第几条"
    for low, high in ((5, 4), (0, 0), (-1, 4)):
        with pytest.raises(ValidationError):
            actions.set_limit("test.person", low, high, **given)
    with pytest.raises(ValidationError, match="依据"):
        actions.set_limit("test.person", 1, 2, **{**given, "source": " "})
    with pytest.raises(PermissionDenied):
        stranger = Officer.objects.create(login="x", name="某", staff_kind="established", password="!")
        actions.set_limit("test.person", 1, 2, **{**given, "acting_officer": stranger})


def test_what_the_law_has_fixed_cannot_be_changed(published: None) -> None:
    given: dict[str, Any] = {"source": "a", "reason": "b", "acting_officer": None, "now": NOW}
    with pytest.raises(ValidationError, match="条文写明的"):
        actions.set_limit("test.person", 1, 2, **given)
    with pytest.raises(ValidationError, match="没有“nothing”"):
        actions.set_limit("nothing", 1, 2, **given)


def test_facts_and_conditions(published: None) -> None:
    found = resolve.weighing(context()).assessment
    assert found is not None and (found.low, found.high) == (10_000, 22_000)
    assert resolve.tier(context()) == "从轻"
    said = resolve.text(context())
    assert "示范基准，须以公布的基准替换" in said and "《固废法》(现行)第111条" in said
    assert resolve.in_law(context(fine=50_000)) and not resolve.in_law(context(fine=50_001))
    assert resolve.in_tier(context(fine=22_000)) and not resolve.in_tier(context(fine=30_000))
    # 条件的参数优先于件上的字段
    assert not resolve.in_tier(context(fine=22_000), fine=30_000)


@pytest.mark.parametrize(
    ("fine", "departs", "reason", "met"),
    [
        (20_000, None, "", True),
        (20_000, True, "从宽", False),
        (30_000, None, "", False),
        (30_000, True, "", False),
        (30_000, True, " ", False),
        (30_000, True, "屡教不改", True),
        (30_000, False, "屡教不改", False),
    ],
)
def test_a_departure_is_declared_exactly_when_there_is_one(
    db: None, fine: int, departs: bool | None, reason: str, met: bool
) -> None:
    actions.publish([changed(status="公布", issued="区裁量基准（2026年）")], STATUTES, now=NOW)
    assert resolve.official(context(fine=fine)) == resolve.text(context(fine=fine))
    found = resolve.departure_declared(context(fine=fine, departs=departs, departure_reason=reason))
    assert found is met


def test_a_demonstration_binds_nobody_and_stays_out_of_the_papers(published: None) -> None:
    assert resolve.departure_declared(context(fine=30_000)) and resolve.official(context(fine=30_000)) is None
    assert not resolve.in_tier(context(fine=30_000)) and "示范" in resolve.text(context(fine=30_000))


def test_without_a_benchmark_nothing_is_a_departure(published: None) -> None:
    other = {"cause": "T-2", "fine": 100}
    assert resolve.in_law(context(**other)) and not resolve.in_tier(context(**other))
    assert resolve.departure_declared(context(**other)), "不必谎报偏离"
    assert not resolve.departure_declared(context(**other, departs=True)), "选了偏离就要写理由"
    assert "没有公布的裁量基准" in resolve.text(context(**other))
    # 不罚、移送没有裁量可言
    assert resolve.departure_declared(context(**other | {"decision_kind": "移送"}))


def test_the_kind_of_party_must_be_known(published: None) -> None:
    assert not resolve.in_law(context(fine=10_000, party_kind=""))
    assert "当事人种类" in resolve.text(context(party_kind=""))
    # 基准只管自然人的，单位没有基准
    assert resolve.in_law(context(fine=10_000, party_kind="法人或其他组织"))


def test_missing_circumstances_block_and_are_named(published: None) -> None:
    bare = context(fine=10_000, factors={"kind": "plain"})
    assert not resolve.in_law(bare) and "拒不改正" in resolve.text(bare)


def test_the_old_benchmark_applies_unless_the_new_is_lighter(db: None) -> None:
    old = changed(until="2026-07-01")
    for high, applied in ((40_000, "新基准"), (60_000, "乱扔垃圾")):
        new = changed(
            discretion="test.new", title="新基准", in_force="2026-07-01", limit={"low": 10_000, "high": high}
        )
        actions.publish([old, new], STATUTES, now=NOW)
        found = queries.weigh(
            "T-1",
            "自然人",
            CASE["factors"],  # type: ignore[arg-type]
            age_band="成年人",
            gains=None,
            acted=date(2026, 6, 1),
            decided=date(2026, 8, 3),
        )
        assert found.benchmark is not None and found.benchmark.title == applied
        assert "行为时适用“乱扔垃圾”" in found.text and "第37条" in found.text


def test_an_act_before_any_benchmark_uses_the_present_one(published: None) -> None:
    assert resolve.tier(context(act_on="2025-01-01")) == "从轻"
