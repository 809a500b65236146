"""两个节点（各自的进程、库、钥匙）交换一天的件：外网收、内网办，街道移送、区里办；拷文件或直连。"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest

from jiezhi.connect.nodes.testing import Pair

HOUR = timedelta(hours=1)
DAY = timedelta(days=1)


@pytest.fixture(scope="module")
def fronts(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pair]:
    """外网节点和内网节点。"""
    sees = {"kind": "inside"}, {"kind": "outside", "opens": "report.snapshot"}
    pair = Pair(tmp_path_factory.mktemp("fronts"), "yunqiao-wai", "yunqiao-nei", *sees)
    yield pair
    pair.close()


def test_a_day_of_reports_across_the_gap(fronts: Pair) -> None:
    """外网收了一天的件，光盘带进内网，办了，结果带出来，居民评价、要求重办再带进去。"""
    outside, inside = fronts.left, fronts.right
    numbers = [outside.call("report", number=n, now=fronts.later(timedelta(minutes=7))) for n in range(1, 9)]
    assert numbers[0] == "WW2026000001"
    fronts.carry(outside, inside)
    mine = inside.call("cases", matter="report.snapshot")
    assert [one["fields"]["content"] for one in mine] == [f"第{n}处路灯不亮" for n in range(1, 9)]
    sent = outside.call("cases", matter="outside.report")
    assert [one["photos"] for one in mine] == [one["photos"] for one in sent], "照片一张不少，一个字节不差"
    assert {one["state"] for one in sent} == {"sending"}

    fronts.carry(inside, outside)
    sent = outside.call("cases", matter="outside.report")
    assert {one["state"] for one in sent} == {"received"}
    assert [one["fields"]["outside_number"] for one in sent] == [one["number"] for one in mine]

    fronts.later(HOUR)
    inside.call("handle", now=fronts.now, through="sign")
    fronts.carry(inside, outside)
    assert {one["state"] for one in outside.call("cases", matter="outside.report")} == {"handling"}
    fronts.later(HOUR)
    for one in inside.call("cases", matter="report.snapshot"):
        inside.call(
            "act",
            number=one["number"],
            action="answer",
            now=fronts.now,
            login="jingban",
            photo=900,
            reply="灯已经换好",
        )
        inside.call("act", number=one["number"], action="check", now=fronts.now, login="huifang")
    fronts.carry(inside, outside)
    sent = outside.call("cases", matter="outside.report")
    assert {one["state"] for one in sent} == {"answered"}
    assert sent[0]["fields"]["reply"] == "灯已经换好"
    assert (
        sent[0]["fields"]["news"] == "您反映的 WW2026000001 处理好了：灯已经换好 请评价；不满意可以要求重办。"
    )
    assert sent[0]["photos"] == mine[0]["photos"], "外网不存办理细节：处理后的照片不出来"

    fronts.later(HOUR)
    assert outside.call("act", number=numbers[0], action="rate", now=fronts.now, rating=5) == "closed"
    said = {"rating": 1, "rating_note": "第二天又不亮"}
    assert outside.call("act", number=numbers[1], action="unhappy", now=fronts.now, **said) == "handling"
    fronts.settle()
    mine = inside.call("cases", matter="report.snapshot")
    assert (mine[0]["state"], mine[0]["fields"]["rating"]) == ("closed", 5)
    assert (mine[1]["state"], mine[1]["fields"]["rating_note"]) == ("handling", "第二天又不亮")
    assert mine[1]["who"][-1] == "来件人"

    # 在内网办结之后才说要重办：没有办成，话带回来，两边对得上。
    fronts.later(8 * DAY)
    for one in mine[2:4]:
        inside.call("act", number=one["number"], action="rate", now=fronts.now, login="huifang", rating=4)
    assert outside.call("act", number=numbers[2], action="unhappy", now=fronts.now, **said) == "handling"
    fronts.settle()
    sent = outside.call("cases", matter="outside.report")
    assert sent[2]["state"] == sent[3]["state"] == "closed"
    assert sent[2]["fields"]["news"].startswith("您刚才提的这一项街道没有办成"), "缘由不给居民看"
    assert (
        outside.call("act", number=numbers[2], action="reopen", now=fronts.now, reason="还是不亮")
        == "sending"
    )
    fronts.settle()
    assert inside.call("cases", matter="report.snapshot")[2]["state"] == "new"
    assert outside.call("cases", matter="outside.report")[2]["state"] == "received"
    assert not inside.call("rejections") and not outside.call("rejections")


def test_a_week_apart_losing_repeating_and_reordering(fronts: Pair) -> None:
    """断开一周，每次带的都丢一些、重一些：什么也不丢，什么也不重。"""
    outside, inside = fronts.left, fronts.right
    had = len(inside.call("cases", matter="report.snapshot"))
    total = 0
    for _ in range(5):
        fronts.later(DAY)
        for _ in range(3):
            total += 1
            outside.call("report", number=1000 + total, now=fronts.now)
        fronts.carry(outside, inside, lose=0.6, times=2)
        inside.call("handle", now=fronts.now)
        fronts.carry(inside, outside, lose=0.6, times=2)
    fronts.settle()
    mine = inside.call("cases", matter="report.snapshot")[had:]
    assert sorted(one["fields"]["content"] for one in mine) == sorted(
        f"第{1000 + n}处路灯不亮" for n in range(1, total + 1)
    )
    inside.call("handle", now=fronts.later(HOUR))
    fronts.settle()
    sent = outside.call("cases", matter="outside.report")[-total:]
    assert {one["state"] for one in sent} == {"answered"}
    assert len({one["theirs"] for one in sent}) == total


def test_directly_over_http(fronts: Pair) -> None:
    """内网连外网：一边有地址就够；对方停了机，恢复之后补上。"""
    outside, inside = fronts.left, fronts.right
    port = outside.call("listen")
    real = datetime.now(UTC)  # 来取的小条看真的钟
    fronts.now = max(fronts.now, real)
    inside.call("change", code=outside.code, now=real, address=f"http://127.0.0.1:{port}/jiedian/")
    number = outside.call("report", number=5000, now=real)
    outside.call("work", now=real)
    done = inside.call("exchange", code=outside.code, now=real)
    assert done == {"sent": 0, "fetched": 1, "trouble": ""}
    inside.call("work", now=real)
    inside.call("handle", now=real)
    inside.call("work", now=real)
    done = inside.call("exchange", code=outside.code, now=real)
    assert (done["sent"], done["trouble"]) == (1, "")
    outside.call("work", now=real)
    last = outside.call("cases", matter="outside.report")[-1]
    assert (last["number"], last["state"]) == (number, "answered")
    inside.call("change", code=outside.code, now=real, address="http://127.0.0.1:9/jiedian/")
    assert "连不上" in inside.call("exchange", code=outside.code, now=real)["trouble"]
    assert "连不上" in inside.call("standing", code=outside.code)["trouble"]


@pytest.fixture(scope="module")
def levels(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pair]:
    """街道节点和区节点。"""
    sees = {"kind": "superior", "unit": "district"}, {"kind": "subordinate", "opens": "report.snapshot"}
    pair = Pair(tmp_path_factory.mktemp("levels"), "yunqiao", "xianan-qu", *sees)
    yield pair
    pair.close()


def test_the_street_refers_to_the_district(levels: Pair) -> None:
    """移送区级部门：件随包送去，区里办，答复作为区级部门的办理回到街道件；退回的也回来。"""
    street, district = levels.left, levels.right
    first, second = (
        street.call("report", number=n, now=levels.later(HOUR), matter="report.snapshot") for n in (1, 2)
    )
    for number in (first, second):
        state = street.call(
            "act", number=number, action="send_outside", now=levels.later(HOUR), login="fenbo",
            reason="市政路灯由区里管", to_unit="district",
        )  # fmt: skip
        assert state == "outside"
    levels.carry(street, district)
    theirs = district.call("cases", matter="report.snapshot")
    mine = street.call("cases", matter="report.snapshot")
    assert [one["theirs"] for one in theirs] == [first, second]
    assert [one["photos"] for one in theirs] == [one["photos"] for one in mine]
    assert theirs[0]["who"] == ["yunqiao"]
    assert not district.call("parties"), "没有写明要送的，来件人的姓名电话不送"

    district.call(
        "act",
        number=theirs[0]["number"],
        action="dispatch",
        now=levels.later(HOUR),
        login="fenbo",
        to_unit="law",
    )
    district.call("act", number=theirs[0]["number"], action="sign", now=levels.now, login="jingban")
    district.call(
        "act",
        number=theirs[0]["number"],
        action="answer",
        now=levels.now,
        login="jingban",
        photo=77,
        reply="区里已修好",
    )
    state = district.call(
        "act", number=theirs[0]["number"], action="check", now=levels.later(HOUR), login="huifang"
    )
    assert state == "answered"
    district.call(
        "act",
        number=theirs[1]["number"],
        action="refer",
        now=levels.now,
        login="fenbo",
        reason="属供电公司",
        refer_to="供电公司",
    )
    levels.settle()
    mine = street.call("cases", matter="report.snapshot")
    assert (mine[0]["state"], mine[0]["fields"]["reply"]) == ("answered", "区里已修好")
    assert mine[0]["fields"]["outside_number"] == theirs[0]["number"]
    assert mine[0]["who"][-1] == "区级部门" and len(mine[0]["photos"]) == 2, "区里处理后的照片随答复回来"
    assert (mine[1]["state"], mine[1]["unit"]) == ("new", None), "退回重派"
    assert mine[1]["steps"][-1] == "区级部门退回"


def test_without_a_node_everything_stays_as_before(levels: Pair) -> None:
    """移送到没有登记节点的单位：什么也不送，照旧由人登记结果。"""
    street, district = levels.left, levels.right
    before = len(district.call("cases", matter="report.snapshot"))
    number = street.call("report", number=9, now=levels.later(HOUR), matter="report.snapshot")
    street.call(
        "act",
        number=number,
        action="send_outside",
        now=levels.later(HOUR),
        login="fenbo",
        reason="归民政",
        to_unit="civil",
    )
    levels.settle()
    assert len(district.call("cases", matter="report.snapshot")) == before
    state = street.call(
        "act",
        number=number,
        action="outside_answer",
        now=levels.later(HOUR),
        login="fenbo",
        reply="对方来电话说办好了",
    )
    assert state == "answered"
