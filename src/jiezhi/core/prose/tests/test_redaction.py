"""去标识：公开的文字里没有自然人的姓名、号码、住址；法人名称、日期、文号、金额照登。"""

from __future__ import annotations

import re
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st
from stdnum.cn import ric, uscc

from jiezhi.core.prose.redaction import HIDDEN, _Swap, is_organisation, leaks, minor_on, redact, subjects

RIC = "110105199001011234"[:17] + ric.calc_check_digit("11010519900101123" + "0")
USCC = "9135021100" + "M000100" + uscc.calc_check_digit("9135021100M000100")
ZHANG = {"name": "张三", "identifier": RIC, "phone": "13800138000", "address": "云桥路12号桃园小区3栋201室"}
SHOP = {
    "name": "云桥区好味餐饮店",
    "identifier": USCC,
    "identifier_kind": "统一社会信用代码",
    "phone": "0755-25551234",
}


def test_names_keep_the_surname_only() -> None:
    people = [
        {"name": "张三"},
        {"name": "张小四"},
        {"name": "欧阳小明"},
        {"name": "李 雷"},
        SHOP,
        {"name": "张三"},
    ]
    assert [one.shown for one in subjects(people)] == [
        "张某1", "张某2", "欧阳某", "李某", "云桥区好味餐饮店", "张某1",
    ]  # fmt: skip
    assert subjects([{"name": "欧阳"}])[0].shown == "欧某"


@pytest.mark.parametrize(
    ("party", "organisation"),
    [
        ({"name": "张三"}, False),
        ({"name": "王站"}, False),
        ({"name": "某市某某有限公司"}, True),
        ({"name": "李雷", "kind": "个体工商户"}, True),
        ({"name": "好味餐饮店", "identifier": RIC}, False),
        ({"name": "阿里木", "identifier": USCC}, True),
        # 身份证、信用代码两种校验都对的号码
        ({"name": "一丁", "identifier": "272939200007093354"}, False),
        ({"name": "东桥加油站"}, True),
        ({"name": "", "phone": "1"}, False),
    ],
)
def test_who_is_an_organisation(party: dict[str, str], organisation: bool) -> None:
    assert is_organisation(party) is organisation


def test_a_decision_is_readable_after_redaction() -> None:
    text = (
        f"2026年8月1日，张三（身份证{RIC}，电话138-0013-8000）在云桥路12号桃园小区3栋201室门前占道经营，"
        "张 三承认。车辆粤B·12345停在旁边。依据《条例》第二十二条，处罚款5000元。云街罚〔2026〕12号，2026-08-02。"
    )
    found = redact(text, [ZHANG])
    assert "张某（身份证***，电话***）" in found and "张某承认" in found and "车辆***停" in found
    assert "处罚款5000元。云街罚〔2026〕12号，2026-08-02。" in found and "第二十二条" in found
    for secret in ("张三", RIC, "8000", "桃园小区3栋", "201室", "12号桃园", "粤B"):
        assert secret not in found
    assert leaks(found, [ZHANG]) == []


def test_organisations_keep_name_and_code_but_not_the_phone() -> None:
    text = f"{SHOP['name']}（统一社会信用代码{USCC}，电话075525551234）"
    assert redact(text, [SHOP]) == f"{SHOP['name']}（统一社会信用代码{USCC}，电话***）"


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ("张 三说", "当事人姓名"),
        ("住云桥路12号桃园小区3栋201室", "当事人的号码或住址"),
        ("证号４４０３０１１９９００１０１１２３Ｘ", "证件号"),
        ("尾号6222 0212 3456 7890 123", "证件号"),
        ("卡号6222 0212 3456 78", "银行卡号或电话"),
        ("打１３９ ００００ １１１１", "电话"),
        ("打0755-12345678", "电话"),
        ("写信 a.b@example.com", "电子邮箱"),
        ("粤B D12345停在路边", "车牌"),
        ("学号20260817", "一长串号码"),
        ("住3栋2单元", "门牌室号"),
        ("东桥街一百二十号之一", "门牌室号"),
    ],
)
def test_what_slipped_through_is_named_without_repeating_it(text: str, what: str) -> None:
    (first, *_) = leaks(text, [ZHANG])
    assert what in first and re.match(r"第 \d+ 字起", first)
    assert leaks(redact(text, [ZHANG]), [ZHANG]) == []


