"""校验器的笨办法对照：随机的小业务模板，用另一套写法把全部具体走法（含字段的真值）穷举一遍。

这里不用抽象机、不用 guards.py：具体状况是（环节, 做过的含义, 两个字段的实际值），小到可以走完。
"""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import product
from typing import Any

from hypothesis import strategies as st

from jiezhi.core.procedure.definition import Definition
from jiezhi.core.procedure.law import LawDecl, StatuteDecl
from jiezhi.core.procedure.matter import MatterDecl

MEANINGS = ("m0", "m1", "m2")
FIELDS = ("f0", "f1")
OVER = "over"
TESTS = {
    "{f} == true": lambda value: value is True,
    "{f} == false": lambda value: value is False,
    "{f} != true": lambda value: value is not True,
    "{f} == null": lambda value: value is None,
}
STATUTES = {
    "derived": StatuteDecl.model_validate(
        {
            "name": "系统规则",
            "version": "1",
            "in_force": "2026-01-01",
            "status": "推导",
            "articles": {"x": {"text": "测试"}},
        }
    )
}

# ---- 生成 ----

names = st.sampled_from(MEANINGS)
some_meanings = st.lists(names, max_size=2, unique=True)


def formulas(predicates: list[str]) -> st.SearchStrategy[Any]:
    """去向判断：嵌套的元组，另有 `text` 写成模板里的样子、`truth` 求值。"""
    atoms = st.tuples(st.just("done"), names)
    if predicates:
        atoms = st.tuples(st.just("p"), st.sampled_from(predicates)) | atoms
    return st.recursive(
        atoms,
        lambda inner: (
            st.tuples(st.just("not"), inner) | st.tuples(st.sampled_from(["and", "or"]), inner, inner)
        ),
        max_leaves=3,
    )


def text(formula: Any) -> str:
    match formula:
        case ("p", name):
            return str(name)
        case ("done", name):
            return f"done.{name}"
        case ("not", inner):
            return f"not ({text(inner)})"
        case (word, left, right):
            return f"({text(left)}) {word} ({text(right)})"
    raise AssertionError(formula)


def truth(formula: Any, values: dict[str, bool], done: frozenset[str]) -> bool:
    match formula:
        case ("p", name):
            return values[name]
        case ("done", name):
            return name in done
        case ("not", inner):
            return not truth(inner, values, done)
        case ("and", left, right):
            return truth(left, values, done) and truth(right, values, done)
        case ("or", left, right):
            return truth(left, values, done) or truth(right, values, done)
    raise AssertionError(formula)


@st.composite
def cases(draw: st.DrawFn) -> dict[str, Any]:
    """一个小业务模板和几条法律规则，写成普通数据。"""
    states = [f"s{i}" for i in range(draw(st.integers(1, 4)))]
    tests = {
        f"p{i}": (FIELDS[i], draw(st.sampled_from(sorted(TESTS)))) for i in range(draw(st.integers(0, 2)))
    }
    predicates = sorted(tests)
    rests = {
        m: draw(st.lists(st.sampled_from(FIELDS), min_size=1, max_size=2, unique=True)) for m in MEANINGS[:2]
    }
    rests = {m: found for m, found in rests.items() if draw(st.booleans())}
    targets = st.sampled_from([*states, OVER])
    actions = {}
    for i in range(draw(st.integers(2, 6))):
        opening = i == 0
        shape = draw(st.sampled_from(["one", "one", "else", "two"] + ([] if opening else ["stay"])))
        guard = formulas(predicates)
        to: list[Any] = []
        if shape == "one":
            to = [(None, draw(targets))]
        elif shape == "else":
            to = [(draw(guard), draw(targets)), (None, draw(targets))]
        elif shape == "two":
            to = [(draw(guard), draw(targets)), (draw(guard), draw(targets))]
        modes = {
            f: draw(st.sampled_from(["no", "no", "must", "may", "true", "false", "null"])) for f in FIELDS
        }
        needs = draw(
            st.lists(st.tuples(st.booleans(), st.sampled_from([*MEANINGS, *predicates])), max_size=2)
        )
        actions[f"a{i}"] = {
            "from": ["start"]
            if opening
            else draw(st.lists(st.sampled_from([*states, OVER]), min_size=1, unique=True)),
            "to": to,
            "means": draw(some_meanings),
            "clears": draw(some_meanings),
            "modes": modes,
            "needs": [] if opening else list(dict.fromkeys(needs)),
            "uses": draw(st.sampled_from([None, None, *FIELDS])),
        }
    rules = {}
    for i in range(draw(st.integers(0, 3))):
        kind = draw(st.sampled_from(["before", "never", "clears"]))
        rules[f"r{i}"] = {
            "kind": kind,
            "means": draw(st.sampled_from([*MEANINGS, "end"])) if kind != "clears" else draw(names),
            "all_of": draw(some_meanings) if kind == "before" else [],
            "any_of": draw(some_meanings) if kind == "before" else [],
            "after": draw(names) if kind == "never" else None,
            "clears": draw(some_meanings) if kind == "clears" else [],
            "when": draw(st.none() | formulas(predicates)),
        }
    return {"states": states, "tests": tests, "rests": rests, "actions": actions, "rules": rules}


