"""Reading and writing periods."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jiezhi.core.calendar import Annual, Duration, Unit, parse_duration


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("5个工作日", Duration(5, Unit.WORKDAY)),
        ("5工作日", Duration(5, Unit.WORKDAY)),
        ("90日", Duration(90, Unit.DAY)),
        ("90天", Duration(90, Unit.DAY)),
        ("24小时", Duration(24, Unit.HOUR)),
        ("4个工作小时", Duration(4, Unit.WORK_HOUR)),
        ("3个月", Duration(3, Unit.MONTH)),
        ("2年", Duration(2, Unit.YEAR)),
        (" 90日\n", Duration(90, Unit.DAY)),
        ("每年1月31日", Annual(1, 31)),
        ("每年十二月三十一日", Annual(12, 31)),
        ("每年2月29日", Annual(2, 29)),
        ("十日", Duration(10, Unit.DAY)),
        ("十五日", Duration(15, Unit.DAY)),
        ("三十日", Duration(30, Unit.DAY)),
        ("两个月", Duration(2, Unit.MONTH)),
        ("三个月", Duration(3, Unit.MONTH)),
        ("二十四小时", Duration(24, Unit.HOUR)),
        ("七个工作日", Duration(7, Unit.WORKDAY)),
        ("一百二十日", Duration(120, Unit.DAY)),
        ("一百零五日", Duration(105, Unit.DAY)),
        ("三百六十五日", Duration(365, Unit.DAY)),
    ],
)
def test_reads_what_the_law_writes(text: str, expected: Duration | Annual) -> None:
    assert parse_duration(text) == expected


@pytest.mark.parametrize(
    "text",
    [
        "",
        "5",
        "日",
        "3月",
        "5个日",
        "2个年",
        "半年",
        "5 days",
        "-5日",
        "5.5日",
        "5日内",
        "一百二日",
        "零五日",
        "十十日",
        "每年1月",
        "每年第1月1日",
    ],
)
def test_refuses_everything_else_with_examples(text: str) -> None:
    with pytest.raises(ValueError, match="请照这样写：5个工作日"):
        parse_duration(text)


@pytest.mark.parametrize("text", ["0日", "10000日", "101年"])
def test_refuses_numbers_out_of_range(text: str) -> None:
    with pytest.raises(ValueError, match="数要在1到"):
        parse_duration(text)


@pytest.mark.parametrize("text", ["每年2月30日", "每年13月1日", "每年4月31日", "每年1月0日"])
def test_refuses_dates_that_do_not_exist(text: str) -> None:
    with pytest.raises(ValueError, match="没有.*这一天"):
        parse_duration(text)


@given(st.builds(Duration, st.integers(1, 100), st.sampled_from(Unit)))
def test_writes_as_it_reads(duration: Duration) -> None:
    assert parse_duration(str(duration)) == duration


def test_writes_as_the_law_does() -> None:
    assert [str(Duration(3, unit)) for unit in Unit] == [
        "3小时",
        "3个工作小时",
        "3日",
        "3个工作日",
        "3个月",
        "3年",
    ]
    assert str(parse_duration("每年一月三十一日")) == "每年1月31日"
