from datetime import timedelta

import pytest
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction

from jiezhi.base.accounts import queries as account_queries
from jiezhi.base.accounts.errors import NotAllowed
from jiezhi.base.registry import actions, queries
from jiezhi.base.registry.models import Tag, TagLink
from jiezhi.base.registry.tests.conftest import NOW

DAY = timedelta(days=1)


def tag(code: str, about: str, source: str = "register") -> Tag:
    return actions.create_tag(code=code, name=code, about=about, source=source, acting_officer=None, now=NOW)


@pytest.fixture
def place(db):
    return actions.create_place(address="福田路12号", acting_officer=None, now=NOW)


@pytest.fixture
def party(db):
    return actions.create_party(kind="person", name="陈小敏", acting_officer=None, now=NOW)


def test_add_and_remove(place, clerk):
    link = actions.add_tag(tag("noisy", "place", "request"), place, acting_officer=clerk, now=NOW)
    assert [t.code for t in queries.tags_on(place, NOW)] == ["noisy"]
    assert queries.tagged("noisy", NOW).get().place == place
    assert queries.tags_on(place, NOW - DAY) == []
    actions.remove_tag(link, reason="已整治", acting_officer=clerk, now=NOW + DAY)
    assert queries.tags_on(place, NOW + DAY) == [] != queries.tags_on(place, NOW)
    with pytest.raises(ValidationError, match="已经取下"):
        actions.remove_tag(link, reason="已整治", acting_officer=clerk, now=NOW + DAY)
    assert [r.title for r in account_queries.records_of(place)] == [
        "取下标签：noisy",
        "贴标签：noisy",
        "登记地点",
    ]


def test_complaining_never_marks_a_person(party):
    with pytest.raises(ValidationError, match="诉求不能变成对人的标签"):
        tag("complainer", "party", "request")
    honest = tag("allowance", "party")
    with pytest.raises(ValidationError, match="诉求不能变成对人的标签"):
        actions.add_tag(honest, party, source="request", expires_at=NOW + DAY, acting_officer=None, now=NOW)
    with pytest.raises(ValidationError, match="只用于地点"):
        actions.add_tag(
            tag("noisy", "place", "request"), party, expires_at=NOW + DAY, acting_officer=None, now=NOW
        )
    assert TagLink.objects.count() == 0


def test_database_refuses_it_too(party, place):
    honest = tag("allowance", "party")
    base = {"tag": honest, "source": "register", "added_at": NOW, "expires_at": NOW + DAY}
    for change in (
        {"party": party, "source": "request"},
        {"party": party, "expires_at": None},
        {"party": party, "place": place},
        {},
        {"party": party, "source": "?"},
        {"party": party, "expires_at": NOW},
        {"party": party, "removed_at": NOW - DAY},
    ):
        with pytest.raises(IntegrityError), transaction.atomic():
            TagLink.objects.create(**{**base, **change})
    with pytest.raises(IntegrityError), transaction.atomic():
        Tag.objects.create(code="x", name="x", about="party", source="request")
    TagLink.objects.create(**base, party=party)
    with pytest.raises(IntegrityError), transaction.atomic():
        TagLink.objects.create(**base, party=party)


def test_party_tags_expire(party):
    honest = tag("allowance", "party")
    with pytest.raises(ValidationError, match="到期时间"):
        actions.add_tag(honest, party, acting_officer=None, now=NOW)
    first = actions.add_tag(honest, party, expires_at=NOW + DAY, acting_officer=None, now=NOW)
    assert queries.tags_on(party, NOW) == [honest] and queries.tags_on(party, NOW + DAY) == []
    same = actions.add_tag(honest, party, expires_at=NOW + 9 * DAY, acting_officer=None, now=NOW)
    assert same == first
    renewed = actions.add_tag(honest, party, expires_at=NOW + 9 * DAY, acting_officer=None, now=NOW + 2 * DAY)
    first.refresh_from_db()
    assert renewed != first and first.removed_at == NOW + DAY
    assert queries.tags_on(party, NOW + 3 * DAY) == [honest]


def test_area_tag(areas, clerk):
    area = next(iter(areas.values()))
    actions.add_tag(tag("flood", "area"), area, acting_officer=clerk, now=NOW)
    assert queries.tagged("flood", NOW).get().area == area


def test_only_administrators_define_tags(clerk):
    with pytest.raises(NotAllowed):
        actions.create_tag(code="x", name="x", about="place", source="patrol", acting_officer=clerk, now=NOW)