@pytest.mark.parametrize(
    "text", ["", "罚款1000000元", "第12号令", "2026-08-01至2026-08-09", "云街罚〔2026〕100号", "五个工作日"]
)
def test_what_is_not_personal_stays(text: str) -> None:
    assert redact(text, [ZHANG]) == text and leaks(text, [ZHANG]) == []


CJK = st.characters(min_codepoint=0x4E00, max_codepoint=0x9FA5, exclude_characters="某")
NAMES = st.text(CJK, min_size=2, max_size=4)
PHONES = st.from_regex(r"1[3-9][0-9]{9}", fullmatch=True)
TEXT = st.text(
    st.one_of(CJK, st.sampled_from(" ，。：0123456789-（）〔〕号路栋室元年月日ABXx张三\n")), max_size=60
)


@st.composite
def identifiers(draw: st.DrawFn) -> str:
    born = draw(st.dates(date(1920, 1, 1), date(2020, 12, 31)))
    stem = f"{draw(st.integers(110000, 659999))}{born:%Y%m%d}{draw(st.integers(0, 999)):03}"
    return stem + ric.calc_check_digit(stem + "0")


@given(
    st.lists(
        st.fixed_dictionaries({"name": NAMES, "identifier": identifiers(), "phone": PHONES}), max_size=4
    ),
    st.data(),
)
def test_nothing_given_survives_anywhere(people: list[dict[str, str]], data: st.DataObject) -> None:
    """任意文字里任意插入当事人的姓名、证件号、电话（还有不相干的人的号码），输出里都没有。"""
    stranger = [data.draw(identifiers()), data.draw(PHONES)]
    secrets = [value for one in people for value in one.values()] + stranger
    pieces = data.draw(st.lists(st.one_of(TEXT, st.sampled_from(secrets)), max_size=12))
    found = redact("".join(pieces), people)
    assert [value for value in secrets if value in found] == []
    assert leaks(found, people) == []
    assert redact(found, people) == found


@given(
    TEXT,
    st.lists(
        st.fixed_dictionaries(
            {}, optional=dict.fromkeys(("name", "identifier", "phone", "address", "account", "kind"), TEXT)
        ),
        max_size=3,
    ),
)
def test_never_fails_and_settles(text: str, people: list[dict[str, str]]) -> None:
    found = redact(text, people)
    assert redact(found, people) == found


@pytest.mark.parametrize("name", ["某", "某某", "张某", "张", "*", "某张"])
def test_names_that_look_like_labels_do_not_grow(name: str) -> None:
    people = [{"name": name}, {"name": "张三"}]
    found = redact(f"{name}与张三、张张{name}某张", people)
    assert len(found) < 60 and "张三" not in found
    assert redact(found, people) == found


def test_minors_are_told_by_the_number() -> None:
    def born(day: str) -> dict[str, str]:
        stem = f"110105{day}123"
        return {"name": "小明", "identifier": stem + ric.calc_check_digit(stem + "0")}

    on = date(2026, 8, 1)
    assert minor_on([ZHANG, born("20080802")], on)
    assert minor_on([born("20080801")], on), "生日当天仍当未成年"
    assert not minor_on([born("20080731")], on)
    assert not minor_on([{"name": "小明"}, SHOP, {"name": "小明", "identifier": "护照E1234"}], on)


@given(
    st.lists(st.text("王小明某ßſKK－-·•① 1１aAｂB", min_size=1, max_size=4), min_size=1, max_size=3),
    st.data(),
)
def test_the_rough_look_never_misses(values: list[str], data: st.DataObject) -> None:
    """先粗看一遍，说没有的一定没有：与编好样式逐处找的结果一样。"""
    ways = (str, str.upper, str.lower, lambda one: f"{one} ", lambda one: f"{one}-", lambda one: f"·{one}")
    words = data.draw(st.lists(st.sampled_from([char for value in values for char in value] + ["路", "-"])))
    text = "".join(
        data.draw(st.sampled_from(ways))(one) for one in [*words, *data.draw(st.sampled_from(values))]
    )
    swap = _Swap(dict.fromkeys(values, HIDDEN))
    if any(value.strip() for value in values):
        exact = swap._pattern.search(text)
        assert swap._possible(text) or exact is None
        assert (swap.find(text) is None) == (exact is None)
