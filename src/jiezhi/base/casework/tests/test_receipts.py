"""查询码：够长、认得手抄的毛病、凭编号和它只到一件；没有来件人的业务查不到。"""

from __future__ import annotations

from uuid import uuid4

import pytest

from jiezhi.base.casework import actions, matters
from jiezhi.base.casework.models import Case
from jiezhi.base.casework.receipts import ALPHABET, LENGTH, case_with_code, receipt_code
from jiezhi.base.casework.testing import START, definition, make_office
from jiezhi.core.procedure.view import Actor


@pytest.fixture
def case(db: None) -> Case:
    make_office()
    actions.open_case("test.report", actor=Actor("reporter"), inputs={"subject": "漏水"}, now=START)
    return Case.objects.get()


def test_it_is_long_enough_and_nothing_looks_alike(case: Case) -> None:
    code = receipt_code(str(case.uid))
    assert len(set(ALPHABET)) == 32 and 32**LENGTH >= 2**40 and not set("ILOU") & set(ALPHABET)
    assert len(code) == LENGTH + 1 and set(code) <= {*ALPHABET, "-"}
    assert code == receipt_code(str(case.uid)), "随时算得出同一个，不用存"
    assert len({receipt_code(str(uuid4())) for _ in range(3000)}) == 3000


def test_every_letter_is_used_evenly() -> None:
    """每一位的 32 个字符出现得差不多：没有白费的位。"""
    codes = [receipt_code(str(uuid4())).replace("-", "") for _ in range(6400)]
    for place in range(LENGTH):
        seen = [code[place] for code in codes]
        assert all(130 < seen.count(letter) < 275 for letter in ALPHABET)


def test_slips_of_the_pen_are_forgiven(case: Case) -> None:
    code = receipt_code(str(case.uid))
    wide = "".join(chr(ord(one) + 0xFEE0) if one != "-" else "—" for one in code)
    for said in (
        code, code.lower(), code.replace("-", ""), f" {code[:3]} {code[3:]} ", wide,
        code.replace("1", "l").replace("0", "o"), code.replace("1", "I").replace("V", "u"),
    ):  # fmt: skip
        assert case_with_code(case.number, said) == case, said


def test_anything_else_is_nobody(case: Case) -> None:
    code = receipt_code(str(case.uid))
    for wrong in (
        "",
        "-",
        " ",
        code[:-1],
        code + "0",
        code[::-1],
        receipt_code(str(uuid4())),
        "字" * 10,
        "0" * 500,
    ):
        assert case_with_code(case.number, wrong) is None, wrong
    for number in ("", "SP2099000001", case.number + "1", case.number.lower() + " "):
        assert case_with_code(number, code) is None


def test_the_same_number_at_two_systems_is_told_apart_by_the_code(case: Case) -> None:
    actions.open_case("test.report", actor=Actor("reporter"), inputs={"subject": "另一件"}, now=START)
    other = Case.objects.latest("pk")
    Case.objects.filter(pk=other.pk).update(number=case.number, host_system="对方的系统")
    for one in (case, other):
        found = case_with_code(case.number, receipt_code(str(one.uid)))
        assert found is not None and found.pk == one.pk


def test_what_nobody_reported_is_not_tracked(case: Case) -> None:
    silent = definition(matter="test.silent", reported_by=None)
    version = matters.publish(silent, now=START)
    Case.objects.filter(pk=case.pk).update(version=version, matter="test.silent")
    assert case_with_code(case.number, receipt_code(str(case.uid))) is None
