"""简易程序、登记保存、移送、申请法院、敬告的真实模板：照每一条法律规则改坏一处，每一处都要被拒绝。

改法按规则的种类定（去掉条件、少一个人、不出文书、拖长时限、绕过前一步……），另有一张表写改坏的具体情形。
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import pytest

from jiezhi.core.procedure.errors import Problem
from jiezhi.core.procedure.law import RuleDecl
from jiezhi.core.procedure.testing_packs import PACKS, Data, doing, listed, packs
from jiezhi.core.procedure.testing_packs import problems as found_in
from jiezhi.core.procedure.testing_packs import sound as sound_of
from jiezhi.core.procedure.verifier import verify

MINE = ("spot", "preservation", "correction", "instalment", "court", "police", "caution")


@lru_cache(maxsize=16)
def text_of(name: str) -> str:
    return (PACKS / "enforcement" / f"{name}.yaml").read_text(encoding="utf-8")


def sound(name: str) -> Data:
    """没有改坏的模板（通用做法已展开），各得一份。"""
    return sound_of(f"enforcement.{name}")


def problems(data: Data | str) -> list[Problem]:
    """一份模板的全部错误。"""
    return [one for one in found_in(data) if one.is_error]


def without_condition(data: Data, rule: RuleDecl) -> None:
    """办理条件去掉这一条。"""
    gone = {
        name
        for name, one in data["conditions"].items()
        if one.get("cel") == rule.cel is not None
        or (rule.condition and one.get("call", {}).get("name") == rule.condition)
    }
    assert gone
    for action in doing(data, rule.means):
        action["needs"] = [one for one in listed(action["needs"]) if one not in gone]


def bypassed(data: Data, rule: RuleDecl) -> None:
    """该先做的变成随时可以另外做、不做也行的一步。"""
    wanted = [*rule.all_of, *rule.any_of]
    for action in [one for meaning in wanted for one in doing(data, meaning)]:
        action["means"] = [one for one in listed(action["means"]) if one not in wanted]
    for action in data["actions"].values():
        kept = [
            one for one in listed(action.get("needs")) if one not in {f"done.{meaning}" for meaning in wanted}
        ]
        action["needs"] = kept
    data["actions"]["another"] = {
        "title": "另办", "means": wanted, "from": "any", "by": "post.leader", "basis": "office-penalty.clue",
    }  # fmt: skip


def broken(data: Data, rule: RuleDecl) -> None:
    """照规则的种类改坏。"""
    match rule.kind:
        case "require" | "test":
            without_condition(data, rule)
        case "role":
            data["roles"][rule.role]["min"] = 1
        case "by":
            for action in doing(data, rule.means):
                action["by"] = "post.enforcement_officer"
        case "document":
            for action in doing(data, rule.means):
                action.pop("document")
        case "collects":
            for action in doing(data, rule.means):
                action["collect"] = [f"{one}?" if one == rule.field else one for one in action["collect"]]
        case "clock":
            for clock in data["clocks"].values():
                if f"means.{rule.means}" in listed(
                    clock.get("until")
                ) and f"means.{rule.from_means}" in listed(clock.get("from")):
                    clock["limit"] = "300小时" if "小时" in (rule.limit or "") else "300日"
        case "rests":
            kept = data["meanings"][rule.means]["rests_on"]
            data["meanings"][rule.means]["rests_on"] = [one for one in kept if one != rule.field]
        case "before":
            bypassed(data, rule)
        case "opens":
            for action in doing(data, rule.means):
                action.pop("open")
        case "clears":
            for action in doing(data, rule.means):
                action["clears"] = [one for one in listed(action["clears"]) if one not in rule.clears]
        case "protects":
            for clock in data["clocks"].values():
                if clock.get("protects") and f"served.{rule.from_means}" in listed(clock["from"]):
                    clock["limit"] = "1日"
        case "never":
            data["actions"]["another"] = {
                "title": "另办", "means": rule.means, "from": "any", "by": "post.office_head", "basis": "office-penalty.clue",
            }  # fmt: skip
        case _:
            raise AssertionError(f"没有写怎样改坏 {rule.kind}")


def rules() -> list[Any]:
    """（规则名，规则，受它约束的模板）。不受约束的规则没有意义，也算错。"""
    found = []
    for law in packs().laws:
        if law.law not in ("行政处罚专项", "敬告"):
            continue
        for name, rule in law.rules.items():
            bound = [
                pack
                for pack in MINE
                if sound(pack)["class"] in law.applies_to
                and (doing(sound(pack), rule.means) or rule.means == "end" and _concerns(sound(pack), rule))
            ]
            found.append(pytest.param(rule, bound, id=name))
    return found


def _concerns(data: Data, rule: RuleDecl) -> bool:
    return any(doing(data, meaning) for meaning in [*rule.all_of, *rule.any_of])


SPECIAL = {"rechecked", "caution_not_penalty"}


@pytest.mark.parametrize(("rule", "bound"), [one for one in rules() if one.id not in SPECIAL])
def test_every_rule_refuses_its_broken_template(rule: RuleDecl, bound: list[str]) -> None:
    assert bound, "没有模板受这条规则约束"
    data = sound(bound[0])
    broken(data, rule)
    found = problems(data)
    fitting = [one for one in found if one.code == f"law.{rule.kind}" and rule.say in one.say]
    assert fitting, "\n".join(f"{one.code} {one}" for one in found)
    assert fitting[0].basis == rule.basis
    if rule.kind == "before":
        assert fitting[0].path, "要说明怎样走到的"


BROKEN: dict[str, tuple[str, str, str, str, str]] = {
    # 名称：（模板，原文，改成，代号，说法）
    "当场处罚的限额放宽": (
        "spot", '"party_kind == \'自然人\' ? fine <= 20000 : fine <= 300000"', '"fine <= 300000"', "law.test", "限额",
    ),
    "当场收缴的限额放宽": ("spot", "cel: fine <= 10000 ||", "cel: fine <= 20000 ||", "law.test", "不得当场收缴"),
    "当场处罚一个人": ("spot", "title: 执法人员, min: 2", "title: 执法人员, min: 1", "law.role", "不少于两人"),
    "不要执法资格": ("spot", ", needs: certificate.enforcement}", "}", "law.role", "执法资格"),
    "告知之后改了数额不再告知": (
        "spot", "spot_inform: {rests_on: [facts, cause, proposed_fine, factors]}", "spot_inform: {rests_on: [facts]}", "law.rests", "重新告知",
    ),
    "没有报备就结案": ("spot", "needs: [done.serve, done.spot_record, not done.dispute, nothing_to_refund]", "needs: [done.serve, not done.dispute, nothing_to_refund]", "law.before", "没有报备"),
    "上交时限写成自然日": ("spot", "title: 收缴款上交机关, limit: 2日", "title: 收缴款上交机关, limit: 5日", "clock.beyond", "2日"),
    "缴款期限超过十五日": ("spot", "    title: 缴纳罚款\n    limit: 15日", "    title: 缴纳罚款\n    limit: 30日", "clock.beyond", "15日"),
    "复议期短过法定": ("spot", "    limit: 60日", "    limit: 30日", "clock.short", "60日"),
    "登记保存由执法人员自己批准": (
        "preservation", "    means: preserve\n    from: asked\n    to: approved\n    by: post.office_head", "    means: preserve\n    from: asked\n    to: approved\n    by: post.enforcement_officer", "law.by", "负责人",
    ),
    "登记保存十日才处理": ("preservation", "limit: 7日", "limit: 10日", "clock.beyond", "7日"),
    "到期之后还能没收": ("preservation", "    from: held\n    to:\n", "    from: [held, must_release]\n    to:\n", "law.never", "不解除而另作处理"),
    "移送没有二十四小时": (
        "police", "  hand_over: {title: 送公安机关, limit: 24小时, from: means.police_approve, until: means.police_handed, basis: police-transfer-2020.hours}\n", "", "law.clock", "二十四小时",
    ),
    "移送由执法队负责人批准": (
        "police", "    means: police_approve\n    from: approving\n    to: approved\n    by: post.office_head", "    means: police_approve\n    from: approving\n    to: approved\n    by: [post.office_head, post.enforcement_chief]", "law.by", "正职",
    ),
    "不批准不写理由": ("police", "collect: [reject_reason]", "collect: [reject_reason?]", "law.collects", "记录理由"),
    "专案组一个人": ("police", "title: 专案人员, min: 2", "title: 专案人员, min: 1", "law.role", "两名以上"),
    "公安立案之后不移交就结束": ("police", "    title: 登记公安立案\n    means: police_filed\n    from: sent\n    to: filed", "    title: 登记公安立案\n    means: police_filed\n    from: sent\n    to: handed", "law.before", "移交物品"),
    "申请法院不附催告材料": ("court", ", demand_papers]", ", demand_papers?]", "law.collects", "催告"),
    "法院受理写成二十日": ("court", "title: 法院受理, limit: 5日", "title: 法院受理, limit: 20日", "clock.beyond", "5日"),
    "该立案的以敬告了结": (
        "caution", "      - {when: not uncorrected and not must_file, state: corrected}", "      - {when: not uncorrected, state: corrected}", "branch.overlap", "同时",
    ),
    "没有改正也了结": (
        "caution",
        "      - {when: uncorrected and not unlawful and not must_file, state: advised}\n      - {when: uncorrected and unlawful or must_file, state: rechecked}",
        "      - {when: uncorrected and not must_file, state: advised}\n      - {when: must_file, state: rechecked}",
        "law.before",
        "构成违法又没有改正的以敬告了结",
    ),
    "应当立案的复查后了结": (
        "caution",
        "      - {when: not uncorrected and not must_file, state: corrected}\n      - {when: uncorrected and not unlawful and not must_file, state: advised}\n      - {when: uncorrected and unlawful or must_file, state: rechecked}",
        "      - {when: not uncorrected, state: corrected}\n      - {when: uncorrected and not unlawful, state: advised}\n      - {when: uncorrected and unlawful, state: rechecked}",
        "law.before",
        "该立案的以敬告了结",
    ),
    "敬告不写情形": ("caution", "facts, ground, ground_reason", "facts, ground?, ground_reason", "law.collects", "哪一种情形"),
    "敬告没有复查的时限": ("caution", "from: means.caution, until: [means.recheck, means.turn_to_case], basis: office-enforcement.caution}\n  correct:", "from: open, until: [means.recheck, means.turn_to_case], basis: office-enforcement.caution}\n  correct:", "law.clock", "按期复查"),
    "敬告之后接着处罚": (
        "caution", "  fall_due:\n", "  punish: {title: 接着处罚, means: spot_decide, from: cautioned, by: role.handler, basis: penalty-2021.51}\n  fall_due:\n", "law.never", "在同一件里处罚",
    ),
    "敬告书不说不是处罚": ("caution", "file: caution.md", "text: '{{ facts }}'", "law.document", "不是行政处罚"),
}  # fmt: skip


@pytest.mark.parametrize("pack", MINE)
def test_the_sound_templates_have_no_errors(pack: str) -> None:
    loaded = packs().matters[f"enforcement.{pack}"]
    assert [str(one) for one in [*loaded.problems, *verify(loaded.definition)] if one.is_error] == []


@pytest.mark.parametrize("name", BROKEN)
def test_one_thing_broken_is_refused(name: str) -> None:
    pack, before, after, code, fragment = BROKEN[name]
    text = text_of(pack)
    assert text.count(before) == 1, "要恰好改一处"
    found = problems(text.replace(before, after))
    fitting = [one for one in found if one.code == code and fragment in one.say]
    assert fitting, "\n".join(f"{one.code} {one}" for one in found)
