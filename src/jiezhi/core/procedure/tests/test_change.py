"""换版的校验：哪些映射能过，不能过的说清差什么；与笨办法对照，过了的不会落到新版走不到的地方。"""

from __future__ import annotations

import copy
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from jiezhi.core.procedure.abstract import relevance
from jiezhi.core.procedure.change import ChangeDecl, change_map, in_current_words, names_by_seq
from jiezhi.core.procedure.definition import Definition
from jiezhi.core.procedure.law import LawDecl, StatuteDecl
from jiezhi.core.procedure.loader import load_folder
from jiezhi.core.procedure.matter import MatterDecl
from jiezhi.core.procedure.tests.oracle import FIELDS, OVER, brute_force, build, cases, valuation
from jiezhi.core.procedure.verifier import verify
from jiezhi.core.procedure.verifier.change import verify_change

MEANS = {
    "file": "立案", "inform": "告知", "review": "法制审核", "decide": "决定", "note": "批注", "return": "退回",
}  # fmt: skip
STATUTES = {
    "office": StatuteDecl.model_validate(
        {
            "name": "本单位规定",
            "version": "2026",
            "in_force": "2026-01-01",
            "status": "内部规定",
            "articles": {"x": {"text": "内部规定"}},
        }
    )
}
LAW = {
    "law": "测试规则",
    "applies_to": ["行政处罚"],
    "rules": {
        "inform_first": {
            "kind": "before", "means": "decide", "all_of": ["inform"], "basis": "office.x", "say": "先告知",
        },
    },
}  # fmt: skip
OLD: dict[str, Any] = {
    "matter": "demo.penalty",
    "title": "处罚",
    "covers": ["D1"],
    "class": "行政处罚",
    "roles": {"handler": {"title": "承办人"}},
    "fields": {
        "cause": {"title": "案由", "type": "text"},
        "heavy": {"title": "情节严重", "type": "flag"},
        "party": {"title": "当事人", "type": "party", "sensitive": True},
    },
    "predicates": {"heavy": {"title": "情节严重", "field": "heavy", "cel": "heavy == true"}},
    "clocks": {
        "decide": {"title": "办案", "limit": "90日", "from": "means.file", "until": "means.decide", "basis": "office.x"},
        "defence": {
            "title": "陈述申辩期", "limit": "5日", "from": "means.inform", "protects": "party", "guards": ["decide"],
            "basis": "office.x",
        },
    },
    "states": {
        "investigating": {"title": "调查中"},
        "pending": {"title": "待决定"},
        "done": {"title": "已办结", "terminal": True},
    },
    "actions": {
        "file": {
            "title": "立案", "means": "file", "from": "start", "to": "investigating", "by": "post.enforcement_officer",
            "collect": ["cause", "party"], "assign": {"handler": "actor"}, "basis": "office.x",
        },
        "inform": {
            "title": "告知", "means": "inform", "from": "investigating", "to": "pending", "by": "role.handler",
            "collect": ["heavy"], "needs": "not done.inform", "basis": "office.x",
        },
        "back": {
            "title": "退回调查", "means": "return", "from": "pending", "to": "investigating", "by": "role.handler",
            "clears": ["inform"], "basis": "office.x",
        },
        "decide": {
            "title": "作出决定", "means": "decide", "from": "pending", "to": "done", "by": "post.office_head",
            "needs": "done.inform", "basis": "office.x",
        },
    },
}  # fmt: skip
WHY = {"reason": "修订处罚程序", "basis": "本街道批准"}


def compiled(changes: dict[str, Any] | None = None, law: dict[str, Any] = LAW) -> Definition:
    data = copy.deepcopy(OLD)
    for path, value in (changes or {}).items():
        *inside, last = path.split("/")
        place = data
        for part in inside:
            place = place[part]
        if value is None:
            del place[last]
        else:
            place[last] = value
    found = Definition.build(MatterDecl.model_validate(data), STATUTES, (LawDecl.model_validate(law),), MEANS)
    assert not [str(one) for one in verify(found) if one.is_error]
    return found


