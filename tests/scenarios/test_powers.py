"""权责清单（A1）：起草、审核、公布、行使、废止；没有事项的群众来件照样登记。"""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.conf import settings
from django.core.exceptions import PermissionDenied, ValidationError

from jiezhi.base.accounts.models import AdminRecord, Officer
from jiezhi.base.casework import actions, matters, powers
from jiezhi.base.casework.models import Case
from jiezhi.base.casework.outcome import Outcome
from jiezhi.base.registry import actions as registry
from jiezhi.base.registry.models import Unit
from jiezhi.base.registry.queries import powers as queries
from jiezhi.core.procedure.loader import load_folder, load_matter
from jiezhi.core.procedure.packset import PackSet
from jiezhi.core.procedure.verifier import verify

# 只为测试：一张到店检查的单子。检查是行使权力，要有生效的事项；不再有权的移送。
CHECK = """\
matter: test.check
title: 到店安全检查
covers: [D13]
class: 行政检查
trade: 任务
fields:
  power: {title: 检查事项, type: power, class: 行政检查}
  shop: {title: 店名, type: text}
  found: {title: 检查情况, type: text}
  told: {title: 移送给谁, type: text}
conditions:
  empowered:
    title: 检查事项生效
    call: {name: power.in_force, args: {power: field.power}}
    say: 检查事项不在生效的权责清单里，或授权不在期内、单位不符
    remedy: 移送有权机关，或终止
    basis: compulsion-2011.17
states:
  planned: {title: 待检查}
  checked: {title: 已检查, terminal: true}
  passed: {title: 已移送, terminal: true, ended: transferred}
actions:
  plan:
    title: 列入检查
    from: start
    to: planned
    by: post.unit_clerk
    collect: [power, shop]
    assign: {unit: unit.mine}
  check:
    title: 记录检查情况
    means: inspect
    from: planned
    to: checked
    by: unit.unit_clerk
    collect: [found]
    needs: empowered
    basis: safety-2021.9
  pass_on:
    title: 移送有权机关
    means: refer
    from: planned
    to: passed
    by: unit.unit_clerk
    collect: [told]
    basis: derived.told
"""
SHOP = {
    "title": "沿街商铺安全检查",
    "class": "行政检查",
    "basis": ["safety-2021.9"],
    "authorisation": {"article": "safety-2021.9"},
    "unit": "emergency",
    "matter": "test.check",
}


@pytest.fixture
def packs(desk: Any) -> PackSet:
    """随程序带的业务模板，加上到店检查。"""
    found = load_folder(settings.PACKS_DIR)
    loaded = load_matter(CHECK, found)
    assert [one for one in verify(loaded.definition) if one.is_error] == []
    found.matters["test.check"] = loaded
    matters.publish(loaded.definition, now=desk.now)
    return found


def plans(desk: Any, clerk: Officer, code: str, shop: str) -> Case:
    """经办人把一家店列入检查。"""
    inputs = {"power": code, "shop": shop}
    result = actions.open_case("test.check", acting_officer=clerk, inputs=inputs, now=desk.now)
    assert isinstance(result, Outcome), str(result)
    return Case.objects.get(uid=result.uid)


