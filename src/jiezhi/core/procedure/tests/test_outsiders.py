"""来件人、当事人自己办的：不由他们填的字段写不进来、不问他们；online、merged、查询码写错了指到那一行。"""

from __future__ import annotations

import random
from datetime import UTC, datetime
from typing import Any

import pytest

from jiezhi.core.procedure.asking import asked
from jiezhi.core.procedure.definition import Definition
from jiezhi.core.procedure.interpreter import plan
from jiezhi.core.procedure.loader import try_matter
from jiezhi.core.procedure.materials import STATE
from jiezhi.core.procedure.testing import FakeEnv
from jiezhi.core.procedure.tests.helpers import sample
from jiezhi.core.procedure.tests.test_materials import SERVICE
from jiezhi.core.procedure.verifier import Catalogue, locator, verify
from jiezhi.core.procedure.view import Actor, CaseView, Plan, Refusal, Request

NOW = datetime(2026, 8, 3, 1, tzinfo=UTC)
CATALOGUE = Catalogue(conditions=frozenset({"place.here"}), matters={})
TEXT = """\
matter: demo.small
title: 小件
covers: [B1]
class: 其他
reported_by: reporter
fields:
  content: {title: 内容, type: text}
  reporter: {title: 来件人, type: party, sensitive: true}
  channel: {title: 来源, type: choice, choices: [网上, 窗口], office: true, default: 窗口}
  level: {title: 等级, type: choice, choices: [急, 缓], office: true}
  goods: {title: 物品, type: rows, columns: {name: {title: 名称, type: text}}}
guide:
  ways: [窗口, 网上]
states:
  new: {title: 待办}
  done: {title: 办结, terminal: true, ended: done}
actions:
  register:
    title: 登记
    means: register
    from: start
    to: new
    by: [reporter, post.dispatcher]
    online: {set: {channel: 网上}, needs: place.here}
    collect: [content, reporter?, channel?, goods?]
    notify:
      - {to: reporter, text: "编号 {number}，查询码 {code}"}
    basis: office.9
  grade:
    title: 定级
    from: new
    by: [post.dispatcher]
    collect: [level]
    basis: office.9
  close:
    title: 办结
    means: close
    from: new
    to: done
    by: post.dispatcher
    basis: office.9
"""


def problems(text: str) -> list[Any]:
    matter, found = try_matter(text, sample(), "x.yaml")
    if matter is None or matter.definition is None:
        return found
    return found + verify(matter.definition, locate=locator(matter.positions, "x.yaml"), catalogue=CATALOGUE)


def small() -> Definition:
    matter, found = try_matter(TEXT, sample(), "x.yaml")
    assert matter is not None and matter.definition is not None, found
    return matter.definition


def test_it_is_accepted_as_it_should_be() -> None:
    assert [str(one) for one in problems(TEXT)] == []