def decl(**names: Any) -> ChangeDecl:
    return ChangeDecl.model_validate({**WHY, **names})


def errors(old: Definition, new: Definition, **names: Any) -> dict[str, str]:
    found: dict[str, str] = {}
    for one in verify_change(old, new, decl(**names)):
        if one.is_error:
            found.setdefault(one.code, f"{'→'.join(one.path)}|{one.say}")
    return found


REVIEW = {
    "states/reviewing": {"title": "待审核"},
    "actions/inform": {**OLD["actions"]["inform"], "to": "reviewing"},
    "actions/review": {
        "title": "法制审核", "means": "review", "from": "reviewing", "to": "pending", "by": "post.legal_reviewer",
        "basis": "office.x",
    },
    "actions/back": {**OLD["actions"]["back"], "clears": ["inform", "review"]},
    "actions/decide": {**OLD["actions"]["decide"], "needs": ["done.inform", "done.review"]},
}  # fmt: skip


def test_the_same_version_maps_to_itself() -> None:
    assert verify_change(compiled(), compiled(), decl()) == []


PACKS = load_folder(Path(__file__).resolve().parents[3] / "packs")
DEFINITIONS = [loaded.definition for loaded in PACKS.matters.values() if loaded.definition]


@pytest.mark.parametrize("definition", DEFINITIONS, ids=[one.id for one in DEFINITIONS])
def test_every_pack_maps_to_itself(definition: Definition) -> None:
    assert verify_change(definition, definition, decl()) == []


def test_a_new_approval_is_owed_and_the_remedy_is_named() -> None:
    """新版要先法制审核：旧件停在“待决定”没有审核过，不能原地换；映射到审核之前的环节就行。"""
    old, new = compiled(), compiled(REVIEW)
    found = errors(old, new)
    assert set(found) == {"change.unreachable"}
    assert found["change.unreachable"].startswith("立案→告知|")
    assert "必须已经做过“法制审核”" in found["change.unreachable"]
    assert "可以改映射到“待审核”" in found["change.unreachable"]
    assert errors(old, new, states={"pending": "reviewing"}) == {}


def test_an_approval_cannot_be_conjured_by_renaming() -> None:
    noted = {"actions/note": {
        "title": "批注", "means": "note", "from": "pending", "by": "role.handler", "basis": "office.x",
    }}  # fmt: skip
    law = copy.deepcopy(LAW)
    law["rules"]["review_first"] = {
        "kind": "before", "means": "decide", "all_of": ["review"], "basis": "office.x", "say": "先审核",
    }  # fmt: skip
    old, new = compiled(noted), compiled(REVIEW, law)
    assert "change.meanings" in errors(old, new, states={"pending": "reviewing"})
    assert "change.approval" in errors(old, new, meanings={"note": "review"})
    assert errors(old, new, states={"pending": "reviewing"}, meanings={"note": "drop"}) == {}
    both = compiled({**noted, **REVIEW})
    assert "change.approval" in errors(old, both, meanings={"note": "review"})


def test_everything_that_disappears_needs_a_destination() -> None:
    fields = {"fields/cause": None, "fields/matter": {"title": "案由", "type": "text"}}
    filed = {**OLD["actions"]["file"], "collect": ["matter", "party"]}
    states = {"states/investigating": None, "states/inquiry": {"title": "调查"}}
    moves = {
        "actions/file": {**filed, "to": "inquiry"},
        "actions/inform": {**OLD["actions"]["inform"], "from": "inquiry"},
        "actions/back": {**OLD["actions"]["back"], "to": "inquiry"},
    }
    new = compiled({**fields, **states, **moves, "clocks/decide": None})
    found = errors(compiled(), new)
    assert {"change.states", "change.fields", "change.clocks"} <= set(found)
    names = {
        "states": {"investigating": "inquiry"},
        "fields": {"cause": "matter"},
        "clocks": {"decide": "end"},
    }
    assert errors(compiled(), new, **names) == {}
    wrong = errors(compiled(), new, **{**names, "roles": {"clerk": "handler"}})
    assert "旧版没有这一项" in wrong["change.roles"]


