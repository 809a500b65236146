"""真实的行政处罚模板，一次改坏一处：每一处都要被拒绝，报出是哪一条规则、凭哪一条、怎样走到的。"""

from __future__ import annotations

from typing import Any

import pytest

from jiezhi.core.procedure.errors import Problem
from jiezhi.core.procedure.testing_packs import Edit, add, broken, cut, drop, packs, paper, put
from jiezhi.core.procedure.testing_packs import problems as found_in
from jiezhi.core.procedure.verifier import verify

MATTER = "enforcement.penalty"


def problems(*edits: Edit) -> list[Problem]:
    """改坏之后的全部问题。"""
    return found_in(broken(MATTER, *edits))


CAUTION = {
    "title": "敬告了结", "means": "caution", "from": "clue", "to": "not_filed", "by": "post.enforcement_officer",
    "basis": "office-penalty.clue",
}  # fmt: skip
THREE = ["reviewing", "discussing", "deciding"]


def routed(*states: str) -> Edit:
    """没有申辩转办时三支的去向。"""

    def edit(data: dict[str, Any]) -> None:
        for name in ("conclude", "conclude_answered"):
            for branch, state in zip(data["actions"][name]["to"], states, strict=True):
                branch["state"] = state

    return edit


def guarded(*guards: str) -> Edit:
    """没有申辩转办时三支的判断。"""

    def edit(data: dict[str, Any]) -> None:
        for name in ("conclude", "conclude_answered"):
            for branch, guard in zip(data["actions"][name]["to"], guards, strict=True):
                branch["when"] = guard

    return edit


