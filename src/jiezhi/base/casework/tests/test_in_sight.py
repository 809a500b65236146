"""一件看不看得见：凭行判断的与查库的一模一样。"""

from __future__ import annotations

import random
from uuid import uuid4

import pytest

from jiezhi.base.accounts.models import Officer, Post
from jiezhi.base.casework import actions, matters
from jiezhi.base.casework.models import Case, CaseRole
from jiezhi.base.casework.queries import visible
from jiezhi.base.casework.reach import AREA_POSTS, in_sight
from jiezhi.base.casework.testing import START, definition, make_office
from jiezhi.base.registry import stamps
from jiezhi.base.registry.models import Appointment, Area


@pytest.mark.django_db
@pytest.mark.parametrize("seed", range(6))
def test_the_row_and_the_query_agree(seed: int) -> None:
    """随意的任职、区域、单位、环节、限指定人员：每个人对每一件，两种说法相同。"""
    chance, office = random.Random(seed), make_office()
    matters.publish(definition(matter="test.other", title="另一种"), now=START)
    areas = [office.area] + [
        Area.objects.create(
            code=f"99010100100{n}", name=f"社区{n}", level="community", parent=office.area,
            path=f"/990101001/00{n}/", depth=2,
        )
        for n in range(3)
    ]  # fmt: skip
    posts = [
        Post.objects.get_or_create(code=code, defaults={"title": code})[0]
        for code in ("dispatcher", "unit_clerk", "grid_worker", "legal_reviewer")
    ]
    people = []
    for n in range(8):
        officer = Officer.objects.create(
            login=f"someone{n}", name=f"某{n}", staff_kind="established", password="!"
        )
        for _ in range(chance.randrange(3)):
            Appointment.objects.create(
                officer=officer, post=chance.choice(posts), unit=chance.choice([office.unit, office.other]),
                area=chance.choice([None, *areas]), valid_from=START,
            )  # fmt: skip
        people.append(officer)
    gone = people[0]
    Officer.objects.filter(pk=gone.pk).update(is_active=False, left_at=START)
    gone.refresh_from_db()
    cases = []
    for _ in range(30):
        made = actions.open_case(
            chance.choice(["test.report", "test.other"]), acting_officer=office.dispatcher,
            inputs={"subject": "一件"}, now=START,
        )  # fmt: skip
        case, area = Case.objects.get(uid=made.uid), chance.choice([None, *areas])
        case.unit = chance.choice([None, office.unit, office.other])
        case.area, case.area_path = area, area.path if area else ""
        case.state = chance.choice(["new", "handling", "answered", "closed"])
        case.confidential = chance.random() < 0.3
        if chance.random() < 0.4:
            holder = chance.choice(people)
            case.roles = {"handler": [str(holder.pk)]}
            CaseRole.objects.create(case=case, role="handler", officer=holder, place=case.place)
        case.save()
        cases.append(case)
    stamps.touch(stamps.PEOPLE)
    both = set()
    for officer in people:
        seen = set(visible(officer).values_list("uid", flat=True))
        for case in cases:
            told = in_sight(officer, str(case.uid)) is not None
            assert told == (case.uid in seen), (officer, case.state, case.roles)
            both.add(told)
    assert both == {True, False}
    assert in_sight(people[1], str(uuid4())) is None and in_sight(people[1], "不成样") is None


def test_the_posts_tried_are_of_both_kinds() -> None:
    assert {"dispatcher", "grid_worker"} <= AREA_POSTS and not {"unit_clerk", "legal_reviewer"} & AREA_POSTS