def test_a_running_protection_is_neither_ended_nor_shortened() -> None:
    defence = OLD["clocks"]["defence"]
    assert "change.protected" in errors(compiled(), compiled(), clocks={"defence": "end"})
    shorter = compiled({"clocks/defence": {**defence, "limit": "3日"}})
    assert "由5日改为3日" in errors(compiled(), shorter)["change.protected"]
    assert errors(compiled(), compiled({"clocks/defence": {**defence, "limit": "7日"}})) == {}
    renamed = compiled({"clocks/defence": None, "clocks/plead": defence})
    assert errors(compiled(), renamed, clocks={"defence": "plead"}) == {}
    plain = {**defence, "protects": None, "guards": []}
    assert "change.protected" in errors(compiled(), compiled({"clocks/defence": plain}))


def test_a_new_protection_must_have_begun() -> None:
    """新版告知之后另有听证期：旧件告知过而没有起算，不能停在告知之后。"""
    hearing = {**OLD["clocks"]["defence"], "title": "听证期"}
    new = compiled({"clocks/hearing": hearing})
    assert "起算保护期“听证期”" in errors(compiled(), new)["change.unreachable"]
    again = {"states": {"pending": "investigating"}, "meanings": {"inform": "drop"}}
    assert "change.unreachable" in errors(compiled(), new, states=again["states"])
    meaning_gone = errors(compiled(), new, **again)
    assert meaning_gone == {}


def test_an_approval_may_lapse_on_the_way() -> None:
    """映射回审核之前的环节，原来做过的告知在那里不会有：写明作废就行，之后重新告知、重新给足陈述申辩期。"""
    old, new = compiled(), compiled(REVIEW)
    back = {"states": {"pending": "investigating"}}
    found = errors(old, new, **back)["change.unreachable"]
    assert "不会还有做过“告知”、起算保护期“陈述申辩期”" in found and "在 clears 里写明" in found
    assert errors(old, new, **back, clears={"pending": ["inform"]}) == {}
    wrong = errors(old, new, **back, clears={"pending": ["hear"], "nowhere": ["inform"]})
    assert {"change.meanings", "change.states"} <= set(wrong)


def test_field_types_and_secrecy() -> None:
    typed = compiled({"fields/cause": {"title": "案由", "type": "choice", "choices": ["占道", "噪声"]}})
    assert "change.field_type" in errors(compiled(), typed)
    assert "change.secret" in errors(
        compiled(), compiled({"fields/party": {"title": "当事人", "type": "party"}})
    )


def test_a_field_the_old_case_may_lack_is_reported() -> None:
    scale = {
        "fields/scale": {"title": "裁量档次", "type": "text"},
        "actions/inform": {**OLD["actions"]["inform"], "collect": ["heavy", "scale"]},
        "actions/decide": {
            **OLD["actions"]["decide"],
            "notify": [{"to": "role.handler", "text": "{field.scale}"}],
        },
    }
    found = errors(compiled(), compiled(scale))
    assert "“裁量档次”" in found["change.unassigned"] and found["change.unassigned"].startswith(
        "立案→告知→换版|"
    )
    head = {
        "actions/decide": {**OLD["actions"]["decide"], "by": "role.head"},
        "roles/head": {"title": "审批人"},
    }
    head["actions/inform"] = {**OLD["actions"]["inform"], "assign": {"head": "post.office_head"}}
    assert "没有人能办" in errors(compiled(), compiled(head))["change.unassigned"]


