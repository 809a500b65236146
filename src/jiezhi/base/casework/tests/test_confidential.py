"""限指定人员的件：开件就要有人在件上，谁也看不见的不开；随别的件开立的一样。"""

from __future__ import annotations

from typing import Any

import pytest

from jiezhi.base.casework import actions, matters, queries
from jiezhi.base.casework.models import Case, Event
from jiezhi.base.casework.outcome import Refused
from jiezhi.base.casework.testing import MATTER, START, Office, confidential, definition
from jiezhi.base.casework.tests.lives import HOUR, REPORTER, done
from jiezhi.core.procedure.definition import Definition
from jiezhi.core.procedure.verifier import verify
from jiezhi.core.procedure.view import SYSTEM, Actor

GIVEN = {"subject": "反映一名干部", "reporter": REPORTER}


def kept(source: str, **more: Any) -> Definition:
    """谁都能开的限指定人员的业务，按 `source` 指定收件人。"""
    register = {**MATTER["actions"]["register"], "assign": {"taker": source}}
    roles = {**MATTER["roles"], "taker": {"title": "收件人"}}
    acts = {**MATTER["actions"], "register": register}
    return definition(**{"confidential": True, "roles": roles, "actions": acts, **more})


def refused_nobody(result: object) -> Refused:
    assert isinstance(result, Refused), str(result)
    assert [one.code for one in result.refusal.missing] == ["confidential.nobody"]
    assert "没有指定到一个人" in str(result)
    return result


@pytest.mark.parametrize(
    "actor", [Actor("reporter"), SYSTEM, Actor("import", "", "导入")], ids=lambda one: one.kind
)
def test_a_case_nobody_would_see_is_not_opened(office: Office, actor: Actor) -> None:
    by = [*MATTER["actions"]["register"]["by"], "import"]
    acts = {"register": {**MATTER["actions"]["register"], "by": by, "assign": {"taker": "actor"}}}
    matters.publish(kept("actor", actions={**MATTER["actions"], **acts}), now=START)
    refused_nobody(actions.open_case("test.report", actor=actor, inputs=GIVEN, now=START))
    assert not Case.objects.exists() and not Event.objects.exists()
    opened = done(actions.open_case("test.report", acting_officer=office.dispatcher, inputs=GIVEN, now=START))
    assert opened.number.endswith("1"), "没有开成的不占号"
    assert [one.number for one in queries.visible(office.dispatcher, START)] == [opened.number]


def test_a_post_nobody_holds_opens_nothing(office: Office) -> None:
    matters.publish(kept("post.unit_chief"), now=START)
    reporter = Actor("reporter")
    opened = done(actions.open_case("test.report", actor=reporter, inputs=GIVEN, now=START))
    assert [one.number for one in queries.visible(office.chief, START)] == [opened.number]
    matters.publish(kept("post.archivist"), now=START)
    refused_nobody(actions.open_case("test.report", actor=reporter, inputs=GIVEN, now=START))


@pytest.mark.parametrize(("source", "opens"), [("actor", False), ("post.unit_chief", True)])
def test_as_a_child_it_needs_someone_too(office: Office, source: str, opens: bool) -> None:
    """随之开立是系统办的：指定不到人就整步不办；开得成的，上级件的人也看不见它。"""
    part = {"part": {"matter": "test.kept", "title": "另行核查", "copy": {"subject": "field.subject"}}}
    split = {"title": "转核查", "from": "new", "by": "post.dispatcher", "open": part}
    matters.publish(kept(source, matter="test.kept"), now=START)
    matters.publish(definition(actions={**MATTER["actions"], "split": split}), now=START)
    case = done(actions.open_case("test.report", acting_officer=office.dispatcher, inputs=GIVEN, now=START))
    result = actions.act(case.uid, "split", acting_officer=office.dispatcher, now=START + HOUR)
    if not opens:
        refused_nobody(result)
        assert Case.objects.count() == 1 and Event.objects.count() == 1, "整步不办"
        return
    child = Case.objects.get(uid=done(result).children[0])
    assert child.confidential and child in queries.visible(office.chief, START + HOUR)
    assert child not in queries.visible(office.dispatcher, START + HOUR)


def test_the_verifier_says_so_before_publication() -> None:
    def said(compiled: Definition) -> set[str]:
        return {one.code for one in verify(compiled) if one.code.startswith("confidential.")}

    openly = {"confidential.by", "confidential.notify"}
    assert said(kept("actor")) - openly == {"confidential.nobody", "confidential.merge"}
    assert said(kept("post.unit_chief")) - openly == {"confidential.merge"}
    assert said(confidential()) - openly == set(), "只由分拨员登记的，办理人一定在件上"
