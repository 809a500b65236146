"""当事人的证件号、表格里的引用。"""

from __future__ import annotations

import random
from datetime import UTC, date, datetime
from typing import Any

import pytest
from stdnum.cn import ric, uscc

from jiezhi.core.procedure.fields import FieldDecl, FieldType
from jiezhi.core.procedure.identifiers import party_identifier, ric_problem
from jiezhi.core.procedure.inputs import collect
from jiezhi.core.procedure.loader import load_matter
from jiezhi.core.procedure.packset import PackSet
from jiezhi.core.procedure.testing import FakeEnv
from jiezhi.core.procedure.tests.helpers import SMALL
from jiezhi.core.procedure.values import ValueProblem, normalize
from jiezhi.core.procedure.view import Actor, Request

PARTY = FieldDecl(title="当事人", type=FieldType.PARTY)
# 99 开头不是任何现行区划，不会是真人、真单位的号码。
BODY = "99010119900307001"
RIC = BODY + ric.calc_check_digit(BODY + "0")
WRONG = RIC[:-1] + ("0" if RIC[-1] != "0" else "1")
USCC = "91990101MA0000001" + uscc.calc_check_digit("91990101MA0000001")
BODIES = [f"919901010000000{n:02}" for n in range(10)]
DIGITS = next(body + check for body in BODIES if (check := uscc.calc_check_digit(body)).isdigit())


def party(**given: str) -> dict[str, str]:
    found: dict[str, str] = normalize(PARTY, {"name": "陈小敏", **given})
    return found


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ({"identifier": RIC}, RIC),
        ({"identifier": f" {RIC[:6]} {RIC[6:]} "}, RIC),
        ({"identifier": USCC.lower()}, USCC),
        ({"identifier": DIGITS}, DIGITS),  # 全是数字的信用代码
        ({"identifier": "E 1234567"}, "E 1234567"),
        ({"identifier": "990101********0011"}, "990101********0011"),
        ({"identifier_kind": "护照", "identifier": WRONG}, WRONG),
        ({"identifier_kind": "身份证", "identifier": RIC}, RIC),
        ({"identifier_kind": "uscc", "identifier": USCC}, USCC),
    ],
)
def test_accepted(given: dict[str, str], kept: str) -> None:
    assert party(**given)["identifier"] == kept


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ({"identifier": WRONG}, "校验位不对"),
        ({"identifier": USCC[:-1] + ("1" if USCC[-1] != "1" else "2")}, "统一社会信用代码校验位不对"),
        ({"identifier_kind": "身份证", "identifier": RIC[:17]}, "应为 18 位，现在是 17 位"),
        ({"identifier_kind": "身份证", "identifier": "990101900307001"}, "15 位的旧号码"),
        ({"identifier_kind": "ric", "identifier": USCC}, "前 17 位应为数字"),
        ({"identifier_kind": "统一社会信用代码", "identifier": RIC[:10]}, "应为 18 位"),
    ],
)
def test_refused_in_plain_words(given: dict[str, str], says: str) -> None:
    with pytest.raises(ValueProblem) as caught:
        party(**given)
    assert str(caught.value).startswith("的证件号不对：") and says in str(caught.value)


def test_the_future_is_checked_only_when_today_is_given() -> None:
    body = "99010129900307001"
    number = body + ric.calc_check_digit(body + "0")
    assert ric_problem(number) == ""
    assert "在今天之后" in ric_problem(number, date(2026, 8, 3))
    assert party_identifier("", number) == (number, "")


class Strict(FakeEnv):
    """只认得 law 这一个单位。"""

    def refer(self, decl: FieldDecl, value: Any) -> str | None:
        return None if decl.type is not FieldType.UNIT or value == "law" else "不是在用的单位，请从列表中选"


def rows_of(*rows: dict[str, str]) -> tuple[dict[str, Any], list[str]]:
    text = SMALL.replace(
        "  content: {title: 内容, type: text}",
        "  content: {title: 内容, type: rows, columns: {to: {title: 承办, type: unit}, note: {title: 备注, type: text}}}",
    ).replace("content, note?", "content")
    definition = load_matter(text, PackSet()).definition
    moment = datetime(2026, 8, 3, tzinfo=UTC)
    request = Request("register", Actor("reporter"), moment, moment, inputs={"content": list(rows)})
    action = definition.matter.actions["register"]
    found = collect(definition, action, None, request, Strict(random.Random(1)), probe=False)
    return found.values, [item.say for item in found.problems]


def test_rows_refer_too() -> None:
    assert rows_of({"to": "law", "note": "甲"}, {"note": "乙"}) == (
        {"content": [{"to": "law", "note": "甲"}, {"note": "乙"}]},
        [],
    )
    values, said = rows_of({"to": "law"}, {"to": "nowhere"})
    assert values == {}
    assert said == ["“内容”第 2 行“承办”不是在用的单位，请从列表中选"]
