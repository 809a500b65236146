"""可能重复的件：近、新、说同一件事；远的、旧的、办结的、说别的事的都不是。"""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection

from jiezhi.base.casework import actions as door
from jiezhi.base.casework import queries as casework
from jiezhi.base.casework.models import Case, EvidenceFile
from jiezhi.base.casework.testing import START
from jiezhi.services.dispatch.duplicates import DUPLICATE_SCORE, RADIUS, near_duplicates
from jiezhi.services.dispatch.tests.town import NOISE, Street
from jiezhi.services.dispatch.words import similarity

DAY = timedelta(days=1)
METRE = 1 / 111195
HERE = {"lon": "114.0050000", "lat": "22.5050000"}
BARBECUE = "楼下烧烤档每天搞到凌晨两点，划拳唱歌，家里有高三考生，实在受不了了"
AGAIN = "烧烤店半夜还在喊麦划拳，报过一次没人管，今晚又来了"
RUBBISH = "巷口的垃圾桶三天没清了，臭气熏天，老鼠大白天跑"


def north(metres: float) -> dict[str, str]:
    return {"lon": HERE["lon"], "lat": f"{22.505 + metres * METRE:.7f}"}


def find(text: str, spot: dict[str, str] | None = None, **more: Any) -> list[Any]:
    return near_duplicates(
        "test.report", HERE if spot is None else spot, more.pop("at", START + DAY), text, **more
    )


def test_same_thing_nearby_is_found_with_what_a_person_needs_to_judge(street: Street) -> None:
    digest = "ab" * 32
    EvidenceFile.objects.create(
        digest=digest, name="档口.jpg", mime="image/jpeg", kind="photo", size=9, uploaded_at=START
    )
    first = street.report("夜宵档扰民", content=BARBECUE, spot=north(40), photos=[digest])
    street.report("垃圾没人收", content=RUBBISH, spot=north(10))
    (found,) = find(AGAIN)
    assert found.case.number == first.number and found.score >= DUPLICATE_SCORE
    assert found.metres == pytest.approx(40, abs=1) and found.hours == 24
    assert BARBECUE in found.description and found.photos == (digest,)
    assert "相距约 40 米" in found.because and "24 小时前" in found.because


def test_same_words_far_away_are_another_matter(street: Street) -> None:
    street.report("夜宵档扰民", content=BARBECUE, spot=north(RADIUS + 10))
    street.report("夜宵档扰民", content=BARBECUE, spot={"lon": "114.0249", "lat": "22.5249"})
    assert find(BARBECUE) == []


def test_same_person_far_away_is_another_matter_too(street: Street) -> None:
    caller = {"name": "田阿姨", "phone": "13800000001"}
    street.report("夜宵档扰民", content=BARBECUE, spot=north(2000), reporter=caller)
    assert find(BARBECUE, reporter=caller) == []
    # 没有说在哪里的，本人、同样的话，才算
    street.report("夜宵档扰民", content=BARBECUE, reporter=caller)
    (found,) = find(BARBECUE, reporter=caller)
    assert found.metres is None and "同一来件人" in found.because
    assert find(BARBECUE, reporter={"phone": "13800000009"}) == []


def test_old_closed_later_and_own_case_are_left_out(street: Street) -> None:
    old = street.report("夜宵档扰民", content=BARBECUE, spot=HERE)
    assert find(BARBECUE, at=START + 61 * DAY) == []
    assert find(BARBECUE, at=START - DAY) == []
    assert find(BARBECUE, exclude=old.uid) == []
    assert len(find(BARBECUE, at=START + 59 * DAY)) == 1
    master = street.report("夜宵档", content="另一件", spot=north(900))
    assert door.merge(master.uid, [old.uid], acting_officer=street.office.dispatcher, reason="试", now=START)[
        0
    ].ok
    assert find(BARBECUE) == []


def test_nearer_newer_and_more_alike_come_first(street: Street) -> None:
    far = street.report("夜宵档扰民", content=BARBECUE, spot=north(140))
    near = street.report("夜宵档扰民", content=BARBECUE, spot=north(5))
    vague = street.report("烧烤扰民", content="烧烤档太吵", spot=north(5))
    assert [one.case.number for one in find(BARBECUE)] == [near.number, far.number, vague.number]
    assert len(find(BARBECUE, limit=1)) == 1
    late = street.report("夜宵档扰民", content=BARBECUE, spot=north(5), now=START + 20 * DAY)
    assert find(BARBECUE, at=START + 21 * DAY)[0].case.number == late.number


