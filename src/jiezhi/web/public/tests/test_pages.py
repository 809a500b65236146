"""公开页面：不用登录；只有公示中的；撤回的只有理由，撤下的说明；筛选不出错。"""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from jiezhi.base.publishing.models import Publication
from jiezhi.base.publishing.testing import Team, make_team

DAY = timedelta(days=1)


@pytest.fixture
def team(db: None) -> Team:
    found = make_team()
    found.now = timezone.now() - 20 * DAY
    return found


def words(client: Client, address: str, status: int = 200) -> str:
    found = client.get(address)
    assert found.status_code == status, address
    assert found["Cache-Control"].startswith("max-age=0") and "<script>" not in found.content.decode()
    return found.content.decode()


def test_nothing_published_says_so(client: Client, db: None) -> None:
    text = words(client, "/gongkai/")
    assert "现在没有公示" in text and "行政复议" in text and "更正或者撤回" in text


def test_only_what_is_published_is_seen(client: Client, team: Team) -> None:
    _, waiting = team.decided(decision_number="云街罚〔2026〕99号", subject="还没有公开的")
    assert "99号" not in words(client, "/gongkai/")
    _, minor = team.decided(decision_number="云街罚〔2026〕98号", subject="少年打架")
    team.ok(team.review(minor, minor=True))
    team.ok(team.act(minor, "withhold", reason="未成年人"))
    team.published()
    row = Publication.objects.get()
    listed, shown = words(client, "/gongkai/"), words(client, f"/gongkai/{row.pk}/")
    assert "张某占道经营" in listed and "云街罚〔2026〕12号" in listed
    assert (
        "罚款500元" in shown
        and "云桥街道办事处" in shown
        and f"{row.last_day.year}年{row.last_day.month}月{row.last_day.day}日" in shown
    )
    for secret in (
        "张三",
        "13800138000",
        "99号",
        "98号",
        "还没有公开",
        "少年",
        str(waiting.uid),
        "公审",
    ):
        assert secret not in listed + shown
    words(client, f"/gongkai/{row.pk + 1}/", 404)


def test_withdrawn_shows_the_reason_and_nothing_else(client: Client, team: Team) -> None:
    _, case = team.published()
    team.ok(team.act(case, "withdraw", withdraw_reason="原决定认定事实有误"))
    team.drain()
    row = Publication.objects.get()
    for address in ("/gongkai/", f"/gongkai/{row.pk}/"):
        text = words(client, address)
        assert "已撤回" in text or "已经撤回" in text
        assert "原决定认定事实有误" in text and "云街罚〔2026〕12号" in text
        for word in ("占道经营", "张某", "罚款500元"):
            assert word not in text
    assert "没有找到" in words(client, "/gongkai/?q=占道经营")


def test_expired_is_gone_and_says_so(client: Client, team: Team) -> None:
    team.published()
    row = Publication.objects.get()
    Publication.objects.update(expires_at=timezone.now() - DAY)  # 到期了，worker 还没有来撤
    text = words(client, f"/gongkai/{row.pk}/", 404)
    assert "公示期满，已经撤下" in text and "占道经营" not in text
    assert "现在没有公示" in words(client, "/gongkai/")
    assert "没有这条公示" in words(client, "/gongkai/999999/", 404)
    words(client, f"/gongkai/{10**30}/", 404)


def test_filters_stay_in_the_address(client: Client, team: Team) -> None:
    for number in range(23):
        team.published(decision_number=f"云街罚〔2026〕{number + 100}号")
    team.published(decision_number="云街罚〔2025〕1号", decided_on="2025-03-01")
    first = words(client, "/gongkai/?nian=2026&lanmu=行政处罚")
    assert "2025〕1号" not in first and "第 1 页" in first and "122号" in first and "100号" not in first
    assert "lanmu=%E8%A1%8C%E6%94%BF%E5%A4%84%E7%BD%9A&amp;nian=2026&amp;p=2" in first
    second = words(client, "/gongkai/?nian=2026&lanmu=行政处罚&p=2")
    assert "100号" in second and "122号" not in second and "上一页" in second and "下一页" not in second
    assert "2025〕1号" in words(client, "/gongkai/?nian=2025")
    assert "没有找到" in words(client, "/gongkai/?lanmu=行政许可")


@pytest.mark.parametrize(
    "query",
    ["nian=一", "nian=99999", "p=0", "p=-1", "p=9999", "q=%00", "q=%25_'", "lanmu=<b>", "nian=0001", "p=²"],
)
def test_odd_addresses_do_no_harm(client: Client, team: Team, query: str) -> None:
    team.published()
    assert "<b>" not in words(client, f"/gongkai/?{query}")


def test_nothing_can_be_posted(client: Client, db: None) -> None:
    assert client.post("/gongkai/").status_code == 405