def build(case: dict[str, Any]) -> Definition:
    """编译成正式的 Definition。"""
    actions: dict[str, Any] = {}
    for name, action in case["actions"].items():
        constants = {"true": True, "false": False, "null": None}
        needs: list[Any] = [
            ("" if positive else "not ") + ("done." if what in MEANINGS else "predicate.") + what
            for positive, what in action["needs"]
        ]
        if action["uses"]:
            needs.append(f"uses_{action['uses']}")
        actions[name] = {
            "title": name,
            "from": action["from"],
            "to": [
                {"state": state} if guard is None else {"when": text(guard), "state": state}
                for guard, state in action["to"]
            ],
            "by": "post.x",
            "means": action["means"],
            "clears": action["clears"],
            "needs": needs,
            "collect": [
                f + ("?" if mode == "may" else "")
                for f, mode in action["modes"].items()
                if mode in ("must", "may")
            ],
            "set": {f: constants[mode] for f, mode in action["modes"].items() if mode in constants},
        }
    used = {action["uses"] for action in case["actions"].values()} - {None}
    matter = MatterDecl.model_validate(
        {
            "matter": "demo.small",
            "title": "小模板",
            "covers": ["B1"],
            "class": "其他",
            "fields": {f: {"title": f, "type": "flag"} for f in FIELDS},
            "predicates": {
                p: {"title": p, "field": f, "cel": test.format(f=f), "law": p}
                for p, (f, test) in case["tests"].items()
            },
            "meanings": {m: {"rests_on": found} for m, found in case["rests"].items()},
            "conditions": {
                f"uses_{f}": {
                    "title": f"uses_{f}",
                    "cel": f"{f} == true || {f} == false",
                    "say": "没填",
                    "remedy": "填写",
                    "basis": "derived.x",
                    "witness": {"met": {f: True}, "unmet": {f: None}},
                }
                for f in used
            },
            "states": {
                **{s: {"title": s} for s in case["states"]},
                OVER: {"title": "办结", "terminal": True},
            },
            "actions": actions,
        }
    )
    rules = {
        name: {
            **{key: value for key, value in rule.items() if key != "when"},
            "when": None if rule["when"] is None else text(rule["when"]),
            "basis": "derived.x",
            "say": f"规则{name}",
        }
        for name, rule in case["rules"].items()
    }
    law = LawDecl.model_validate({"law": "测试规则", "applies_to": ["其他"], "rules": rules})
    return Definition.build(matter, STATUTES, (law,), {m: m for m in MEANINGS})


# ---- 笨办法 ----

World = tuple[str, frozenset[str], tuple[Any, ...]]


@dataclass
class Verdict:
    """穷举得到的结论。"""

    reached: set[str] = field(default_factory=set)
    taken: set[str] = field(default_factory=set)
    undecided: set[str] = field(default_factory=set)
    gaps: set[str] = field(default_factory=set)
    overlaps: set[str] = field(default_factory=set)
    dead: set[str] = field(default_factory=set)
    stuck: set[str] = field(default_factory=set)
    endless: set[str] = field(default_factory=set)
    traps: set[str] = field(default_factory=set)
    unassigned: set[tuple[str, str]] = field(default_factory=set)
    broken: set[tuple[str, str]] = field(default_factory=set)
    worlds: set[World] = field(default_factory=set)


def valuation(case: dict[str, Any], values: tuple[Any, ...]) -> dict[str, bool]:
    known = dict(zip(FIELDS, values, strict=True))
    return {p: TESTS[test](known[f]) for p, (f, test) in case["tests"].items()}


