"""校验器对照：随机的小业务模板，校验器的结论与穷举全部具体走法的笨办法（oracle.py）必须完全一致。"""

from __future__ import annotations

from typing import Any

from hypothesis import HealthCheck, given, settings

from jiezhi.core.procedure.tests.oracle import OVER, brute_force, build, cases
from jiezhi.core.procedure.verifier import explore, verify


@settings(max_examples=110, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(cases())
def test_the_verifier_agrees_with_brute_force(case: dict[str, Any]) -> None:
    definition = build(case)
    expected = brute_force(case)
    problems = verify(definition, locate=lambda path: ("/".join(map(str, path)), 1))
    places = {(problem.code, problem.file) for problem in problems}

    def at(code: str, part: int = 1) -> set[str]:
        return {file.split("/")[part] for found, file in places if found == code}

    graph = explore(definition)
    assert graph.reached == expected.reached
    assert {graph.state(config) for config in graph.stuck} == expected.stuck
    assert {graph.state(config) for config in graph.endless} == expected.endless
    assert at("state.unreachable") == {*case["states"], OVER} - expected.reached
    assert at("branch.gap") == expected.gaps
    assert at("branch.overlap") == expected.overlaps
    assert at("state.dead_end") == expected.dead
    assert at("state.no_end") == expected.traps
    assert at("action.never") == {
        name
        for name, action in case["actions"].items()
        if name not in expected.taken | expected.undecided and set(action["from"]) & expected.reached
    }
    unassigned = {
        (p.file.split("/")[1], p.say.split("“")[2].split("”")[0])
        for p in problems
        if p.code == "field.unassigned"
    }
    assert unassigned == expected.unassigned
    broken = {
        (p.file.split("/")[1], p.say.split("规则“规则")[1].split("”")[0])
        for p in problems
        if p.code in ("law.before", "law.never", "law.clears")
    }
    assert broken == expected.broken
    for problem in problems:
        if problem.code.startswith("law.") and problem.path:
            assert problem.path[0] == "a0"
            assert problem.path[-1] == problem.file.split("/")[1]


def test_the_generator_reaches_every_verdict() -> None:
    """随机生成的模板要真的覆盖各种结论，否则上面的一致没有意义。"""
    seen: set[str] = set()

    @settings(max_examples=70, deadline=None, database=None, derandomize=True)
    @given(cases())
    def collect(case: dict[str, Any]) -> None:
        verdict = brute_force(case)
        seen.update(name for name in vars(verdict) if getattr(verdict, name))
        seen.update("fine" for _ in [0] if not (verdict.broken or verdict.endless or verdict.undecided))

    collect()
    assert seen >= {"gaps", "overlaps", "dead", "stuck", "endless", "traps", "unassigned", "broken", "fine"}
