"""热点归并。"""

from datetime import timedelta

import pytest

from jiezhi.base.casework.models import Case
from jiezhi.base.casework.testing import START
from jiezhi.services.dispatch.issues import MAX_DAYS_APART, Message, group_by_issue
from jiezhi.services.dispatch.tests.town import Street

DAY = timedelta(days=1)
BARBECUE = [
    ("云桥广场烧烤店深夜扰民", "云桥广场楼下烧烤店每天营业到凌晨，油烟和噪音让人没法睡"),
    ("投诉云桥广场烧烤店", "烧烤店油烟噪音扰民，地点在云桥广场"),
    ("烧烤店油烟扰民何时解决", "云桥广场的烧烤店油烟呛人，凌晨还在营业"),
]
OTHERS = [
    ("幼儿园收费不合理", "孩子上的幼儿园临时加收延时费，没有发票"),
    ("公交线路调整", "六十三路公交车改道以后老人看病不方便"),
    ("小区电梯经常停", "物业不修电梯，维修基金的账也不公布"),
    ("拖欠工资", "包工头拖欠工人三个月工资，电话不接"),
    ("河水发白", "小河里漂着死鱼，怀疑上游工厂偷排"),
]


def messages(
    rows: list[tuple[str, str]], stem: str = "m", step: timedelta = DAY, **more: float
) -> list[Message]:
    return [
        Message(f"{stem}{i}", title, text, START + i * step, **more) for i, (title, text) in enumerate(rows)
    ]


def test_same_issue_is_gathered_and_others_stay_apart() -> None:
    (issue,) = group_by_issue([*messages(BARBECUE), *messages(OTHERS, "o")])
    assert issue.keys == ("m0", "m1", "m2") and issue.size == 3
    assert (issue.first, issue.last) == (START, START + 2 * DAY)
    assert issue.titles[0] == BARBECUE[0][0] and {"烧烤", "油烟"} <= set(issue.words)


def test_two_places_with_the_same_words_are_two_issues() -> None:
    here = messages(BARBECUE, "a", lon=114.005, lat=22.505)
    there = messages(BARBECUE, "b", lon=114.025, lat=22.505)
    found = group_by_issue([*here, *there, *messages(OTHERS, "o")])
    assert sorted(one.keys for one in found) == [("a0", "a1", "a2"), ("b0", "b1", "b2")]


def test_long_ago_is_another_issue() -> None:
    rows = [BARBECUE[0], BARBECUE[0]]
    apart = messages(rows, step=timedelta(days=MAX_DAYS_APART + 1))
    assert group_by_issue([*apart, *messages(OTHERS, "o")]) == []
    near = messages(rows, step=timedelta(days=MAX_DAYS_APART - 1))
    assert len(group_by_issue([*near, *messages(OTHERS, "o")])) == 1


def test_newer_and_bigger_is_hotter() -> None:
    noise = messages(BARBECUE)
    wages = [
        Message(f"w{i}", "工地拖欠工资", "城西工地拖欠农民工工资三个月，工头失联", START - 60 * DAY)
        for i in range(3)
    ]
    found = group_by_issue([*wages, *noise, *messages(OTHERS[:3], "o")], now=START + 2 * DAY)
    assert [one.keys[0] for one in found] == ["m0", "w0"]
    assert found[0].heat == pytest.approx(0.5 ** (2 / 7) + 0.5 ** (1 / 7) + 1, abs=0.01)
    assert found[1].heat < 0.1


def test_order_of_input_does_not_matter_for_who_belongs_together() -> None:
    rows = [*messages(BARBECUE), *messages(OTHERS, "o")]
    assert group_by_issue(rows) == group_by_issue(rows[::-1])


def test_nothing_and_too_few() -> None:
    assert group_by_issue([]) == []
    assert group_by_issue(messages(BARBECUE[:1])) == []
    assert group_by_issue([*messages(BARBECUE), *messages(OTHERS, "o")], least=4) == []


def test_cases_are_grouped_as_they_are(street: Street) -> None:
    for title, text in [*BARBECUE, *OTHERS]:
        street.report(title, content=text)
    (issue,) = group_by_issue(Case.objects.all())
    assert issue.size == 3 and set(issue.titles) == {title for title, _ in BARBECUE}
