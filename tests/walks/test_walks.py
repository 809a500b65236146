"""在每个真实业务模板上随机办理：永远走得下去，永远不违法律规则，折叠永远等于办理的结果。

走的是真正的解释器和真正的值；法律规则在这里按办理历史另外判断，不用校验器的代码。
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from jiezhi.core.procedure.definition import START, Definition
from jiezhi.core.procedure.fold import apply
from jiezhi.core.procedure.inputs import fillable
from jiezhi.core.procedure.interpreter import plan
from jiezhi.core.procedure.law import RuleDecl
from jiezhi.core.procedure.loader import load_folder
from jiezhi.core.procedure.testing import FakeEnv, sample
from jiezhi.core.procedure.view import Actor, CaseView, Plan, Refusal, Request

PACKS = load_folder(Path(__file__).resolve().parents[2] / "src" / "jiezhi" / "packs")
DEFINITIONS = [loaded.definition for loaded in PACKS.matters.values() if loaded.definition]
BEGIN = datetime(2026, 3, 2, 1, 0, tzinfo=UTC)
# 人员编号同 sample 编的一样：指定到人的，轮得到他们办。
ACTORS = [Actor("officer", f"u{i}", f"人员{i}") for i in (1, 2, 3)] + [
    Actor("reporter"),
    Actor("system"),
    Actor("import", "9", "导入员"),
]


def actor_for(definition: Definition, name: str, rng: random.Random) -> Actor:
    by = definition.matter.actions[name].by
    fits = [
        actor
        for actor in ACTORS
        if actor.kind in by or (actor.kind == "officer" and any("." in who for who in by))
    ]
    return rng.choice(fits)


def inputs_for(
    definition: Definition, name: str, rng: random.Random, at: datetime, kind: str
) -> dict[str, Any]:
    action = definition.matter.actions[name]
    fields = definition.matter.fields
    chosen = [one for one in action.collected() if one in action.required() or rng.random() < 0.5]
    mine = fillable(definition, action, kind)
    chosen = [one for one in chosen if one in mine]
    return {one: sample(rng, one, fields[one], at, definition) for one in chosen}


def body_of(definition: Definition, outcome: Plan, view: CaseView | None, at: datetime) -> dict[str, Any]:
    return {
        "case": "c1",
        "seq": (view.seq if view else 0) + 1,
        "action": outcome.action,
        "at": at.isoformat(),
        "to": outcome.to_state,
        "inputs": dict.fromkeys(outcome.values, ""),
        "effects": outcome.effects,
    }


def walk(
    definition: Definition, seed: int, steps: int = 25
) -> Iterator[tuple[CaseView | None, Plan, CaseView]]:
    """随机走；每一步试全部动作，一个也办不成且没有办结就是走死了。"""
    rng = random.Random(seed)
    env = FakeEnv(rng)
    view: CaseView | None = None
    at = BEGIN
    for _ in range(steps):
        state = view.state if view else START
        names = list(definition.by_state.get(state, []))
        rng.shuffle(names)
        done = None
        for attempt in range(36):
            # 等一等总会过去：保护期届满、时限届满；同一时候多试几种填法。
            at += timedelta(days=rng.choice([0, 0, 1, 20]) if attempt % 3 == 2 else 0, hours=1)
            for name in names:
                actor = actor_for(definition, name, rng)
                given = inputs_for(definition, name, rng, at, actor.kind)
                request = Request(name, actor, at, at, inputs=given, reason="事出有因")
                outcome = plan(definition, view, request, env)
                if isinstance(outcome, Plan):
                    done = outcome
                    break
                assert isinstance(outcome, Refusal) and outcome.missing
                assert all(item.say and item.remedy for item in outcome.missing), outcome
            if done or (view and definition.is_terminal(view.state)):
                break
        if done is None:
            assert view is not None and definition.is_terminal(view.state), f"走死在“{state}”：{names}"
            return
        after = apply(view, body_of(definition, done, view, at), done.values)
        for meaning in done.decl.means:
            env.doers_by.setdefault(meaning, set()).add(done.actor.get("id", ""))
        yield view, done, after
        view = after


class History:
    """按办理历史另外记一份“做过而未作废”的含义，只看动作的声明和法律规则。"""

    def __init__(self, definition: Definition) -> None:
        self.definition = definition
        self.live: set[str] = set()
        self.doers: dict[str, set[str]] = {}

    def step(self, outcome: Plan) -> list[str]:
        broken = [
            rule.say
            for law in self.definition.laws
            for rule in law.rules.values()
            if self._breaks(rule, outcome)
        ]
        matter = self.definition.matter
        for meaning, decl in matter.meanings.items():
            if set(decl.rests_on) & set(outcome.values):
                self.live.discard(meaning)
        self.live -= set(outcome.decl.clears)
        self.live |= set(outcome.decl.means)
        for meaning in outcome.decl.means:
            self.doers.setdefault(meaning, set()).add(outcome.actor.get("id", ""))
        return broken

    def _breaks(self, rule: RuleDecl, outcome: Plan) -> bool:
        means = set(outcome.decl.means)
        ending = self.definition.is_terminal(outcome.to_state)
        hit = ending if rule.means == "end" else rule.means in means
        if not hit or rule.when:
            return False
        have = self.live | means if rule.means == "end" else self.live
        match rule.kind:
            case "before":
                short = not set(rule.all_of) <= have
                return short or bool(rule.any_of and not set(rule.any_of) & have)
            case "never":
                return rule.after in self.live
            case "clears":
                lapsed = {
                    meaning
                    for meaning, decl in self.definition.matter.meanings.items()
                    if set(decl.rests_on) & set(outcome.values)
                }
                return bool(self.live & set(rule.clears) - set(outcome.decl.clears) - lapsed - means)
            case "separate":
                who = outcome.actor.get("id", "")
                return bool(who) and who in self.doers.get(rule.from_means or "", set())
            case "free":
                return bool(outcome.decl.needs)
            case _:
                return False


@pytest.mark.parametrize("definition", DEFINITIONS, ids=[one.id for one in DEFINITIONS])
@given(seed=st.integers(0, 10**9))
@settings(max_examples=60, deadline=None)
def test_random_walks_never_stick_and_never_break_the_law(definition: Definition, seed: int) -> None:
    history = History(definition)
    walked = 0
    for before, outcome, after in walk(definition, seed):
        broken = history.step(outcome)
        assert not broken, f"{outcome.decl.title}:{broken}"
        assert after.done == history.live
        assert after.state == outcome.to_state and after.seq == (before.seq if before else 0) + 1
        assert (after.closed_at is not None) == definition.is_terminal(after.state)
        if after.closed_at is not None:
            assert not [clock for clock in after.clocks if clock.live], "办结之后还有时限在走"
        walked += 1
    assert walked > 0


def test_every_pack_is_walked() -> None:
    assert {one.id for one in DEFINITIONS} >= {"report.snapshot", "hotline.order", "online.message"}
