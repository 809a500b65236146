"""列表：按索引取的一页，与逐件看、全部排好再取的那一页，一件不差。"""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import Any

import pytest
from django.db import transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from jiezhi.base.accounts import secrets
from jiezhi.base.accounts.models import Officer, Post
from jiezhi.base.casework import listing, matters, search
from jiezhi.base.casework.cursor import Spot
from jiezhi.base.casework.filters import NO_UNIT, TODAY
from jiezhi.base.casework.listing import Filters, listed, tallies, worklist
from jiezhi.base.casework.models import Case, CaseField, CaseParty, CaseRole, CaseText
from jiezhi.base.casework.queries import light_of
from jiezhi.base.casework.reach import AREA_POSTS, Reach, seen, visible
from jiezhi.base.casework.testing import MATTER, START, definition, make_office
from jiezhi.base.registry.models import Appointment, Area, Unit
from jiezhi.core.procedure.clockwork import LOCAL

COUNT = 150
SAY = ("路灯不亮", "电动车棚漏电", "桥畔路12号占道经营", "旧圩街路灯杆倾斜", "垃圾没有清运")
PHONES = ("13800001234", "13911112222")
NAMES = ("张三", "李小燕")
STATES = ("new", "handling", "answered", "closed", "merged")
PATHS = ("", "/s/", "/s/1/", "/s/1/7/", "/s/10/", "/t/")
MATTERS = ("test.report", "test.other")
UNITS = ("law", "civil", None)


@dataclass
class Street:
    """几个任职各不相同的人，一批样样都有的件。`held`：人员 → （岗位、单位、区域路径）。"""

    officers: list[Officer]
    held: dict[int, list[tuple[str, str, str]]]
    cases: list[Case]
    roles: dict[int, set[int]]
    fields: dict[int, set[tuple[str, str]]]
    words: dict[int, set[str]]
    parties: dict[int, set[str]]


def _people(rng: random.Random) -> list[Officer]:
    posts = {code: Post.objects.get_or_create(code=code, defaults={"title": code})[0] for code in
             ("dispatcher", "unit_clerk", "grid_worker", "legal_reviewer", "community_lead")}  # fmt: skip
    units = {unit.code: unit for unit in Unit.objects.all()}
    areas = {
        path: Area.objects.create(code=path.replace("/", "x"), name=path, level="grid", path=path, depth=1)
        for path in PATHS
        if path
    }
    found = []
    for number in range(14):
        officer = Officer.objects.create(
            login=f"ren{number}", name=f"人{number}", staff_kind="established", password="!"
        )
        for post in rng.sample(sorted(posts), rng.choice([0, 1, 1, 2, 3])):
            Appointment.objects.create(
                officer=officer,
                post=posts[post],
                unit=units[rng.choice(["law", "civil"])],
                area=areas.get(rng.choice(PATHS)),
                valid_from=START - timedelta(days=100),
            )
        found.append(officer)
    found[-1].is_active, found[-1].left_at = False, START
    found[-1].save()
    return found


def _cases(rng: random.Random, version: Any) -> list[Case]:
    rows = []
    for number in range(COUNT):
        opened = START - timedelta(seconds=rng.randrange(40), microseconds=rng.choice([0, 400_000, 999_999]))
        due = START + timedelta(hours=rng.randint(-30, 30)) if rng.random() < 0.5 else None
        rows.append(
            Case(
                number=f"云桥罚〔2026〕{number}号",
                matter=rng.choice(MATTERS),
                version=version,
                title=rng.choice(SAY),
                state=rng.choice(STATES),
                fields={"subject": rng.choice(SAY)},
                unit_id=rng.choice(UNITS),
                area_path=rng.choice(PATHS),
                head=b"",
                opened_at=opened,
                changed_at=opened,
                closed_at=START if rng.random() < 0.6 else None,
                due_at=due,
                warn_at=due - timedelta(hours=9) if due and rng.random() < 0.8 else None,
                confidential=rng.random() < 0.15,
            )
        )
    Case.objects.bulk_create(rows)
    return list(Case.objects.select_related("version").order_by("pk"))


