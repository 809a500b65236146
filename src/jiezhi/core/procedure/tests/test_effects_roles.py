"""法律规则要求的角色：指定到空、办理人不在里面、资格过了期，都办不成。"""

from __future__ import annotations

import copy
import random
from datetime import UTC, datetime
from typing import Any

import pytest

from jiezhi.core.procedure.base import Call
from jiezhi.core.procedure.definition import Definition
from jiezhi.core.procedure.interpreter import available, plan
from jiezhi.core.procedure.law import LawDecl
from jiezhi.core.procedure.matter import MatterDecl
from jiezhi.core.procedure.testing import FakeEnv
from jiezhi.core.procedure.tests.test_demands import MATTER, MEANS, RULES, STATUTES
from jiezhi.core.procedure.view import Actor, CaseView, Plan, Refusal, Request

NOW = datetime(2026, 8, 3, 1, 0, tzinfo=UTC)
ONE, THREE = Actor("officer", "u1", "人员一"), Actor("officer", "u3", "人员三")


class Office(FakeEnv):
    """谁都能办，谁有资格由 `fit` 说；`asked` 记问过几次资格。"""

    def __init__(self, fit: set[str]) -> None:
        super().__init__(random.Random(0))
        self.fit, self.asked = fit, 0

    def may(self, who: str, actor: Actor, view: CaseView | None) -> Any:
        role = who.removeprefix("role.")
        return (
            None
            if role != who and actor.id not in (view.roles.get(role, ()) if view else ())
            else (who, None)
        )

    def call(self, call: Call, view: CaseView | None, values: Any) -> bool:
        self.asked += 1
        return call.args.get("officer", "u1") in self.fit


def definition(**inform: Any) -> Definition:
    data = copy.deepcopy(MATTER)
    data["actions"]["inform"] |= inform
    data["actions"]["notify"]["by"] = ["role.handler"]
    rule = RULES["role"] | {"say": "两人"}
    law = LawDecl.model_validate({"law": "处罚", "applies_to": ["行政处罚"], "rules": {"role": rule}})
    return Definition.build(MatterDecl.model_validate(data), STATUTES, (law,), MEANS)


def case(*handlers: str, people: list[str] | None = None, state: str = "filed") -> CaseView:
    fields = {"people": people} if people is not None else {}
    return CaseView("c", state, 1, fields=fields, roles={"handler": handlers} if handlers else {})


def said(found: Plan | Refusal) -> str:
    return str(found) if isinstance(found, Refusal) else ""


ASSIGNED = {"by": ["post.office_head"], "assign": {"handler": "field.people"}}


@pytest.mark.parametrize(
    ("people", "actor", "fragment"),
    [
        (["u1", "u2"], ONE, ""),
        (["u1", "u2"], THREE, "“告知”只能由“承办人”办，您不在里面"),
        (["u1"], ONE, "“承办人”至少 2 人"),
        ([], ONE, "没有指定“承办人”"),
        (["u1", "u9"], ONE, "中有人不具备"),
    ],
)
def test_whoever_does_it_is_one_of_those_assigned(people: list[str], actor: Actor, fragment: str) -> None:
    found = plan(
        definition(**ASSIGNED),
        case(people=people),
        Request("inform", actor, NOW, NOW),
        Office({"u1", "u2", "u3"}),
    )
    assert fragment in said(found) and bool(fragment) == isinstance(found, Refusal)


def test_a_role_held_before_still_needs_its_qualification() -> None:
    view, request = case("u1", "u2"), Request("inform", ONE, NOW, NOW)
    assert isinstance(plan(definition(), view, request, Office({"u1"})), Plan)
    refused = plan(definition(), view, request, Office({"u2"}))
    assert "您现在不具备“certificate.enforcement”，不能作为“承办人”办“告知”" in said(refused)


def test_another_way_to_act_does_not_need_the_role() -> None:
    either = definition(by=["role.handler", "post.office_head"], assign={})
    found = plan(either, case("u1", "u2"), Request("inform", ONE, NOW, NOW), Office(set()))
    assert isinstance(found, Plan) and found.actor["post"] == "post.office_head"


def test_the_buttons_say_the_same_and_ask_once() -> None:
    office = Office(set())
    found = available(definition(), case("u1", "u2", state="informed"), Request("", ONE, NOW, NOW), office)
    assert "您现在不具备" in next(said(one) for one in found if one.action == "notify")
    assert office.asked == 1
