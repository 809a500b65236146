"""换版之后随机走：校验过的换版，旧件换过来不卡死、不违反法律规则，护人的期间一天不少。"""

from __future__ import annotations

import copy
import random
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from jiezhi.core.procedure.change import ChangeDecl, effects
from jiezhi.core.procedure.definition import START, Definition
from jiezhi.core.procedure.fold import apply
from jiezhi.core.procedure.interpreter import plan
from jiezhi.core.procedure.testing import FakeEnv, sample
from jiezhi.core.procedure.tests.test_change import LAW, OLD, REVIEW, WHY, compiled
from jiezhi.core.procedure.verifier.change import ChangeCheck
from jiezhi.core.procedure.view import Actor, CaseView, Plan, Request

BEGIN = datetime(2026, 3, 2, 1, 0, tzinfo=UTC)
OFFICER = Actor("officer", "1", "人员一")
EDITS: dict[str, dict[str, Any]] = {
    "先审核": REVIEW,
    "保护期加长": {"clocks/defence": {**OLD["clocks"]["defence"], "limit": "7日"}},
    "保护期改名": {"clocks/defence": None, "clocks/plead": OLD["clocks"]["defence"]},
    "环节改名": {
        "states/investigating": None,
        "states/inquiry": {"title": "调查"},
        "actions/file": {**OLD["actions"]["file"], "to": "inquiry"},
        "actions/inform": {**OLD["actions"]["inform"], "from": "inquiry"},
        "actions/back": {**OLD["actions"]["back"], "to": "inquiry"},
    },
    "重大的先讨论": {
        "states/discussing": {"title": "待讨论"},
        "actions/inform": {
            **OLD["actions"]["inform"],
            "to": [{"when": "heavy", "state": "discussing"}, {"state": "pending"}],
        },
        "actions/discuss": {
            "title": "集体讨论", "means": "note", "from": "discussing", "to": "pending", "by": "post.office_head",
            "basis": "office.x",
        },
    },
    "少一个动作": {"actions/back": None},
}  # fmt: skip
SPOTS = ["investigating", "inquiry", "pending", "reviewing", "discussing"]


def drawn(draw: Any, new: Definition) -> ChangeDecl:
    """一份映射：名字都有去处，去哪里、作废什么随意。"""
    spots = st.sampled_from([name for name in SPOTS if name in new.matter.states])
    names: dict[str, Any] = {"states": {}, "meanings": {}, "clocks": {}, "clears": {}}
    for state in ("investigating", "pending"):
        if state not in new.matter.states or draw(st.booleans()):
            names["states"][state] = draw(spots)
        if draw(st.booleans()):
            names["clears"][state] = draw(st.lists(st.sampled_from(["inform", "return"]), unique=True))
    if not any("return" in action.means for action in new.matter.actions.values()):
        names["meanings"]["return"] = "drop"
    if "plead" in new.matter.clocks:
        names["clocks"]["defence"] = "plead"
    return ChangeDecl.model_validate({**WHY, **names})


def walk(
    definition: Definition, view: CaseView | None, at: datetime, steps: int, rng: random.Random
) -> Iterator[tuple[CaseView | None, Plan, CaseView, datetime]]:
    """随机走；每一步试全部动作，等了很久一个也办不成又没有办结，就是卡死。"""
    env = FakeEnv(rng)
    for _ in range(steps):
        state = view.state if view else START
        done: Plan | None = None
        for wait in (0, 0, 2, 30):
            at += timedelta(days=wait, hours=1)
            names = list(definition.by_state[state])
            rng.shuffle(names)
            for name in names:
                fields = definition.matter.fields
                wanted = definition.matter.actions[name].collected()
                inputs = {one: sample(rng, one, fields[one], at, definition) for one in wanted}
                outcome = plan(definition, view, Request(name, OFFICER, at, at, inputs=inputs), env)
                if isinstance(outcome, Plan):
                    done = outcome
                    break
            if done:
                break
        assert done is not None, f"卡死在“{state}”"
        after = apply(
            view, body_of(view, done.action, done.to_state, at, done.values, done.effects), done.values
        )
        yield view, done, after, at
        view = after
        if definition.is_terminal(view.state):
            return


def body_of(
    view: CaseView | None, action: str, to: str, at: datetime, values: dict[str, Any], changed: dict[str, Any]
) -> dict[str, Any]:
    seq = (view.seq if view else 0) + 1
    return {
        "case": "c1", "seq": seq, "action": action, "at": at.isoformat(), "from": view.state if view else None,
        "to": to, "inputs": dict.fromkeys(values, ""), "effects": changed,
    }  # fmt: skip


@given(st.data(), st.sets(st.sampled_from(sorted(EDITS)), min_size=1, max_size=2), st.integers(0, 10**6))
@settings(max_examples=100, deadline=None, suppress_health_check=list(HealthCheck))
def test_a_verified_change_never_sticks_and_never_breaks_the_law(
    data: st.DataObject, edits: set[str], seed: int
) -> None:
    merged: dict[str, Any] = {}
    for name in sorted(edits):
        assume(not set(merged) & set(EDITS[name]))
        merged |= EDITS[name]
    old, new = compiled(), compiled(copy.deepcopy(merged), LAW)
    decl = drawn(data.draw, new)
    check = ChangeCheck(old, new, decl)
    assume(check.ok)
    rng = random.Random(seed)
    *_, (_, _, view, at) = walk(old, None, BEGIN, rng.randint(1, 6), rng)
    if view.closed_at is not None:
        assert check.lacking(view) == ["已经办结的件不换版"]
        return
    assert check.lacking(view) == [], "校验过的换版，每一件真正的件都换得成"
    running = {clock.key: clock for clock in view.clocks if clock.name == "defence" and clock.live}
    target = check.names.states[view.state]
    assert target is not None
    changed = effects(old, new, decl, check.names, view, at)
    view = apply(view, body_of(view, "change_version", target, at, {}, changed), {})
    guard = check.names.clocks["defence"]
    kept = {clock.key: clock for clock in view.clocks if clock.name == guard and clock.live}
    assert {key: clock.due_at for key, clock in kept.items()} == {
        key: clock.due_at for key, clock in running.items()
    }, "护人的期间不因换版结束或缩短"
    for before, outcome, after, moment in walk(new, view, at, 40, rng):
        if "decide" in outcome.decl.means:
            assert before is not None and "inform" in before.done, "先告知"
            if "先审核" in edits:
                assert "review" in before.done, "新版要求的审核，旧件也要做"
            waited = [clock for clock in before.clocks if clock.name == guard]
            assert waited and all(clock.due_at <= moment for clock in waited if clock.live)
        assert after.state in new.matter.states, "换版之后只在新版的环节里走"