def _street(seed: int) -> Street:
    rng = random.Random(seed)
    office = make_office()
    by = {"title": "复核", "from": ["answered", "closed"], "by": "post.legal_reviewer", "to": "answered"}
    acts = {**MATTER["actions"], "review": by}
    version = matters.publish(definition(actions=acts), now=START)
    people = [*_people(rng), office.dispatcher, office.clerk, office.chief, office.stranger]
    cases = _cases(rng, version)
    held: dict[int, list[tuple[str, str, str]]] = {one.pk: [] for one in people}
    for one in Appointment.objects.select_related("post", "unit", "area"):
        held[one.officer_id].append((one.post.code, one.unit.code, one.area.path if one.area else ""))
    found = Street(people, held, cases, {}, {}, {}, {})
    for case in cases:
        texts = search.texts_of(case.number, case.title, case.fields, matters.definition_of(version))
        found.words[case.pk] = set() if case.confidential else set(search.words_of(texts).split())
        if not case.confidential:
            search.write([search.row_of(case, texts)])
        who = {rng.choice(people).pk for _ in range(rng.choice([0, 0, 1, 2]))}
        found.roles[case.pk] = who
        case.roles = {"handler": [str(pk) for pk in who]}
        for pk in who:
            for role in rng.sample(["handler", "helper"], rng.choice([1, 2])):
                live = case.closed_at is None
                CaseRole.objects.create(case=case, role=role, officer_id=pk, open=live, place=case.place)
        values = {("hard", rng.choice(["是", "否"])), ("to_unit", rng.choice(["law", "civil"]))}
        found.fields[case.pk] = values
        for name, text in values:
            CaseField.objects.create(case=case, name=name, text=text, place=case.place)
        found.parties[case.pk] = set()
        if rng.random() < 0.3:
            for kind, value in (("phone", rng.choice(PHONES)), ("name", rng.choice(NAMES))):
                tail = secrets.tail_index(kind, value) if kind == "phone" else ""
                index = secrets.blind_index(kind, value)
                CaseParty.objects.create(case=case, field="reporter", kind=kind, index=index, tail=tail)
                found.parties[case.pk] |= {index, tail} - {""}
    return found


@pytest.fixture(scope="module")
def street(django_db_setup: None, django_db_blocker: Any) -> Iterator[Street]:
    with django_db_blocker.unblock(), transaction.atomic():
        yield _street(7)
        transaction.set_rollback(True)


# ---- 朴素的写法：一件一件看 ----


def may_see(street: Street, officer: Officer, case: Case, now: datetime) -> bool:
    if not officer.is_active:
        return False
    if officer.pk in street.roles[case.pk]:
        return True
    if case.confidential:
        return False
    turn = case.matter == "test.report" and case.state in ("answered", "closed")
    return any(
        case.unit_id == unit
        or ((post in AREA_POSTS or (post == "legal_reviewer" and turn)) and case.area_path.startswith(path))
        for post, unit, path in street.held[officer.pk]
    )


def fits(street: Street, officer: Officer, case: Case, wanted: Filters, now: datetime) -> bool:
    units = {unit for _, unit, _ in street.held[officer.pk]}
    mine, ours = officer.pk in street.roles[case.pk], case.unit_id in units
    # 派单、办结由分拨员办，答复由责任单位的经办人办：这几步等着他们。
    waiting = {"new": "dispatcher", "answered": "dispatcher", "handling": "unit_clerk"}.get(case.state, "")
    due = not case.confidential and any(
        post == waiting
        and case.matter == "test.report"
        and (case.unit_id == unit if post == "unit_clerk" else case.area_path.startswith(path))
        for post, unit, path in street.held[officer.pk]
    )
    scopes = {"": True, "mine": mine, "unit": ours, "own": mine or ours, "desk": mine or due}
    light = light_of(case, now)
    today = case.due_at is not None and now < case.due_at and local_day(case.due_at) == local_day(now)
    return (
        scopes[wanted.scope]
        and wanted.matter in ("", case.matter)
        and wanted.state in ("", case.state)
        and wanted.unit in ("", case.unit_id or "-")
        and case.area_path.startswith(wanted.area)
        and wanted.open in (None, case.closed_at is None)
        and (wanted.light in ("", light) or (wanted.light == TODAY and today))
        and set((wanted.fields or {}).items()) <= street.fields[case.pk]
        and (not wanted.words or found_by(street, case, wanted.words))
        and (wanted.steps is None or any(stays(case, *one) for one in wanted.steps))
    )


def stays(case: Case, matter: str, state: str, path: str) -> bool:
    here = (case.matter, case.state) == (matter, state) and case.area_path.startswith(path)
    return here and case.closed_at is None


def local_day(moment: datetime) -> date:
    """北京时间的哪一天；整日届满的到期写作次日零点，算前一天。"""
    return (moment - timedelta(microseconds=1)).astimezone(LOCAL).date()