def test_without_coordinates_the_area_and_doorplate_count(street: Street) -> None:
    spot = {"address": "河畔路99号"}
    first = street.report("夜宵档扰民", content=BARBECUE, spot=spot)
    path = Case.objects.get(uid=first.uid).area_path
    Case.objects.filter(uid=first.uid).update(lon=None, lat=None, cell=None)
    (found,) = find(AGAIN, {}, area_path=path)
    assert found.metres is None and "同一片区域" in found.because
    assert find(AGAIN, {}, area_path="/990101001/002/") == []
    (mixed,) = find(AGAIN, HERE, area_path=path)  # 本件有坐标、先来的没有
    assert mixed.case.number == first.number
    door_one = street.report("夜宵档扰民", content=BARBECUE, spot={"doorplate": "990101500017"})
    path = Case.objects.get(uid=door_one.uid).area_path
    (best, *_) = find(AGAIN, {**HERE, "doorplate": "990101500017"}, area_path=path)
    assert best.case.number == door_one.number and "同一门牌" in best.because


def test_shared_address_does_not_make_two_things_alike(street: Street) -> None:
    spot = {**HERE, "address": "河畔路12号河畔花园"}
    street.report("垃圾", content="河畔路12号河畔花园的垃圾桶三天没清了", spot=spot)
    assert find("河畔路12号河畔花园的路灯晚上不亮", spot) == []


def test_same_category_counts_only_where_both_are_known_to_be_in_one_place(street: Street) -> None:
    first = street.report("空调外机太吵", content="隔壁饭店的空调外机整夜轰鸣", spot=HERE, category=NOISE)
    street.report("摊档太吵", content=BARBECUE, spot=HERE, category=NOISE)
    drill = "装修工人中午用电钻，午睡都不成"
    assert len(find(drill, category=NOISE)) == 2  # 就在这里、同一类：说法不同也列出来给人看
    rows = Case.objects.filter(uid=first.uid)
    path = rows.get().area_path
    Case.objects.update(lon=None, lat=None, cell=None)
    assert find(drill, {}, area_path=path, category=NOISE) == []
    (alike,) = find(AGAIN, {}, area_path=path, category=NOISE)  # 说的是一件事的照样找得到
    assert alike.case.title == "摊档太吵" and "类别相同" in alike.because


def test_confidential_cases_stay_hidden(street: Street) -> None:
    first = street.report("夜宵档扰民", content=BARBECUE, spot=HERE)
    Case.objects.filter(uid=first.uid).update(confidential=True)
    assert find(BARBECUE) == []


def test_only_what_the_officer_may_see(street: Street) -> None:
    street.report("夜宵档扰民", content=BARBECUE, spot=HERE)
    assert find(BARBECUE, within=casework.visible(street.office.stranger)) == []
    assert len(find(BARBECUE, within=casework.visible(street.office.dispatcher))) == 1


def test_at_most_two_indexed_queries(street: Street, django_assert_num_queries: Callable[..., Any]) -> None:
    for number in range(8):
        street.report(f"夜宵档扰民 {number}", content=BARBECUE, spot=north(number * 10))
    caller = {"name": "田阿姨", "phone": "13800000001"}
    with django_assert_num_queries(2) as taken:
        assert len(find(AGAIN, area_path="/990101001/001/001/", reporter=caller)) == 5
    # PostgreSQL 对几行的小表总是整表扫，看不出用不用索引，这一段只在 SQLite 上有意义。
    for query in taken.captured_queries if connection.vendor == "sqlite" else ():
        with connection.cursor() as cursor:
            cursor.execute("EXPLAIN QUERY PLAN " + query["sql"])
            steps = [str(step[-1]) for step in cursor.fetchall()]
        used = [step for step in steps if "casework_case" in step]
        assert used and all(step.startswith("SEARCH") for step in used), steps
        assert not any("(matter=?)" in step or "opened_at" in step for step in used), steps
    with django_assert_num_queries(2):
        find(AGAIN)
    with django_assert_num_queries(1):
        assert find(AGAIN, {"lon": "114.02", "lat": "22.52"}) == []
    with django_assert_num_queries(0):
        assert find(AGAIN, {}) == []


def test_similarity_is_symmetric_and_bounded() -> None:
    texts = [BARBECUE, AGAIN, RUBBISH, "", "烧烤", "abc 123"]
    for one in texts:
        for other in texts:
            assert similarity(one, other) == similarity(other, one)
            assert 0 <= similarity(one, other) <= 1
    assert similarity(BARBECUE, BARBECUE) == 1
    assert similarity(BARBECUE, AGAIN) > 3 * similarity(BARBECUE, RUBBISH)
