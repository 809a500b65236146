"""小街道的一年：每一种业务都有，每一种情形都真的出现，办理记录重放全部相符。"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from datetime import date, datetime
from pathlib import Path
from typing import Any

import pytest
from django.db import transaction

from jiezhi.base.casework import matters
from jiezhi.base.casework.integrity import verify_database
from jiezhi.base.casework.models import Case, Checkpoint, Delivery, Event, MatterVersion, Notice
from jiezhi.core.calendar import CHINA
from jiezhi.demo.year.plan import LEAST
from jiezhi.demo.year.run import Made, YearRefused, checked, make_year
from jiezhi.demo.year.summary import SITUATIONS
from jiezhi.web.office.testing import publish_packs

pytestmark = pytest.mark.django_db  # 都要库，才不会被拆到两处、把这一年建两遍
LAST = date(2026, 8, 31)
ELSEWHERE = "外网收件"
"""装在外网节点上的业务，街道的库里没有。"""


@pytest.fixture(scope="module")
def made(django_db_setup: None, django_db_blocker: Any) -> Iterator[Made]:
    with django_db_blocker.unblock(), transaction.atomic():
        publish_packs(datetime(2025, 6, 1, tzinfo=CHINA))
        yield make_year(cases=LEAST + 60, seed=7, until=LAST, now=datetime(2026, 9, 9, tzinfo=CHINA))
        transaction.set_rollback(True)


@pytest.fixture
def folder(settings: Any) -> None:
    """材料在建的时候的那个目录里，不是这个测试自己的。"""
    settings.FILES_DIR = Path(settings.HOME) / "files"


def test_every_story_went_as_told(made: Made) -> None:
    assert made.stuck == ()
    assert made.summary.cases > LEAST + 60, "还有随之开立的"


def test_every_matter_has_cases(made: Made) -> None:
    wanted = {
        row.matter
        for row in MatterVersion.objects.filter(is_current=True)
        if matters.definition_of(row).matter.class_ != ELSEWHERE
    }
    assert wanted <= set(Case.objects.values_list("matter", flat=True))


def test_every_situation_appears(made: Made) -> None:
    assert [name for name in SITUATIONS if not made.summary.situations[name]] == []


def test_some_are_late_some_unfinished_and_papers_are_served_in_several_ways(made: Made) -> None:
    found = made.summary
    assert 0 < found.overdue < found.cases / 2
    assert found.results["办理中"] and found.results["办结"] and found.results["并入"]
    assert len(found.ways) >= 4


def test_everything_replays(made: Made, folder: Any) -> None:
    report = verify_database()
    assert report.ok, [str(fault) for fault in report.faults[:5]]
    assert report.counts["件"] == made.summary.cases
    faults, said = checked(whole=False)
    assert not faults and "全部相符" in said


def test_clocks_and_deliveries_ran_in_time_and_only_recent_papers_wait(made: Made) -> None:
    lapsed = Event.objects.get(action="lapse", case__number=_lapsed())
    assert (lapsed.recorded_at - lapsed.at).total_seconds() < 60, "零点到期，零点就办"
    waiting = Delivery.objects.filter(done_at=None)
    assert set(waiting.values_list("kind", flat=True)) <= {"document"}
    assert not waiting.filter(not_before__lt=datetime(2026, 8, 28, tzinfo=CHINA)).exists()
    assert Notice.objects.filter(to_reporter=True).count() > 50
    assert Checkpoint.objects.count() >= 11, "每月一个存证点"


def _lapsed() -> str:
    return str(Event.objects.filter(action="lapse").order_by("pk").values_list("case__number", flat=True)[0])


def test_nothing_happens_outside_the_year(made: Made) -> None:
    first, last = (Event.objects.order_by(key).first() for key in ("recorded_at", "-recorded_at"))
    assert first and first.recorded_at.astimezone(CHINA).date() >= date(2025, 7, 1)
    assert last and last.recorded_at <= datetime(2026, 8, 31, 18, tzinfo=CHINA)
    local = Counter(event.at.astimezone(CHINA).hour for event in Event.objects.filter(action="sign"))
    assert sum(local[hour] for hour in range(9, 18)) > 0.8 * sum(local.values()), "签收在上班时间"


def test_refusals_say_what_to_do(made: Made) -> None:
    now = datetime(2026, 9, 9, tzinfo=CHINA)
    with pytest.raises(YearRefused, match="至少"):
        make_year(cases=10, seed=7, now=now)
    with pytest.raises(YearRefused, match="今天为止"):
        make_year(cases=LEAST, seed=7, until=date(2026, 9, 10), now=now)
    with pytest.raises(YearRefused, match="换一个空库"):
        make_year(cases=LEAST, seed=8, now=now)
