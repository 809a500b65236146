"""取值：每种写法认得出，认不出的说清楚。"""

from __future__ import annotations

import datetime as dt

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from jiezhi.connect.excel.errors import ValueProblem
from jiezhi.connect.excel.moments import SHANGHAI, as_date, as_datetime
from jiezhi.connect.excel.values import (
    as_bool,
    as_choice,
    as_int,
    as_money_fen,
    as_number_text,
    as_phone,
    as_text,
)

NOW = dt.datetime(2026, 11, 22, 9, tzinfo=SHANGHAI)
BLANKS = [None, "", "  ", "\t\r\n", "\ufeff", "\u200b "]


def refused(call, value, *arguments, **options) -> str:
    with pytest.raises(ValueProblem) as caught:
        call(value, *arguments, **options)
    return str(caught.value)


@pytest.mark.parametrize("call", [as_text, as_number_text, as_datetime, as_date, as_money_fen, as_phone])
@pytest.mark.parametrize("value", BLANKS)
def test_blank_is_none(call, value):
    assert call(value) is None


@pytest.mark.parametrize("value", BLANKS)
def test_blank_is_none_elsewhere(value):
    assert as_bool(value) is None
    assert as_int(value) is None
    assert as_choice(value, ["甲"]) is None


def test_text():
    assert as_text("\t路灯\n不亮_x000D_\ufeff ") == "路灯 不亮"
    assert as_text("甲\r\n乙\t丙", lines=True) == "甲\n乙 丙"
    assert as_text(188006.0) == "188006"
    assert as_text(True) == "是"
    assert "最多 2 个字" in refused(as_text, "路灯不亮", max_length=2)


@pytest.mark.parametrize(
    ("value", "expected"),
    [(188006.0, "188006"), (7, "7"), ("00123", "00123"), ("'0012", "0012"), ("188006.0", "188006"),
     ("\uff11\uff12\uff13\u3000", "123"), ("\t44030119800101001X", "44030119800101001X"),
     (999999999999999.0, "999999999999999")],
)  # fmt: skip
def test_number_text(value, expected):
    assert as_number_text(value) == expected


def test_number_text_refuses_what_excel_has_destroyed():
    for value in (440301198001010010.0, 440301198001010010, "4.4030E+17", "4.4030119800101E+17", 1e15):
        assert "已丢失精度，请把该列设为文本后重新导出" in refused(as_number_text, value)
    assert "小数" in refused(as_number_text, 12.5)
    assert "开头的 0" in refused(as_number_text, 123.0, length=6)
    assert "应为 18 位" in refused(as_number_text, "4403", length=18)
    assert "日期" in refused(as_number_text, dt.date(2020, 1, 1))


@given(st.integers(min_value=0, max_value=10**15 - 1))
@settings(max_examples=60)
def test_identifiers_survive_being_numbers(number):
    assert as_number_text(float(number)) == str(number)


FULL = dt.datetime(2019, 2, 28, 11, 25, 5, tzinfo=SHANGHAI)
DAY = dt.datetime(2019, 2, 28, tzinfo=SHANGHAI)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("2019/2/28 11:25:05", FULL),
        ("\t2019-02-28 11:25:05.0 ", FULL),
        ("2019-02-28T11:25:05", FULL),
        ("2019-02-28T11:25:05+08:00", FULL),
        ("2019-02-28T03:25:05Z", FULL),
        ("2019年2月28日11时25分05秒", FULL),
        ("20190228112505", FULL),
        (43524.47575231481, FULL),
        ("43524.47575231481", FULL),
        (dt.datetime(2019, 2, 28, 11, 25, 4, 999_999), FULL),
        ("2019-2-28", DAY),
        ("2019.2.28", DAY),
        ("2019年2月28日", DAY),
        ("2019年2月28日 星期四", DAY),
        ("20190228", DAY),
        (20190228, DAY),
        (20190228.0, DAY),
        (43524, DAY),
        (dt.date(2019, 2, 28), DAY),
        ("2019年2月28日 上午9时", DAY.replace(hour=9)),
        ("2019年2月28日 下午3时半", DAY.replace(hour=15, minute=30)),
        ("2019-2-28 下午15:20", DAY.replace(hour=15, minute=20)),
        ("2019/2/28 3:20:00 PM", DAY.replace(hour=15, minute=20)),
        ("2019/2/28 12:20 AM", DAY.replace(minute=20)),
        ("2019-2-28 下午12:10", DAY.replace(hour=12, minute=10)),
        ("2019\uff0f2\uff0f28\u300011\uff1a25", DAY.replace(hour=11, minute=25)),
        ("2019-2-28 11:25", DAY.replace(hour=11, minute=25)),
    ],
)
def test_moments(value, expected):
    got = as_datetime(value, now=NOW)
    assert got == expected
    assert got.utcoffset() == dt.timedelta(hours=8)


