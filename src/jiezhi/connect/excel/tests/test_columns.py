"""列的对应，逐行取值。"""

from __future__ import annotations

import datetime as dt

import pytest
from pydantic import ValidationError

from jiezhi.connect.excel import Column, ColumnMap, Row, convert, match, read_sheet
from jiezhi.connect.excel.moments import SHANGHAI
from jiezhi.connect.excel.tests import build

NOW = dt.datetime(2026, 11, 22, 9, tzinfo=SHANGHAI)
MAP = ColumnMap(
    columns={
        "number": Column(names=["工单编号", "编号"], type="number_text", required=True),
        "received": Column(names=["受理时间"], type="datetime", required=True),
        "phone": Column(names=["来电人/电话", "联系电话"], type="phone"),
        "fine": Column(names=["金额"], type="money"),
        "kind": Column(names=["类别"], type="choice", choices=["投诉", "咨询"]),
        "count": Column(names=["人数"], type="int"),
        "repeat": Column(names=["是否重复"], type="bool"),
        "body": Column(names=["内容"], type="lines", max_length=20),
        "due": Column(names=["期限"], type="date"),
    }
)


def test_matching_by_name_synonym_and_lower_level():
    found = match(["编 号", "*受理\n时间", "来电人/电话", "被反映人/电话", "甲/金额"], MAP)
    assert found.found == {"number": 0, "received": 1, "phone": 2, "fine": 4}
    assert found.missing == []
    assert found.unused == ["被反映人/电话"]


def test_missing_columns_come_with_a_guess():
    found = match(["工单编号码", "受理日期时间", "其他"], MAP)
    assert found.missing == ["工单编号", "受理时间"]
    assert found.near["工单编号"][0] == "工单编号码"
    assert found.near["受理时间"][0] == "受理日期时间"
    assert "是不是表里的“工单编号码”" in found.sentences()[0]
    assert "其他" in found.unused


def test_shared_lower_level_is_not_guessed_and_doubles_are_told():
    columns = ColumnMap(columns={"phone": Column(names=["电话", "手机"], required=True)})
    assert match(["来电人/电话", "被反映人/电话"], columns).missing == ["电话"]
    both = match(["手机", "电话"], columns)
    assert both.found == {"phone": 1}
    assert both.doubled == {"电话": ["电话", "手机"]}
    assert "用了第一列" in both.sentences()[0]


def test_a_map_that_cannot_work_is_refused():
    with pytest.raises(ValidationError, match="同时对应"):
        ColumnMap(columns={"a": Column(names=["编号"]), "b": Column(names=["编 号"])})
    with pytest.raises(ValidationError, match="选项列"):
        Column(names=["类别"], type="choice")


def test_convert_every_type_and_report_by_name():
    headers = ["编号", "受理时间", "联系电话", "金额", "类别", "人数", "是否重复", "内容", "期限"]
    good = [188006, "2024/1/2 3:04:05", "13800138000", 12.5, "投诉", "3", "否", "甲\n乙", "2024-2-1"]
    bad = ["4.4E+17", "24/1/2", "123", "若干", "其他", "三", "也许", "长" * 21, "2024-2-30"]
    empty = ["", "", "", "", "", "", "", "", "说明"]
    sheet = read_sheet(build.table(headers, good, bad, empty), wanted=MAP.wanted())
    matching = match(sheet.headers, MAP)
    first, second, third = convert(sheet.rows, MAP, matching, now=NOW)
    assert first.problems == []
    assert first.values == {
        "number": "188006",
        "received": dt.datetime(2024, 1, 2, 3, 4, 5, tzinfo=SHANGHAI),
        "phone": "13800138000",
        "fine": 1250,
        "kind": "投诉",
        "count": 3,
        "repeat": False,
        "body": "甲\n乙",
        "due": dt.date(2024, 2, 1),
    }
    assert len(second.problems) == len(headers)
    assert second.problems[0].startswith("工单编号：")
    assert set(second.values.values()) == {None}
    assert third.problems[:2] == ["工单编号：没有填写", "受理时间：没有填写"]


def test_fields_without_a_column_are_left_out():
    matching = match(["编号"], MAP)
    (only,) = convert([Row(2, ("7",))], MAP, matching, now=NOW)
    assert only.values == {"number": "7"}