# 名称 → （改坏哪里, 报什么代号, 凭哪一条）
BROKEN: dict[str, tuple[tuple[Edit, ...], str, str]] = {
    # 线索与立案
    "登记线索设了条件": ((put("actions.register.needs", "field.cause"),), "law.free", "derived-penalty.clue-first"),
    "没有登记线索就立案": ((cut("actions.register.means"),), "law.before", "derived-penalty.clue-first"),
    "线索没有结果就结束": ((cut("actions.not_file.means"),), "law.before", "derived-penalty.clue-ends"),
    "立案之后没有结果就结束": ((cut("actions.hand_case.means"),), "law.before", "penalty-2021.57"),
    "以敬告了结违法线索": ((put("actions.caution", CAUTION),), "law.never", "derived-penalty.no-caution"),
    "立案不看事项有没有授权": ((drop("actions.file.needs", "power_in_force"),), "law.require", "derived-penalty.power-in-force"),
    "立案不看追责时效": ((drop("actions.file.needs", "within_limitation"),), "law.require", "penalty-2021.36"),
    "队负责人批准立案": ((put("actions.file.by", "post.enforcement_chief"),), "law.by", "office-penalty.file"),
    "立案没有审批表": ((cut("actions.file.document"),), "law.document", "derived-penalty.papers"),
    "审批表没有承办人": ((paper("filing", "{{ handlers }}"),), "law.document", "derived-penalty.papers"),
    "立案之后按线索移送": ((add("actions.refer.from", "investigating"),), "law.never", "office-penalty.refer"),
    "队负责人移送立案的案件": ((put("actions.hand_case.by", "post.enforcement_chief"),), "law.by", "office-penalty.refer"),
    "移送没有接收回执": ((drop("actions.hand_case.collect", "refer_paper"),), "law.collects", "office-penalty.refer"),
    "移送没有移送函": ((cut("actions.hand_case.document"),), "law.document", "office-penalty.refer"),
    # 调查
    "没有立案就检查": ((add("actions.inspect.from", "filing"),), "law.before", "penalty-2021.54"),
    "一个人调查": ((put("roles.handler.min", 1),), "law.role", "penalty-2021.42"),
    "没有执法资格的人调查": ((cut("roles.handler.needs"),), "law.role", "penalty-2021.42"),
    "不是承办人也能检查": ((put("actions.inspect.by", "post.enforcement_officer"),), "law.role", "penalty-2021.42"),
    "检查不出示证件": ((cut("actions.inspect.needs"),), "law.test", "penalty-2021.55"),
    "出示证件的判断反了": ((put("conditions.certificate_shown.cel", "shown_certificate != null"),), "law.test", "penalty-2021.55"),
    "出示证件只提醒": ((put("conditions.certificate_shown.effect", "warn"),), "law.test", "penalty-2021.55"),
    "系统自己填已出示": (
        (put("actions.inspect.set", {"shown_certificate": True}), drop("actions.inspect.collect", "shown_certificate")),
        "law.test",
        "penalty-2021.55",
    ),
    "缺省就是已出示": ((put("fields.shown_certificate.default", True),), "law.test", "penalty-2021.55"),
    "证据只打一个勾": ((put("fields.evidence", {"title": "证据", "type": "flag"}), put("conditions.evidence_checked.cel", "evidence == true"),
        put("conditions.evidence_checked.witness", {"met": {"evidence": True}, "unmet": {"evidence": False}})), "law.collects", "penalty-2021.46"),
    "询问没有笔录": ((cut("actions.interview.document"),), "law.document", "penalty-2021.55"),
    "退回补充调查不作废告知": ((drop("actions.redo.clears", "inform"),), "law.clears", "derived-penalty.redo"),
    "退回补充调查不作废审核": ((drop("actions.redo.clears", "review"),), "law.clears", "derived-penalty.redo"),
    "公安退回之后沿用原来的告知": ((drop("actions.police_returned.clears", "report"),), "law.clears", "derived-penalty.redo"),
    "队负责人决定回避": ((put("actions.recuse.by", "post.enforcement_chief"),), "law.by", "penalty-2021.43"),
    "准予回避的仍在承办": ((cut("actions.recuse.needs"),), "law.test", "penalty-2021.43"),
    "没有证据就调查终结": ((put("actions.report.collect.1", "evidence?"),), "law.collects", "penalty-2021.46"),
    "没有调查就终结": ((drop("actions.report.needs", "done.investigate"),), "law.before", "penalty-2021.57"),
    "调查终结没有报告": ((cut("actions.report.document"),), "law.document", "penalty-2021.57"),
    # 告知、申辩
    "没有调查终结就告知": ((add("actions.inform.from", "investigating"),), "law.before", "penalty-2021.57"),
    "偏离不用批准": ((put("actions.report.to", "reported"),), "law.before", "derived-penalty.departure"),
    "队负责人批准偏离": ((put("actions.approve_departure.by", "post.enforcement_chief"),), "law.by", "derived-penalty.departure"),
    "告知书没有听证权利": ((paper("inform", "听证"),), "law.document", "penalty-2021.44"),
    "事实变了不重新告知": ((drop("meanings.inform.rests_on", "facts"),), "law.rests", "derived-penalty.told-again"),
    "拟罚款变了不重新告知": ((drop("meanings.inform.rests_on", "proposed_fine"),), "law.rests", "derived-penalty.told-again"),
    "没有告知就决定": ((add("actions.decide.from", "reported"),), "law.before", "penalty-2021.44"),
    "告知书没有送达": ((put("actions.inform.to", "hearing_out"),), "protect.skipped", "penalty-2021.64-1"),
    "听证申请期三日": ((put("clocks.ask_hearing.limit", "3个工作日"),), "law.protects", "penalty-2021.64-1"),
    "听证申请期不拦决定": ((put("clocks.ask_hearing.guards", ["close"]),), "law.protects", "penalty-2021.64-1"),
    "当事人一申辩就停听证申请期": ((put("clocks.ask_hearing.until", "means.defend"),), "protect.stopped", "penalty-2021.64-1"),
    "没有签字材料就算放弃": ((drop("actions.waive.collect", "waiver"),), "protect.waive", "penalty-2021.64-1"),
    "又申辩不重新复核": ((cut("actions.defend.clears"),), "law.clears", "derived-penalty.defence-again"),
    "申辩没有复核就决定": ((drop("actions.conclude.needs", "not done.defend"),), "law.before", "penalty-2021.45"),
    "又申辩沿用原来的审核": ((drop("actions.defend_late.clears", "review"),), "law.clears", "derived-penalty.defence-again"),
    "处罚种类超出告知": ((drop("actions.decide.needs", "kinds_told"),), "law.test", "derived-penalty.told-again"),
    "变更决定加重": ((drop("actions.amend.needs", "not_raised"),), "law.require", "derived-penalty.not-raised"),
    "单独抹掉申辩": ((put("actions.waive.clears", "defend"),), "law.keeps", "derived-penalty.keep-request"),
    "因申辩加重": ((drop("actions.decide.needs", "not_heavier"),), "law.test", "penalty-2021.45"),
    "听证申请期从内部批准起算": ((put("clocks.ask_hearing.from", "means.inform"),), "law.protects", "penalty-2021.64-1"),
    "听证申请期还可以从别的起算": ((put("clocks.ask_hearing.from", ["served.inform", "state.informing"]),), "law.protects", "penalty-2021.64-1"),
    "听证申请期按自然日": ((put("clocks.ask_hearing.regime", "office"), put("clocks.ask_hearing.limit", "5日")), "law.protects", "penalty-2021.64-1"),
    "听证申请期不看全体当事人": ((cut("clocks.ask_hearing.among"),), "law.protects", "penalty-2021.64-1"),
    "听证申请期不分当事人": ((cut("clocks.ask_hearing.among"), cut("clocks.ask_hearing.per")), "law.protects", "penalty-2021.64-1"),
    "听证申请期从发出起算": ((put("clocks.ask_hearing.at", "field.inform_on"),), "law.protects", "penalty-2021.64-1"),
    "写成当事人的行为就不要签字": (
        (put("actions.waive.organ", "当事人"), put("actions.waive.by", ["post.enforcement_officer"]), drop("actions.waive.collect", "waiver")),
        "protect.waive",
        "penalty-2021.64-1",
    ),
    "告知书的权利写在注释里": ((put("documents.inform", {"title": "告知书", "text": "{# 陈述 申辩 听证 #}{{ facts }}{{ legal_basis }}"}),), "law.document", "penalty-2021.44"),
    # 听证
    "听证从随便哪天倒数": (
        (put("fields.far", {"title": "别的日期", "type": "date"}), put("clocks.hearing_notice.before", "field.far"), add("actions.notify_hearing.collect", "far")),
        "law.notice",
        "penalty-2021.64-2",
    ),
    "要求听证不听证": ((put("actions.request_hearing.to", "hearing_out"),), "law.before", "penalty-2021.63"),
    "单独抹掉听证要求": ((put("actions.waive.clears", "request_hearing"),), "law.keeps", "derived-penalty.keep-request"),
    "再要求听证沿用上次的": ((cut("actions.request_hearing.clears"),), "law.clears", "penalty-2021.63"),
    "没有通知就听证": ((drop("actions.hear.needs", "done.hearing_served"),), "law.before", "penalty-2021.64-2"),
    "提前三日通知听证": ((put("clocks.hearing_notice.at_least", "3个工作日"),), "law.notice", "penalty-2021.64-2"),
    "听证通知没有期限": ((cut("clocks.hearing_notice"),), "law.notice", "penalty-2021.64-2"),
    "听证没有通知书": ((cut("actions.notify_hearing.document"),), "law.document", "penalty-2021.64-2"),
    "听证早于通知的日期": ((drop("actions.hear.needs", "hearing_not_early"),), "law.test", "derived-penalty.lawful-hearing"),
    "谁都能主持听证": ((put("actions.hear.by", "post.hearing_host"),), "law.role", "penalty-2021.64-4"),
    "调查人员主持听证": ((drop("actions.hear.needs", "host_apart"),), "law.separate", "penalty-2021.64-4"),
    "听证没有笔录": ((put("actions.hear.document", ["hearing_report"]),), "law.document", "penalty-2021.64-8"),
    "队负责人终止听证": ((put("actions.drop_hearing.by", "post.enforcement_chief"),), "law.role", "derived-penalty.drop-hearing"),
    "没有送达通知就终止听证": ((drop("actions.drop_hearing.needs", "done.hearing_served"),), "law.before", "derived-penalty.drop-hearing"),
    "没到日期就终止听证": ((drop("actions.drop_hearing.needs", "hearing_not_early"),), "law.test", "derived-penalty.drop-hearing"),
    "没有签字就撤回听证": ((put("actions.withdraw_hearing.collect", ["drop_note"]),), "law.collects", "derived-penalty.withdraw-hearing"),
    "通知书送达不受七日约束": ((put("clocks.hearing_notice.binds", "notify_hearing"),), "law.notice", "penalty-2021.64-2"),
    "终止听证不记明情形": ((drop("actions.drop_hearing.collect", "drop_note"),), "law.collects", "derived-penalty.drop-hearing"),
    "审核之后又听证": (
        (add("actions.request_hearing.from", "discussing"), cut("actions.hear.clears")),
        "law.clears",
        "derived-penalty.in-order",
    ),
    # 审核、讨论
    "法定情形不审核": ((routed("deciding", "discussing", "deciding"),), "law.before", "penalty-2021.58"),
    "经过听证的不审核": (
        (guarded("review_case", "complex and not review_case", "not complex and not review_case"),),
        "law.before",
        "penalty-2021.58",
    ),
    "没有资格的人审核": ((cut("roles.reviewer.needs"),), "law.role", "penalty-2021.58"),
    "承办人自己审核": ((drop("actions.review.needs", "reviewer_apart"),), "law.separate", "derived-penalty.own-case"),
    "审核没有意见书": ((cut("actions.review.document"),), "law.document", "derived-penalty.papers"),
    "复杂案件不讨论": ((put("actions.review.to", "deciding"),), "law.before", "penalty-2021.57"),
    "先讨论后审核": ((routed("discussing", "discussing", "deciding"),), "law.before", "derived-penalty.in-order"),
    "讨论不记不同意见": ((paper("discussion", "{{ dissent }}"),), "law.document", "derived-penalty.papers"),
    "指定到没有人再由别人审核": (
        (put("actions.review.by", ["post.unit_clerk"]), put("actions.review.assign", {"reviewer": "none"})),
        "law.role",
        "penalty-2021.58",
    ),
    # 决定
    "写成本机关的行为就谁都能决定": (
        (put("actions.decide.organ", "本街道办事处"), put("actions.decide.by", ["post.enforcement_officer"])),
        "law.by",
        "penalty-2021.57",
    ),
    "核的是别的事项": ((put("conditions.power_in_force.call.args", {"power": "A-001"}),), "law.require", "penalty-2021.38"),
    "依据看决定日": ((put("conditions.basis_in_force.call.args.on", "field.decided_on"),), "law.require", "penalty-2021.37"),
    "幅度核拟罚款": ((put("conditions.fine_in_law.call.args.fine", "field.proposed_fine"),), "law.require", "derived-penalty.fine-in-law"),
    "没有物品就不作公开审查": ((put("actions.decide.open.publication.for_each", "rows.exhibits"),), "law.opens", "derived-penalty.publish-review"),
    "中止就停九十日": ((put("actions.suspend.stop", ["decide"]),), "law.clock", "penalty-2021.60"),
    "中止就满足九十日": ((add("clocks.decide.until", "means.suspend"),), "law.clock", "penalty-2021.60"),
    "九十日写成当事人的期限": ((put("clocks.decide.whose", "party"),), "law.clock", "penalty-2021.60"),
    "保护期又写成当事人自己的期限": ((put("clocks.defence.whose", "party"),), "clock.shape", "penalty-2021.62"),
    "中止的时间不算": (
        (put("clocks.decide.excludes", [{"from": "means.suspend", "to": "means.resume", "title": "中止", "basis": "penalty-2021.60"}]),),
        "law.clock",
        "penalty-2021.60",
    ),
    "按别的法律数九十日": ((put("clocks.decide.regime", "labour-2007"),), "law.clock", "penalty-2021.60"),
    "从决定日起数九十日": ((put("clocks.decide.at", "field.act_on"),), "law.clock", "penalty-2021.60"),
    "凭内部规定无限延长": (
        (put("clocks.decide.extension", {"each": "900日", "times": 9, "basis": "office-penalty.suspend"}),),
        "law.clock",
        "penalty-2021.60",
    ),
    "队负责人作处罚决定": ((put("actions.decide.by", "post.enforcement_chief"),), "law.by", "penalty-2021.57"),
    "队负责人决定不予处罚": ((put("actions.decide_not.by", "post.enforcement_chief"),), "law.by", "penalty-2021.57"),
    "没有授权的事项处罚": ((drop("actions.decide.needs", "power_in_force"),), "law.require", "penalty-2021.38"),
    "行为时依据没有施行": ((drop("actions.decide.needs", "basis_in_force"),), "law.require", "penalty-2021.37"),
    "同一行为两次罚款": ((drop("actions.decide.needs", "not_fined_before"),), "law.require", "penalty-2021.29"),
    "不看年龄": ((drop("actions.decide.needs", "age_respected"),), "law.require", "penalty-2021.30"),
    "罚款不看法定幅度": ((drop("actions.decide.needs", "fine_in_law"),), "law.require", "derived-penalty.fine-in-law"),
    "幅度只提醒": ((put("conditions.fine_in_law.effect", "warn"),), "law.require", "derived-penalty.fine-in-law"),
    "一百二十日作出决定": ((put("clocks.decide.limit", "120日"),), "law.clock", "penalty-2021.60"),
    "决定没有期限": ((cut("clocks.decide"),), "law.clock", "penalty-2021.60"),
    "九十日还能延长": (
        (put("clocks.decide.extension", {"each": "30日", "times": 1, "basis": "penalty-2021.60"}),),
        "clock.extension",
        "penalty-2021.60",
    ),
    "决定书没有复议途径": ((paper("decision", "行政复议"),), "law.document", "penalty-2021.59"),
    "决定书没有证据": ((paper("decision", "evidence"),), "law.document", "penalty-2021.59"),
    "处罚不责令改正": ((drop("actions.decide.collect", "correction"),), "law.collects", "penalty-2021.28"),
    "决定不作公开审查": ((cut("actions.decide.open"),), "law.opens", "derived-penalty.publish-review"),
    "不予处罚没有决定书": ((cut("actions.decide_not.document"),), "law.document", "derived-penalty.papers"),
    "不予处罚不教育": ((drop("actions.decide_not.collect", "education"),), "law.collects", "penalty-2021.33"),
    "不满十四的不责令管教": ((drop("actions.decide_not.needs", "guardian_ordered"),), "law.test", "penalty-2021.30"),
    "以罚代移送": ((add("actions.decide.from", "police"),), "law.never", "police-transfer-2020.11"),
    "决定书送达没有期限": ((cut("clocks.deliver_decide"),), "law.clock", "penalty-2021.61"),
    # 执行
    "财务人员批准分期": ((put("actions.approve_instalment.by", "post.finance_clerk"),), "law.by", "penalty-2021.66"),
    "加处超过罚款": ((drop("actions.add_surcharge.needs", "surcharge_capped"),), "law.test", "penalty-2021.72"),
    "诉讼期间加处": ((drop("actions.add_surcharge.needs", "not done.dispute"),), "law.never", "penalty-2021.73"),
    "没有催告就申请法院": ((drop("actions.apply_court.needs", "done.demand_served"),), "law.before", "compulsion-2011.54"),
    "催告不用书面": ((cut("actions.demand.document"),), "law.document", "compulsion-2011.35"),
    "催告五日就申请法院": ((put("clocks.demand_wait.limit", "5个工作日"),), "law.protects", "compulsion-2011.54"),
    "起诉期只留三个月": ((put("clocks.remedy.limit", "3个月"),), "law.protects", "litigation-2017.46"),
    "救济期没满就申请法院": ((drop("actions.apply_court.needs", "done.remedy_over"),), "law.before", "compulsion-2011.53"),
    "诉讼期间申请法院": (
        (drop("actions.apply_court.needs", "not done.dispute"), cut("actions.dispute.clears")),
        "law.never",
        "compulsion-2011.53",
    ),
    "申请法院没有期限": ((cut("clocks.court"),), "law.clock", "compulsion-2011.53"),
    "申请法院六个月内": ((put("clocks.court.limit", "6个月"),), "law.clock", "compulsion-2011.53"),
    "队负责人撤销决定": ((put("actions.revoke.by", "post.enforcement_chief"),), "law.by", "office-penalty.correct"),
    "撤销之后原决定还在": ((drop("actions.revoke.clears", "decide"),), "law.clears", "derived-penalty.dispute-result"),
    "有罚款的登记履行完毕": ((drop("actions.fulfil.needs", "no_fine"),), "law.require", "derived-penalty.executed"),
    "队负责人终结执行": ((put("actions.end_execution.by", "post.enforcement_chief"),), "law.by", "derived-penalty.execution-ended"),
    "没有法院文书就终结执行": ((drop("actions.end_execution.collect", "court_paper"),), "law.collects", "derived-penalty.execution-ended"),
    "撤销了还照旧执行": ((drop("actions.upheld.needs", "upheld_only"),), "law.test", "derived-penalty.dispute-result"),
    "决定书不写逾期加处": ((paper("decision", "加处"),), "law.document", "derived-penalty.decision-tells"),
    "复议维持不填当事人收到的日子": ((drop("actions.upheld.needs", "received_upheld"),), "law.require", "derived-penalty.sue-from-receipt"),
    "复议诉讼期间结案": ((drop("actions.close.needs", "not done.dispute"),), "law.never", "derived-penalty.dispute-result"),
    "没有执行结果就结案": ((add("actions.close.from", "performing"),), "law.before", "derived-penalty.executed"),
    "没有结案就归档": (
        (add("actions.archive.from", "settled"), drop("actions.archive.needs", "done.close")),
        "law.before",
        "office-penalty.close",
    ),
}  # fmt: skip


