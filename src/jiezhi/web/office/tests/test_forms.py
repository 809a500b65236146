"""表单：每一种字段类型都能填、能读回、能原样放回。"""

from __future__ import annotations

from datetime import datetime
from typing import Any

import pytest
from django.http import QueryDict
from django.template.loader import render_to_string

from jiezhi.core.calendar import CHINA
from jiezhi.core.procedure.fields import FieldDecl, FieldType
from jiezhi.core.procedure.values import ValueProblem, normalize
from jiezhi.web.forms import raw as raws
from jiezhi.web.forms.controls import KINDS, control_of
from jiezhi.web.office.forms.controls import Lists

TYPED: dict[FieldType, tuple[dict[str, str], Any]] = {
    FieldType.TEXT: ({"f-x": " 路灯 "}, "路灯"),
    FieldType.CHOICE: ({"f-x": "甲"}, "甲"),
    FieldType.FLAG: ({"f-x": "否"}, False),
    FieldType.CODE: ({"f-x": "a/b"}, "a/b"),
    FieldType.MONEY: ({"f-x": "1,234.50"}, 123450),
    FieldType.COUNT: ({"f-x": "12"}, 12),
    FieldType.DATE: ({"f-x": "2026-08-01"}, "2026-08-01"),
    FieldType.DATETIME: ({"f-x": "2026-08-01T09:30"}, "2026-08-01T09:30:00+08:00"),
    FieldType.DURATION: ({"f-x-amount": "5", "f-x-unit": "工作日"}, "5个工作日"),
    FieldType.PLACE: ({"f-x-address": "东桥路", "f-x-lon": "113", "f-x-lat": "23"},
                      {"address": "东桥路", "lon": "113.0000000", "lat": "23.0000000"}),
    FieldType.PARTY: ({"f-x-name": "林某", "f-x-phone": "13800138001"}, {"name": "林某", "phone": "13800138001"}),
    FieldType.OFFICER: ({"f-x": "3"}, "3"),
    FieldType.UNIT: ({"f-x": "law"}, "law"),
    FieldType.AREA: ({"f-x": "990101"}, "990101"),
    FieldType.POWER: ({"f-x": "P-1"}, "P-1"),
    FieldType.FILE: ({"f-x-kept": "a" * 64}, ["a" * 64]),
    FieldType.ROWS: ({"f-x-rows": "3", "f-x-0-a": "一", "f-x-2-a": "二"}, [{"a": "一"}, {"a": "二"}]),
    FieldType.RATING: ({"f-x": "4"}, 4),
    FieldType.FACTORS: ({"f-x": "情节：较轻\n次数: 1"}, {"情节": "较轻", "次数": "1"}),
}  # fmt: skip


def declared(kind: FieldType) -> FieldDecl:
    more: dict[str, Any] = {"choices": ["甲", "乙"]} if kind is FieldType.CHOICE else {}
    if kind is FieldType.ROWS:
        more["columns"] = {"a": {"title": "列", "type": "text"}}
    return FieldDecl.model_validate({"title": "某项", "type": kind.value, **more})


def query(data: dict[str, str]) -> QueryDict:
    found = QueryDict(mutable=True)
    found.update(data)
    return found


@pytest.mark.parametrize("kind", list(FieldType))
def test_every_type_reads_back_what_was_typed(kind: FieldType, db: None) -> None:
    decl = declared(kind)
    typed, expected = TYPED[kind]
    given = raws.posted("x", decl, query(typed))
    assert normalize(decl, raws.given(decl, given)) == expected
    html = render_to_string("office/_field.html", {"control": control_of("x", decl, True, given, Lists())})
    assert "<legend>某项</legend>" in html or 'for="f-x">某项' in html
    if KINDS.get(kind) not in ("select", "file"):
        first = next(value for name, value in typed.items() if not name.endswith("-rows"))
        assert first.split("\n")[0].strip() in html, "填过的要原样放回"


@pytest.mark.parametrize("kind", [kind for kind in FieldType if kind not in (FieldType.ROWS, FieldType.FILE)])
def test_showing_a_stored_value_and_sending_it_back_changes_nothing(kind: FieldType) -> None:
    decl = declared(kind)
    _, value = TYPED[kind]
    assert normalize(decl, raws.given(decl, raws.shown(decl, value))) == value


MANY = {
    FieldType.OFFICER: ([("f-x", "3"), ("f-x", "5")], ["3", "5"]),
    FieldType.UNIT: ([("f-x", "law"), ("f-x", "civil")], ["law", "civil"]),
    FieldType.PARTY: (
        [("f-x-rows", "3"), ("f-x-0-name", "林某"), ("f-x-2-name", "陈某"), ("f-x-2-phone", "13800138001")],
        [{"name": "林某"}, {"name": "陈某", "phone": "13800138001"}],
    ),
}


@pytest.mark.parametrize("kind", list(MANY))
def test_several_values_read_back_and_are_put_back(kind: FieldType, db: None) -> None:
    decl = FieldDecl(title="某项", type=kind, many=True)
    typed, expected = MANY[kind]
    post = QueryDict(mutable=True)
    for name, value in typed:
        post.appendlist(name, value)
    given = raws.posted("x", decl, post)
    assert normalize(decl, raws.given(decl, given)) == expected
    assert normalize(decl, raws.given(decl, raws.shown(decl, expected))) == expected
    assert raws.given(decl, raws.posted("x", decl, QueryDict())) is None
    html = render_to_string("office/_field.html", {"control": control_of("x", decl, True, given, Lists())})
    assert "<legend>某项</legend>" in html
    if kind is FieldType.PARTY:
        assert "林某" in html and "13800138001" in html and html.count("姓名或名称") == 2 + 2


@pytest.mark.parametrize("kind", list(FieldType))
def test_nothing_typed_is_nothing_given(kind: FieldType) -> None:
    decl = declared(kind)
    assert raws.given(decl, raws.posted("x", decl, QueryDict())) is None
    assert (kind in KINDS) != (kind in (FieldType.TEXT, FieldType.CHOICE, FieldType.FLAG))


def test_only_choosing_a_unit_is_not_a_duration() -> None:
    decl = declared(FieldType.DURATION)
    assert raws.given(decl, {"amount": "", "unit": "工作日"}) is None
    with pytest.raises(ValueProblem):
        raws.given(decl, {"amount": "5", "unit": "世纪"})


@pytest.mark.parametrize("text", ["十元", "1.234", "-5", "NaN", "Infinity", "1e999999", "9" * 20])
def test_money_that_is_not_money_is_told(text: str) -> None:
    with pytest.raises(ValueProblem):
        raws.given(declared(FieldType.MONEY), text)


def test_times_without_a_zone_are_beijing_time() -> None:
    assert raws.aware("2026-08-01T09:30") == datetime(2026, 8, 1, 9, 30, tzinfo=CHINA)
    assert raws.aware("昨天") is None


@pytest.mark.parametrize(("default", "offered"), [(None, True), ("甲", False)])
def test_leaving_out_is_not_offered_beside_a_default(default: str | None, offered: bool) -> None:
    decl = FieldDecl.model_validate(
        {"title": "来源", "type": "choice", "choices": ["甲", "乙"], "default": default}
    )
    control = control_of("x", decl, False, raws.shown(decl, default), Lists())
    html = render_to_string("office/_field.html", {"control": control})
    assert ("不填" in html.replace("可不填", "")) is offered
