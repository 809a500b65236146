"""敏感的地点、材料、表格的列：库里不落明文，办理记录里打码，重放照样相等。"""

from __future__ import annotations

import json
from typing import Any

import pytest

from jiezhi.base.casework import actions, matters, queries, replay
from jiezhi.base.casework.engine.rows import case_view
from jiezhi.base.casework.models import Case, CaseField
from jiezhi.base.casework.testing import MATTER, START, Office, definition
from jiezhi.base.casework.tests.lives import done, photo
from jiezhi.core.procedure.fields import FieldDecl

CARD = "440301199001011234"
SECRET_FIELDS: dict[str, Any] = {
    **MATTER["fields"],
    "spot": {"title": "住处", "type": "place", "sensitive": True, "indexed": True},
    "cards": {"title": "证件照片", "type": "file", "kind": "photo", "sensitive": True},
    "ill": {"title": "是否患病", "type": "flag", "sensitive": True, "indexed": True},
    "people": {
        "title": "同住人",
        "type": "rows",
        "indexed": True,
        "columns": {
            "name": {"title": "称呼", "type": "text"},
            "card": {"title": "证件号", "type": "text", "sensitive": True},
        },
    },
}
COLLECT = ["subject", "spot?", "cards?", "ill?", "people?"]
SECRET_ACTIONS = {**MATTER["actions"], "register": {**MATTER["actions"]["register"], "collect": COLLECT}}


def opened(office: Office) -> Case:
    matters.publish(definition(fields=SECRET_FIELDS, actions=SECRET_ACTIONS), now=START)
    inputs = {
        "subject": "入户走访",
        "spot": {"lon": "114.05", "lat": "22.54", "address": "云桥路1号601"},
        "cards": [photo().pk],
        "ill": True,
        "people": [{"name": "大伯", "card": CARD}],
    }
    found = actions.open_case("test.report", acting_officer=office.dispatcher, inputs=inputs, now=START)
    return Case.objects.get(uid=done(found).uid)


def test_nothing_secret_lies_open_in_the_row(office: Office) -> None:
    case = opened(office)
    row = json.dumps([case.fields, case.title, case.lon, case.lat, case.cell], ensure_ascii=False)
    assert case.fields == {"subject": "入户走访"} and (case.lon, case.lat, case.cell) == (None, None, None)
    assert CARD not in row and "601" not in row
    assert not CaseField.objects.filter(case=case, name__in=["spot", "people", "ill", "cards"]).exists()
    assert case_view(case, ()).fields["people"] == [{"name": "大伯", "card": CARD}]
    assert replay.differences(case) == []


def test_the_record_masks_each_secret_column_and_value(office: Office) -> None:
    (line,) = queries.timeline(opened(office))
    shown = dict(zip(line.names, [value for _, value, _ in line.values], strict=True))
    assert shown["subject"] == "入户走访"
    (person,) = shown["people"]
    assert person["name"] == "大伯" and person["card"].startswith("4*") and CARD not in str(shown)
    assert shown["ill"] == queries.HIDDEN and shown["cards"] == [queries.HIDDEN]
    assert "601" not in str(shown["spot"]) and "114.05" not in str(shown["spot"])
    (plain,) = queries.timeline(Case.objects.get(), show_sensitive=True)
    assert CARD in str(plain.values)


@pytest.mark.parametrize(
    ("declared", "value"),
    [
        ({"type": "flag"}, True),
        ({"type": "choice", "choices": ["患病", "健康"]}, "患病"),
        ({"type": "money"}, 123450),
        ({"type": "date"}, "2026-08-01"),
        ({"type": "unit", "many": True}, ["law", "civil"]),
    ],
)
def test_short_values_are_hidden_whole(declared: dict[str, Any], value: Any) -> None:
    decl = FieldDecl.model_validate({"title": "某项", "sensitive": True, **declared})
    shown = queries.masked_value(decl, value)
    assert shown in (queries.HIDDEN, [queries.HIDDEN] * 2)
    assert queries.masked_value(decl, "已依法清除") == "已依法清除"


def test_what_the_system_filled_in_is_told_apart(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    from jiezhi.base.casework.extensions import extensions

    monkeypatch.setitem(extensions.facts, "test.unit", lambda context: "law")
    register = {**MATTER["actions"]["register"], "fill": {"to_unit": "test.unit"}}
    changed = {**MATTER["actions"], "register": register}
    matters.publish(definition(actions=changed), now=START)
    found = actions.open_case(
        "test.report", acting_officer=office.dispatcher, inputs={"subject": "路灯不亮"}, now=START
    )
    (line,) = queries.timeline(Case.objects.get(uid=done(found).uid))
    assert line.filled == {"to_unit"} and set(line.names) == {"subject", "to_unit"}