def test_the_sound_template_has_no_errors() -> None:
    loaded = packs().matters[MATTER]
    found = [*loaded.problems, *verify(loaded.definition)]
    assert [str(one) for one in found if one.is_error] == []


@pytest.mark.parametrize("name", BROKEN)
def test_one_thing_broken_is_refused_with_its_rule_and_article(name: str) -> None:
    edits, code, basis = BROKEN[name]
    found = problems(*edits)
    fitting = [one for one in found if one.code == code and one.basis == basis and one.is_error]
    assert fitting, f"没有报 {code}（{basis}）：\n" + "\n".join(
        f"{one.code} {one.basis} {one}" for one in found
    )
    citation = packs().matters[MATTER].definition.citation(basis)
    assert citation is not None
    assert citation.label in fitting[0].say, "要写明凭哪一条"
    if code in ("law.before", "law.never", "law.clears"):
        assert fitting[0].path, "要说明怎样走到的"


ELSEWHERE = {
    "surcharge_by_day", "surcharge_form", "surcharge_standard", "dispute_settled", "refunded", "paid_kept",
    "refund_whole", "refund_paper", "nothing_to_refund", "closed_refunded",
}  # fmt: skip
"""在 test_after_decision_broken.py 里普通程序、简易程序各试一遍的。"""


def test_every_rule_has_its_broken_template() -> None:
    law = next(one for one in packs().laws if one.law == "行政处罚")
    tested = {(code, basis) for _, code, basis in BROKEN.values()}
    matter = packs().matters[MATTER].decl
    performed = {meaning for action in matter.actions.values() for meaning in action.means} | {
        "end",
        "caution",
    }
    missing = [
        name
        for name, rule in law.rules.items()
        if rule.means in performed and (f"law.{rule.kind}", rule.basis) not in tested
    ]
    assert set(missing) == ELSEWHERE