def writings(action: dict[str, Any], values: tuple[Any, ...]) -> list[tuple[tuple[Any, ...], set[str]]]:
    """填写的全部具体写法：（写完的值, 写了哪些字段）。"""
    untouched = object()
    options = {
        "no": [untouched],
        "must": [True, False],
        "may": [untouched, True, False],
        "true": [True],
        "false": [False],
        "null": [None],
    }
    found = []
    for chosen in product(*(options[action["modes"][f]] for f in FIELDS)):
        new = tuple(old if value is untouched else value for old, value in zip(values, chosen, strict=True))
        wrote = {f for f, value in zip(FIELDS, chosen, strict=True) if value is not untouched}
        found.append((new, wrote))
    return found


def brute_force(case: dict[str, Any]) -> Verdict:
    """从头走完全部具体状况。"""
    verdict = Verdict()
    first: World = ("start", frozenset(), (None, None))
    onward: dict[World, set[World]] = {}
    blocked: set[World] = set()
    waiting = [first]
    while waiting:
        world = waiting.pop()
        if world in onward:
            continue
        onward[world] = set()
        state, done, values = world
        verdict.reached.add(state)
        for name, action in case["actions"].items():
            if state not in action["from"]:
                continue
            if any((what in done) != positive for positive, what in action["needs"] if what in MEANINGS):
                continue
            for new, wrote in writings(action, values):
                facts = valuation(case, new)
                if any(facts[what] != positive for positive, what in action["needs"] if what not in MEANINGS):
                    continue
                lapsed = {m for m, found in case["rests"].items() if wrote & set(found)}
                kept = done - lapsed
                after = (kept - set(action["clears"])) | set(action["means"])
                if not action["to"]:
                    goals = [state]
                else:
                    goals = [
                        goal
                        for guard, goal in action["to"]
                        if guard is not None and truth(guard, facts, after)
                    ]
                    if not goals:
                        goals = [goal for guard, goal in action["to"] if guard is None]
                if not goals:
                    verdict.gaps.add(name)
                if len(goals) > 1:
                    verdict.overlaps.add(name)
                if len(goals) != 1:
                    verdict.undecided.add(name)
                    blocked.add(world)
                for goal in goals:
                    verdict.taken.add(name)
                    target = (goal, after, new)
                    onward[world].add(target)
                    waiting.append(target)
                    if action["uses"] and new[FIELDS.index(action["uses"])] is None:
                        verdict.unassigned.add((name, action["uses"]))
                    for rule in rules_broken(case, action, state, goal, kept, after, facts):
                        verdict.broken.add((name, rule))
    verdict.worlds = set(onward)
    conclude(verdict, onward, blocked)
    return verdict


def rules_broken(
    case: dict[str, Any],
    action: dict[str, Any],
    state: str,
    goal: str,
    kept: frozenset[str],
    after: frozenset[str],
    facts: dict[str, bool],
) -> list[str]:
    found = []
    for name, rule in case["rules"].items():
        ending = rule["means"] == "end"
        if ending:
            if goal != OVER or state == OVER:
                continue
        elif rule["means"] not in action["means"]:
            continue
        prior = after if ending else kept
        if rule["when"] is not None and not truth(rule["when"], facts, prior):
            continue
        if rule["kind"] == "before":
            bad = bool(set(rule["all_of"]) - prior) or bool(
                rule["any_of"] and not set(rule["any_of"]) & prior
            )
        elif rule["kind"] == "never":
            bad = rule["after"] in (prior if ending else prior - set(action["clears"]))
        else:
            bad = bool((set(rule["clears"]) - set(action["means"])) & after)
        if bad:
            found.append(name)
    return found


def conclude(verdict: Verdict, onward: dict[World, set[World]], blocked: set[World]) -> None:
    def reaching(goals: set[World]) -> set[World]:
        found = set(goals)
        while True:
            more = {world for world, targets in onward.items() if world not in found and targets & found}
            if not more:
                return found
            found |= more

    stuck = {world for world, targets in onward.items() if not targets and world[0] != OVER}
    endless = set(onward) - reaching({world for world in onward if world[0] == OVER})
    verdict.stuck = {world[0] for world in stuck}
    verdict.endless = {world[0] for world in endless}
    verdict.dead = {world[0] for world in stuck - blocked} - {"start"}
    verdict.traps = {world[0] for world in endless - reaching(stuck)} - verdict.dead - {"start"}