@pytest.mark.parametrize(
    ("old", "new", "part", "code", "words"),
    [
        ("{name: {title: 名称, type: text}}", "{name: {title: 名称, type: text, office: true}}", "goods:", "office.column", "整个字段"),
        ("by: [post.dispatcher]\n    collect: [level]", "by: [post.dispatcher, reporter]\n    collect: [level]", "collect: [level]", "office.required", "“等级”"),
        ("    from: new\n    by: [post.dispatcher]\n", "    from: new\n    online: true\n    by: [post.dispatcher]\n", "online: true", "online.action", "开件动作"),
        ("    by: [reporter, post.dispatcher]\n", "    by: [post.dispatcher]\n", "online:", "online.action", "reporter"),
        ("class: 其他\n", "class: 其他\nhost: {system: 省平台, number: 编号}\n", "online:", "online.host", "省平台"),
        ("set: {channel: 网上}", "set: {chanel: 网上}", "online:", "unknown.field", "channel"),
        ("set: {channel: 网上}", "set: {content: 网上}", "online:", "online.field", "“内容”"),
        ("set: {channel: 网上}", "set: {level: 急}", "online:", "online.field", "“等级”"),
        ("set: {channel: 网上}", "set: {channel: 上网}", "online:", "online.value", "“上网”"),
        ("needs: place.here", "needs: place.hre", "online:", "unknown.condition", "place.here"),
        ("{to: reporter, text: \"编号 {number}，查询码 {code}\"}", "{to: post.dispatcher, text: \"查询码 {code}\"}", "{code}", "notice.code", "本人"),
        ("reported_by: reporter\n", "", "{code}", "notice.code", "reported_by"),
        ("查询码 {code}\"}", "查询码 {code}\", merged: 好了}", "merged:", "notice.merged", "不能合并"),
        ("    online: {set: {channel: 网上}, needs: place.here}\n", "", "ways:", "online.guide", "删去网上"),
        ("    online: {set", "    onlin: {set", "onlin:", "decl.extra_forbidden", "online"),
        ("needs: place.here}", "wants: place.here}", "online:", "decl.extra_forbidden", "wants"),
    ],
    ids=range(16),
)  # fmt: skip
def test_what_is_wrong_is_told_with_its_line(old: str, new: str, part: str, code: str, words: str) -> None:
    assert TEXT.count(old) == 1
    text = TEXT.replace(old, new)
    line = next(number for number, row in enumerate(text.splitlines(), 1) if part in row)
    fitting = [one for one in problems(text) if one.code == code and words in one.say and one.is_error]
    assert fitting and (fitting[0].file, fitting[0].line) == ("x.yaml", line), problems(text)


def opened(kind: str, **inputs: Any) -> Plan | Refusal:
    request = Request("register", Actor(kind, "1"), NOW, NOW, {"content": "路灯不亮", **inputs})
    return plan(small(), None, request, FakeEnv(random.Random(1)))


@pytest.mark.parametrize("kind", ["reporter", "party"])
def test_what_is_not_theirs_is_refused_and_the_system_writes_it(kind: str) -> None:
    definition = small()
    action = definition.matter.actions["register"]
    assert [one["name"] for one in asked(definition, action, kind)] == ["content", "reporter", "goods"]
    if kind == "reporter":
        refused = opened(kind, channel="窗口")
        assert isinstance(refused, Refusal)
        assert [(one.field, one.say) for one in refused.missing] == [("channel", "“登记”不填“来源”")]
        done = opened(kind)
        assert isinstance(done, Plan) and done.values["channel"] == "网上"


def test_officers_fill_it_as_before() -> None:
    definition = small()
    assert "channel" in [one["name"] for one in asked(definition, definition.matter.actions["register"])]
    for given, kept in (("网上", "网上"), (None, "窗口")):
        done = opened("officer", **({"channel": given} if given else {}))
        assert isinstance(done, Plan) and done.values["channel"] == kept


def test_nobody_verifies_their_own_papers() -> None:
    """材料核验是窗口的事：申请人写“已核原件”不收，开件、补正都一样。"""
    said = [{"material": "identity", "state": "已核原件"}]
    for action, view in (
        ("receive", None),
        ("supply", CaseView("u", "supplementing", 1, "1", {"wanted": "办证"}, frozenset({"receive"}))),
    ):
        decl = SERVICE.matter.actions[action]
        anyone = SERVICE if "reporter" in decl.by else _by_reporter(action)
        request = Request(
            action, Actor("reporter"), NOW, NOW, {STATE: said, **({} if view else {"wanted": "办证"})}
        )
        found = plan(anyone, view, request, FakeEnv(random.Random(1)))
        assert isinstance(found, Refusal) and [one.field for one in found.missing] == [STATE]
        assert STATE not in [one["name"] for one in asked(anyone, anyone.matter.actions[action], "reporter")]


def _by_reporter(action: str) -> Definition:
    matter = SERVICE.matter
    decl = matter.actions[action].model_copy(update={"by": ["reporter", "post.window"]})
    changed = matter.model_copy(update={"actions": {**matter.actions, action: decl}})
    return Definition.build(changed, SERVICE.statutes, SERVICE.laws, SERVICE.means)