@pytest.mark.parametrize(
    ("value", "words"),
    [
        ("19/2/28", "两位"),
        ("19年2月28日", "两位"),
        ("2019-2-30", "不是存在的日期"),
        ("2019-13-1", "不是存在的日期"),
        ("20190230", "不是存在的日期"),
        ("2019-2-28 25:00", "不是存在的日期"),
        ("2019-2-28 24:00", "次日"),
        ("2/28/2019", "分不清月和日"),
        ("2019-2-28 晚上12点", "24 小时制"),
        ("2019-2-28 上午13点", "24 小时制"),
        ("上个月底", "不是日期"),
        (3.5, "不是日期"),
        (True, "没有日期"),
        (dt.time(9, 30), "没有日期"),
        ("2062-1-1", "很久以后"),
        (dt.datetime(1899, 12, 31), "过早"),
    ],
)
def test_moments_refused(value, words):
    assert words in refused(as_datetime, value, now=NOW)


def test_moment_bounds_and_epochs():
    assert as_datetime("2027-11-01", now=NOW) is not None
    assert "很久以后" in refused(as_datetime, "2026-11-24", now=NOW, ahead_days=1)
    assert "很久以后" in refused(as_datetime, "2101-01-01")
    assert as_datetime(43524 - 1462, epoch_1904=True) == DAY
    assert as_date("2019/2/28 23:59") == dt.date(2019, 2, 28)


@given(st.datetimes(dt.datetime(1930, 1, 1), dt.datetime(2099, 1, 1)))
@settings(max_examples=60)
def test_any_written_moment_reads_back(moment):
    moment = moment.replace(microsecond=0)
    for shape in ("%Y-%m-%d %H:%M:%S", "%Y/%m/%d %H:%M:%S", "%Y年%m月%d日%H时%M分%S秒", "%Y%m%d%H%M%S"):
        assert as_datetime(moment.strftime(shape)).replace(tzinfo=None) == moment
    serial = (moment - dt.datetime(1899, 12, 30)) / dt.timedelta(days=1)
    assert as_datetime(serial).replace(tzinfo=None) == moment


@pytest.mark.parametrize(
    ("value", "fen"),
    [(12, 1200), (0.1 + 0.2, 30), (1234.5, 123450), ("1,234.50元", 123450), ("\u00a5100", 10000),
     ("\uffe5100", 10000), ("1.2万元", 1200000), (0, 0), ("\uff11\uff0e\uff15", 150)],
)  # fmt: skip
def test_money(value, fen):
    assert as_money_fen(value) == fen


def test_money_refused_and_units():
    assert as_money_fen(1.5, unit="万元") == 1_500_000
    assert as_money_fen("15元", unit="万元") == 1500
    assert as_money_fen(-3, negative=True) == -300
    assert "两位小数" in refused(as_money_fen, 1.005)
    assert "负数" in refused(as_money_fen, -3)
    for value in ("壹佰元", "1,23元", "约100", True, dt.date(2020, 1, 1), float("nan"), float("inf")):
        assert "金额" in refused(as_money_fen, value)


@given(st.integers(min_value=0, max_value=10**11))
@settings(max_examples=60)
def test_money_keeps_every_fen(fen):
    assert as_money_fen(f"{fen // 100}.{fen % 100:02d}") == fen
    assert as_money_fen(fen / 100) == fen


def test_choice():
    assert as_choice(" 投 诉", ["投诉", "咨询"]) == "投诉"
    assert as_choice("举报", {"投诉": "complaint", "举报": "complaint"}) == "complaint"
    said = refused(as_choice, "投诉类", ["投诉", "咨询"])
    assert "是不是“投诉”" in said and "可填：投诉、咨询" in said


@pytest.mark.parametrize(
    ("value", "expected"),
    [("13800138000", "13800138000"), ("+86 138-0013-8000", "13800138000"), (13800138000.0, "13800138000"),
     ("0571-87654321", "057187654321"), ("(0571)87654321转12", "057187654321转12"), ("87654321", "87654321"),
     ("12345", "12345"), ("\uff11\uff13800138000", "13800138000"), ("4008001234", "4008001234")],
)  # fmt: skip
def test_phone(value, expected):
    assert as_phone(value) == expected


def test_phone_refused():
    assert "几个号码" in refused(as_phone, "13800138000、13900139000")
    assert "几个号码" in refused(as_phone, "13800138000\uff0c057187654321")
    for value in ("1380013800", "无", "138001380001", "23800138000"):
        assert "不是有效的电话号码" in refused(as_phone, value)
    assert "丢失精度" in refused(as_phone, "1.38E+10")


def test_bool_and_int():
    assert [as_bool(v) for v in ("是", "有", "√", "Y", 1.0, True)] == [True] * 6
    assert [as_bool(v) for v in ("否", "无", "×", "n", 0, False)] == [False] * 6
    assert "看不出" in refused(as_bool, "也许")
    assert as_int("1,200") == 1200
    assert as_int(5.0) == 5
    for value in (5.5, "五", True, "1e5"):
        assert "整数" in refused(as_int, value)
    assert "不小于 0" in refused(as_int, -1)
    assert "1 到 3" in refused(as_int, 9, low=1, high=3)