def test_drafted_reviewed_published_exercised_repealed(desk: Any, packs: PackSet) -> None:
    keeper, reviewer, head = (desk.person(one) for one in ("power_keeper", "legal_reviewer", "office_head"))
    clerk = desk.person("unit_clerk", "emergency")

    # 清单管理员起草，送审；他兼着法制审核员，也不能审自己起草的
    powers.draft("JC-101", SHOP, acting_officer=keeper, now=desk.now, packs=packs)
    powers.submit("JC-101", acting_officer=keeper, now=desk.now)
    unit = Unit.objects.get(code="law_safety")
    since = desk.now - timedelta(days=1)
    registry.appoint(keeper, "legal_reviewer", unit, valid_from=since, acting_officer=None, now=desk.now)
    with pytest.raises(PermissionDenied, match="审核人不得是起草人"):
        powers.review("JC-101", approve=True, opinion="同意", acting_officer=keeper, now=desk.now)

    # 另一位法制审核员退回一次，改好再审；主任公布，下月一日起
    desk.later(hours=2)
    powers.review("JC-101", approve=False, opinion="写明收费", acting_officer=reviewer, now=desk.now)
    powers.revise("JC-101", {"fee": "不收费"}, acting_officer=keeper, now=desk.now, packs=packs)
    powers.submit("JC-101", acting_officer=keeper, now=desk.now)
    powers.review("JC-101", approve=True, opinion="同意", acting_officer=reviewer, now=desk.now)
    with pytest.raises(PermissionDenied, match="街道办负责人"):
        powers.publish("JC-101", acting_officer=reviewer, now=desk.now, packs=packs)
    desk.at(8, 5)
    version = powers.publish("JC-101", acting_officer=head, now=desk.now, packs=packs)
    assert (version.number, version.fee, version.unit.code) == (2, "不收费", "emergency")
    shown = next(one for one in queries.public_list(desk.now) if one["code"] == "JC-101")
    assert shown["bases"] == ["《安全生产法》（2021年修正）第9条"]
    assert shown["authorisation"].startswith("条文直接授权：《安全生产法》第9条")

    # 应急办去检查；别的科室不是责任单位，检查不了
    first, second = plans(desk, clerk, "JC-101", "阿桥小吃"), plans(desk, clerk, "JC-101", "桥头五金")
    desk.does(first, clerk, "记录检查情况", 检查情况="灭火器在有效期内")
    assert first.state == "checked"
    outsider = desk.person("unit_clerk", "economy")
    theirs = plans(desk, outsider, "JC-101", "河边书店")
    assert "单位不符" in desk.refused(theirs, outsider, "记录检查情况", 检查情况="看过了")

    # 区里收回：废止之后，办到一半的件不能再检查，只能移送
    desk.at(8, 7)
    powers.repeal("JC-101", reason="区里收回安全检查", acting_officer=head, now=desk.now)
    said = desk.refused(second, clerk, "记录检查情况", 检查情况="看过了")
    assert "不在生效的权责清单里" in said and "移送有权机关，或终止" in said and "行政强制法" in said
    desk.does(second, clerk, "移送有权机关", 移送给谁="区应急管理局")
    desk.same(first, second)

    # 收回的事项重新登记为“收回”：列在清单里，但不能凭它行使
    powers.revise(
        "JC-101",
        {"duty": "收回", "matter": None, "authorisation": None},
        acting_officer=keeper,
        now=desk.now,
        packs=packs,
    )
    powers.submit("JC-101", acting_officer=keeper, now=desk.now)
    powers.review("JC-101", approve=True, opinion="同意", acting_officer=reviewer, now=desk.now)
    powers.publish("JC-101", acting_officer=head, now=desk.now, packs=packs)
    again = plans(desk, clerk, "JC-101", "桥南药店")
    assert "不在生效的权责清单里" in desk.refused(again, clerk, "记录检查情况", 检查情况="看过了")

    # 每一步都有管理记录
    records = AdminRecord.objects.filter(target_label__startswith="沿街商铺安全检查").order_by("pk")
    assert [one.action.removeprefix("power.") for one in records] == [
        "draft", "submit", "review", "revise", "submit", "review", "publish", "repeal",
        "revise", "submit", "review", "publish",
    ]  # fmt: skip


def test_only_its_own_template(desk: Any, packs: PackSet) -> None:
    """另做一张单子、改个类别，都不能凭这个事项检查；清单上写明另外可用的可以。"""
    keeper, reviewer, head = (desk.person(one) for one in ("power_keeper", "legal_reviewer", "office_head"))
    clerk = desk.person("unit_clerk", "emergency")

    def publishes(content: dict[str, Any]) -> None:
        write = powers.revise if queries.versions("JC-101") else powers.draft
        write("JC-101", content, acting_officer=keeper, now=desk.now, packs=packs)
        powers.submit("JC-101", acting_officer=keeper, now=desk.now)
        powers.review("JC-101", approve=True, opinion="同意", acting_officer=reviewer, now=desk.now)
        powers.publish("JC-101", acting_officer=head, now=desk.now, packs=packs)

    def variant(class_: str) -> None:
        text = CHECK.replace("matter: test.check", "matter: test.other")
        text = text.replace("class: 行政检查\ntrade", f"class: {class_}\ntrade")
        packs.matters["test.other"] = load_matter(text, packs)
        matters.publish(packs.matters["test.other"].definition, now=desk.now)

    def tries() -> str:
        inputs = {"power": "JC-101", "shop": "河边书店"}
        opened = actions.open_case("test.other", acting_officer=clerk, inputs=inputs, now=desk.now)
        assert isinstance(opened, Outcome), str(opened)
        done = actions.act(
            opened.uid, "check", acting_officer=clerk, inputs={"found": "看过了"}, now=desk.now
        )
        return "" if isinstance(done, Outcome) else str(done)

    publishes(SHOP)
    variant("行政检查")
    assert "不在生效的权责清单里" in tries()
    publishes({"also": "test.other"})
    assert tries() == ""
    variant("执法办件")
    assert "不在生效的权责清单里" in tries(), "改了类别"


def test_the_demo_street_has_its_list(desk: Any) -> None:
    counts = queries.counts(desk.now)
    assert counts["total"]["total"] >= 80
    assert all(
        counts["classes"][name] for name in ("行政处罚", "行政强制", "行政检查", "行政许可", "公共服务")
    )
    drafts = [one.power.code for one in queries.latest() if one.status == "draft"]
    assert drafts == ["CF-057", "CJ-055", "QZ-072"]
    # 目录还没有核对的处罚事项，审核通过了也公布不了
    keeper, reviewer, head = (desk.person(one) for one in ("power_keeper", "legal_reviewer", "office_head"))
    powers.submit("CF-057", acting_officer=keeper, now=desk.now)
    powers.review("CF-057", approve=True, opinion="同意", acting_officer=reviewer, now=desk.now)
    with pytest.raises(ValidationError, match="授权公告"):
        powers.publish("CF-057", acting_officer=head, now=desk.now)


def test_a_report_needs_no_power(desk: Any) -> None:
    """反映的事清单里没有，也先登记、再办或移送。"""
    case = desk.report("楼下有人随地吐痰", desk.building())
    assert case.number and case.state