def found_by(street: Street, case: Case, text: str) -> bool:
    sought = search.sought(text)
    words = bool(sought.words) and set(sought.words) <= street.words[case.pk]
    number = case.number == text.strip()
    tail = bool(sought.tail) and search.number_key(case.number).startswith(sought.tail)
    party = {*sought.indexes, *sought.tails} & street.parties[case.pk]
    return words or number or bool(party) or (tail and not case.confidential)


def in_order(case: Case) -> tuple[Any, ...]:
    second = int(case.opened_at.timestamp())
    return (case.due_at is None, case.due_at and case.due_at.timestamp(), -second, -case.pk)


FILTERS = st.builds(
    Filters,
    matter=st.sampled_from(["", *MATTERS]),
    state=st.sampled_from(["", "", *STATES]),
    unit=st.sampled_from(["", "", "law", "civil", NO_UNIT]),
    area=st.sampled_from(["", "", *PATHS]),
    light=st.sampled_from(["", "", "", "正常", "临期", "超期", TODAY]),
    open=st.sampled_from([None, True, False]),
    words=st.sampled_from(
        [
            "",
            "",
            "路灯",
            "路灯 圩街",
            "“桥畔路12号”",
            "桥畔路口有人占道经营",
            "12号",
            "3号",
            "云桥罚〔2026〕7号",
            "灯",
        ]
        + ["13800001234", "1234", "张三", "李小燕", "没有这回事"]
    ),
    fields=st.sampled_from([None, None, {"hard": "是"}, {"hard": "否", "to_unit": "law"}]),
    scope=st.sampled_from(["", "", "mine", "unit", "own", "desk"]),
    steps=st.none()
    | st.sets(
        st.tuples(st.sampled_from(MATTERS), st.sampled_from(STATES), st.sampled_from(PATHS)), max_size=3
    ).map(tuple),
)


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    who=st.integers(0, 17),
    wanted=FILTERS,
    first=st.sampled_from([0, 0, 3, 20]),
    few=st.sampled_from([0, 5, 20_000]),
    rare=st.sampled_from([0, 20_000]),
    dense=st.sampled_from([-1, 600]),
    enough=st.sampled_from([4, 1000]),
)
def test_a_page_is_what_looking_at_every_case_gives(
    street: Street,
    db: None,
    monkeypatch: pytest.MonkeyPatch,
    who: int,
    wanted: Filters,
    first: int,
    few: int,
    rare: int,
    dense: int,
    enough: int,
) -> None:
    monkeypatch.setattr(listing, "FEW", few)
    monkeypatch.setattr(listing, "RARE", rare)
    monkeypatch.setattr(listing, "DENSE", dense)
    monkeypatch.setattr(listing, "ENOUGH", enough)
    officer, size = street.officers[who], 7
    seen_by = [case for case in street.cases if may_see(street, officer, case, START)]
    expected = sorted((c for c in seen_by if fits(street, officer, c, wanted, START)), key=in_order)
    page = listed(officer, wanted, first=first, size=size, now=START)
    assert [case.pk for case in page.cases] == [case.pk for case in expected[first : first + size]]
    assert page.more == (len(expected) > first + size)
    assert page.total == min(len(expected), enough + 1)
    if wanted.open and not wanted.words and not wanted.fields:
        assert tallies(officer, {"a": wanted, "b": wanted}, now=START) == dict.fromkeys(
            "ab", min(len(expected), enough + 1)
        )
    if len(expected) > first:  # 从那一件接着翻
        last = expected[first]
        spot = Spot(last.due_at, search.place_at(last.opened_at, last.pk))
        rest = listed(officer, replace(wanted, after=spot), size=size, now=START)
        assert [case.pk for case in rest.cases] == [one.pk for one in expected[first + 1 : first + 1 + size]]
        assert rest.more == (len(expected) > first + 1 + size)
    # 可以再组合的写法也一样。
    rows = worklist(officer, wanted, now=START)
    assert list(rows.values_list("pk", flat=True)) == [case.pk for case in expected]
    if who % 5 == 0:
        assert set(visible(officer, START).values_list("pk", flat=True)) == {one.pk for one in seen_by}
        through = CaseText.objects.filter(seen(officer, START)).values_list("case", flat=True)
        assert set(through) == {one.pk for one in seen_by if not one.confidential}
        if officer.is_active:
            reach = Reach.of(officer, START)
            assert {one.pk for one in street.cases if reach.covers(one)} == {one.pk for one in seen_by}