def test_predicates_follow_the_field() -> None:
    """判断改了写法，按旧字段的值重算：没有填过的算不成立。"""
    light = {
        "predicates/heavy": None,
        "predicates/light": {"title": "情节轻微", "field": "heavy", "cel": "heavy == false"},
        "actions/decide": {**OLD["actions"]["decide"], "needs": ["done.inform"]},
        "states/head": {"title": "待集体讨论"},
        "actions/inform": {
            **OLD["actions"]["inform"],
            "to": [{"when": "light", "state": "pending"}, {"state": "head"}],
        },
        "actions/discuss": {
            "title": "集体讨论", "means": "review", "from": "head", "to": "done", "by": "post.office_head",
            "basis": "office.x",
        },
    }  # fmt: skip
    found = errors(compiled(), compiled(light))
    assert "属于“情节轻微”" in found["change.unreachable"]


def test_history_is_read_in_current_words() -> None:
    body = {"seq": 1, "from": None, "to": "a", "effects": {"done": ["old"]}}
    change = {
        "seq": 2, "from": "a", "to": "b",
        "effects": {"changed": {"states": {"a": "b"}, "meanings": {"old": "new", "gone": None}, "fields": {"f": "g"}}},
    }  # fmt: skip
    first, second = in_current_words([body, change])
    assert first["effects"]["done"] == ["new"] and first["to"] == "b"
    assert second["from"] == second["to"] == "b", "改名不算进了新环节"
    assert names_by_seq([body, change], ["g"]) == {1: {"f"}, 2: {"g"}}
    assert names_by_seq([body, change], ["f"]) == {1: set(), 2: {"f"}}, "新版另设的同名字段不是它"


# ---- 与笨办法对照 ----


def pruned(case: dict[str, Any]) -> dict[str, Any]:
    return {**case, "rules": {}}


@given(cases(), cases(), st.data())
@settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))
def test_what_passes_lands_only_where_the_new_version_can_be(
    before: dict[str, Any], after: dict[str, Any], data: st.DataObject
) -> None:
    before, after = pruned(before), pruned(after)
    if data.draw(st.booleans(), label="小改"):
        after = copy.deepcopy(before)
        name = data.draw(st.sampled_from(sorted(after["actions"])[1:]))
        after["actions"][name]["needs"] = []
        after["actions"][name]["clears"] = data.draw(
            st.lists(st.sampled_from(["m0", "m1", "m2"]), unique=True)
        )
    old, new = build(before), build(after)
    spots = st.sampled_from(after["states"])
    states = {name: data.draw(spots, label=name) for name in before["states"] if name not in after["states"]}
    given_names = decl(
        states=states,
        clears=data.draw(
            st.dictionaries(
                st.sampled_from(before["states"]), st.lists(st.sampled_from(_done(old)), unique=True)
            )
            if _done(old)
            else st.just({})
        ),
        meanings={name: "drop" for name in _done(old) if name not in _done(new) or data.draw(st.booleans())},
    )
    names = change_map(old, new, given_names)
    assert names.known
    missed = [one for one in verify_change(old, new, given_names) if one.code == "change.unreachable"]
    track = relevance(new)

    def abstract(state: str, done: frozenset[str], values: tuple[Any, ...]) -> tuple[Any, ...]:
        held = valuation(after, values)
        return (
            state,
            frozenset(done) & set(track.meanings),
            frozenset(name for name in track.predicates if held[name]),
        )

    there = {abstract(*world) for world in brute_force(after).worlds}
    strays = [
        world
        for world in brute_force(before).worlds
        if world[0] not in ("start", OVER)
        and abstract(
            names.states[world[0]] or "",
            frozenset(names.meanings_in(world[0]).get(one, one) or "" for one in world[1]),
            world[2],
        )
        not in there
    ]
    assert len(FIELDS) == 2
    if strays:
        assert missed, strays[0]


def _done(definition: Definition) -> list[str]:
    return sorted({one for action in definition.matter.actions.values() for one in action.means})


@given(cases())
@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
def test_a_version_always_maps_to_itself(case: dict[str, Any]) -> None:
    definition = build(case)
    found = verify_change(definition, build(case), decl())
    assert not [one for one in found if one.code == "change.unreachable"]
