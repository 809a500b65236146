"""决定之后的做法（争议、加处、催告、申请法院、退款），普通程序和简易程序各改坏一遍：报出是哪一条规则、凭哪一条。"""

from __future__ import annotations

from typing import Any

import pytest

from jiezhi.core.procedure.testing_packs import (
    Data,
    Edit,
    add,
    broken,
    cut,
    drop,
    listed,
    packs,
    paper,
    problems,
    put,
)

ONLY_CLEARED: dict[str, Any] = {
    "title": "登记结果，只清掉争议", "from": "performing", "by": "post.enforcement_officer", "needs": "done.dispute",
    "clears": "dispute", "basis": "penalty-2021.73",
}  # fmt: skip


def still_possible(state: str, action: str) -> tuple[Edit, ...]:
    """撤销（待退款）、确认违法（了结）之后还办得了这一步：不看决定、催告还在不在。"""

    def anyway(data: Data) -> None:
        decl = data["actions"][action]
        decl["needs"] = [one for one in listed(decl["needs"]) if not str(one).startswith("done.")]

    return add(f"actions.{action}.from", state), anyway


# 规则 → 几种改法
BROKEN: dict[str, tuple[tuple[Edit, ...], ...]] = {
    "surcharge_by_day": (
        (drop("actions.add_surcharge.needs", "surcharge_right"),),
        (put("conditions.surcharge_right.call.args.surcharge", "field.paid"),),
        (put("conditions.surcharge_right.effect", "warn"),),
    ),
    "surcharge_form": ((cut("actions.add_surcharge.document"),), (paper("surcharge", "陈述、申辩"),)),
    "surcharge_standard": ((paper("surcharge", "百分之三"),),),
    "revoked_not_surcharged": (still_possible("refunding", "add_surcharge"),),
    "revoked_not_demanded": (still_possible("refunding", "demand"),),
    "revoked_no_court": (still_possible("refunding", "apply_court"),),
    "revoked_not_paid": (still_possible("refunding", "pay"),),
    "unlawful_not_surcharged": (still_possible("revoked", "add_surcharge"),),
    "unlawful_not_demanded": (still_possible("revoked", "demand"),),
    "unlawful_no_court": (still_possible("revoked", "apply_court"),),
    "altered_starts_over": ((drop("actions.altered.clears", "apply_court"),),),
    "dispute_settled": (
        (put("actions.dispute_ended", ONLY_CLEARED),),
        (put("meanings.dispute", {"rests_on": ["dispute_kind"]}),),
    ),
    "refunded": ((put("actions.overturned.to", "revoked"),), (cut("actions.no_refund.means"),)),
    "sue_from_receipt": (
        (drop("actions.upheld.needs", "received_upheld"),),
        (put("conditions.received_upheld.call.args.received", "field.dispute_ended_on"),),
    ),
    "paid_kept": (
        (drop("actions.pay.needs", "paid_kept"),),
        (put("conditions.paid_kept.call.args.paid", "field.fine"),),
    ),
    "refund_whole": ((drop("actions.refund.needs", "refund_whole"),),),
    "refund_paper": ((drop("actions.refund_excess.collect", "refund_paper"),),),
    "nothing_to_refund": ((drop("actions.no_refund.needs", "nothing_to_refund"),),),
    "closed_refunded": ((drop("actions.close.needs", "nothing_to_refund"),),),
}

# 普通程序的在 test_penalty_broken.py 里已经试过。
SPOT_ONLY: dict[str, tuple[tuple[Edit, ...], ...]] = {
    "surcharge_capped": ((drop("actions.add_surcharge.needs", "surcharge_capped"),),),
    "surcharge_paused": ((drop("actions.add_surcharge.needs", "not done.dispute"),),),
    "demand_form": ((cut("actions.demand.document"),),),
    "demanded_first": ((drop("actions.apply_court.needs", "done.demand_served"),),),
    "demand_waited": ((put("clocks.demand_wait.limit", "5个工作日"),),),
    "remedies_over": ((drop("actions.apply_court.needs", "done.remedy_over"),),),
    "court_in_time": ((put("clocks.court.limit", "6个月"),),),
    "upheld_only": ((drop("actions.upheld.needs", "upheld_only"),),),
    "not_raised": ((drop("actions.altered.needs", "not_raised"),),),
    "not_closed_in_dispute": ((drop("actions.close.needs", "not done.dispute"),),),
    "revoked_by_head": ((put("actions.overturned.by", "post.enforcement_chief"),),),
    "execution_ended_paper": ((drop("actions.end_execution.collect", "court_paper"),),),
    "execution_ended_by_head": ((put("actions.end_execution.by", "post.enforcement_chief"),),),
}


def _cases() -> list[Any]:
    both = [
        ("enforcement.spot", rule, edits) for rule, ways in {**BROKEN, **SPOT_ONLY}.items() for edits in ways
    ]
    both += [("enforcement.penalty", rule, ways[0]) for rule, ways in BROKEN.items()]
    return [
        pytest.param(*one, id=f"{one[0].partition('.')[2]}-{one[1]}-{number}")
        for number, one in enumerate(both)
    ]


@pytest.mark.parametrize(("matter", "name", "edits"), _cases())
def test_the_rule_holds_for_both(matter: str, name: str, edits: tuple[Edit, ...]) -> None:
    rule = next(one for one in packs().laws if one.law == "行政处罚").rules[name]
    found = problems(broken(matter, *edits))
    fitting = [
        one for one in found if one.is_error and one.code == f"law.{rule.kind}" and rule.say in one.say
    ]
    assert fitting, "\n".join(f"{one.code} {one.basis} {one}" for one in found)
    assert fitting[0].basis == rule.basis
    citation = packs().matters[matter].definition.citation(rule.basis)
    assert citation is not None and citation.label in fitting[0].say, "要写明凭哪一条"
    if rule.kind in ("before", "never", "clears"):
        assert fitting[0].path, "要说明怎样走到的"
