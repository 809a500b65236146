"""登记：随包公布、本单位改过的不被覆盖、改错的说在哪一行、改了业务模板合不上的不能用。"""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from django.core.exceptions import ValidationError

from jiezhi.base.accounts.errors import NotAllowed
from jiezhi.base.accounts.models import AdminRecord
from jiezhi.connect.systems import actions, queries
from jiezhi.connect.systems.models import SystemEntry
from jiezhi.connect.systems.tests.conftest import Street
from jiezhi.core.procedure.errors import PackError

NOW = datetime(2026, 8, 5, 1, 0, tzinfo=UTC)
LOCAL = """\
system: hotline
title: 12345热线
authority: 福桥区热线管理中心
number: {title: 工单编号, pattern: "FQ[0-9]{8}", like: [FQ20260801]}
period: 每周一
owner: [hotline_clerk]
matters:
  hotline.order:
    states: {处理完结: {here: [closed]}}
    compare: [{title: 状态, column: 工单状态, ours: state}]
sheets:
  orders: {title: 工单表, layout: standard, number: 工单编号, date: 来电时间}
"""


def test_what_ships_is_registered(street: Street) -> None:
    found = {one.decl.system: one for one in queries.registers()}
    assert found["hotline"].usable and not found["hotline"].local
    assert not found["petition"].usable and "还没有做" in (found["petition"].decl.why or "")
    assert queries.owners(found["hotline"], NOW) == [street.clerk]
    assert queries.pattern_of("12345热线") is not None and queries.pattern_of("别的系统") is None
    assert queries.register_of("enforcement").key_of("enforcement.penalty") == "province_number"
    assert queries.register_of("hotline").key_of("hotline.order") is None
    assert queries.register_of("publicity").key_of("publishing.review") == "decision_number"
    with pytest.raises(ValidationError, match="没有登记“nothing”"):
        queries.register_of("nothing")


def test_publishing_again_keeps_what_the_office_changed(street: Street) -> None:
    actions.change(LOCAL, street.packs, acting_officer=street.admin, now=NOW)
    actions.publish_from(street.packs, NOW)
    found = queries.register_of("hotline")
    assert found.local and found.usable and found.decl.period == "每周一"
    record = AdminRecord.objects.get(action="systems.change")
    assert (record.officer, record.target_label) == (street.admin, "12345热线")
    assert record.old["period"] == "每日" and record.new["period"] == "每周一"
    actions.reset("hotline", acting_officer=street.admin, now=NOW)
    assert queries.register_of("hotline").decl.period == "每日"
    assert AdminRecord.objects.filter(action="systems.reset").count() == 1
    with pytest.raises(ValidationError, match="不用改回"):
        actions.reset("hotline", acting_officer=street.admin, now=NOW)


def test_only_the_administrator_changes_it(street: Street) -> None:
    for officer in (street.clerk, street.office.stranger):
        with pytest.raises(NotAllowed, match="系统管理员"):
            actions.change(LOCAL, street.packs, acting_officer=officer, now=NOW)
        with pytest.raises(NotAllowed, match="系统管理员"):
            actions.reset("hotline", acting_officer=officer, now=NOW)
    assert not AdminRecord.objects.filter(action__startswith="systems.").exists()


def test_a_mistake_says_which_line_and_changes_nothing(street: Street) -> None:
    with pytest.raises(PackError) as refused:
        actions.change(
            LOCAL.replace("here: [closed]", "here: [done]"), street.packs, acting_officer=street.admin,
            now=NOW, file="本地.yaml",
        )  # fmt: skip
    assert "本地.yaml:9" in str(refused.value) and "没有“done”这个环节" in str(refused.value)
    assert not queries.register_of("hotline").local
    with pytest.raises(ValidationError, match="别的代号"):
        text = LOCAL.replace("system: hotline", "system: second")
        packs = replace(street.packs, externals={})
        actions.change(text, packs, acting_officer=street.admin, now=NOW)


def test_the_offices_own_system(street: Street) -> None:
    text = (
        "system: dogs\ntitle: 养犬登记系统\nauthority: 区公安分局\n"
        "number: {title: 犬证号, pattern: '[0-9]{6}', like: ['123456']}\n"
        "period: 每月5日\nowner: [unit_clerk]\nwhy: 没有业务模板\n"
    )
    actions.change(text, street.packs, acting_officer=street.admin, now=NOW)
    actions.publish_from(street.packs, NOW)
    assert queries.register_of("dogs").decl.why == "没有业务模板"
    assert actions.reset("dogs", acting_officer=street.admin, now=NOW) is None
    assert not SystemEntry.objects.filter(code="dogs").exists()


def test_a_register_the_procedures_no_longer_fit_cannot_be_used(street: Street) -> None:
    actions.change(LOCAL, street.packs, acting_officer=street.admin, now=NOW)
    without = {name: one for name, one in street.packs.matters.items() if name != "hotline.order"}
    actions.publish_from(replace(street.packs, matters=without), NOW + timedelta(days=1))
    found = queries.register_of("hotline")
    assert not found.usable and "没有“hotline.order”这个业务模板" in found.faults[0]
    with pytest.raises(ValidationError, match="请系统管理员改正"):
        queries.usable("hotline")
    actions.publish_from(street.packs, NOW + timedelta(days=2))
    assert queries.register_of("hotline").usable


def test_what_no_longer_ships_goes_away_unless_the_office_changed_it(street: Street) -> None:
    actions.change(LOCAL, street.packs, acting_officer=street.admin, now=NOW)
    fewer = {name: one for name, one in street.packs.externals.items() if name not in ("hotline", "study")}
    actions.publish_from(replace(street.packs, externals=fewer), NOW)
    assert not SystemEntry.objects.filter(code="study").exists()
    assert queries.register_of("hotline").decl.period == "每周一"
