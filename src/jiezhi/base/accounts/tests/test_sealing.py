"""行印：新增就有，合法的改随着重算，绕过程序改了哪一列都对不上；轮换钥匙之后旧的照样核得出。"""

import os
from datetime import timedelta

import pytest
from django.db import connection, models, transaction
from django.db.models import F
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from jiezhi.base.accounts import actions, sealing, secrets
from jiezhi.base.accounts.models import AdminRecord, Officer, Post, SecondFactor


def raw(row: models.Model, **changes: object) -> None:
    """像能直接动数据库的人那样改。"""
    assert models.QuerySet(type(row)).filter(pk=row.pk).update(**changes) == 1


def found(model: type[sealing.SealedModel]) -> list[object]:
    return [key for key, _ in sealing.broken(model)]


@pytest.fixture
def post(db):
    return Post.objects.create(code="clerk", title="经办")


def test_every_way_of_adding_is_sealed_in_the_same_statement(post):
    with CaptureQueriesContext(connection) as asked:
        Post.objects.bulk_create([Post(code="a", title="甲"), Post(code="b", title="乙")])
    assert sum("INSERT" in one["sql"] for one in asked) == 1 and not any(
        "UPDATE" in one["sql"] for one in asked
    )
    Post.objects.get_or_create(code="c", defaults={"title": "丙"})
    Post(code="d", title="丁").save()
    assert Post.objects.count() == 5 and found(Post) == []
    assert len(bytes(Post.objects.get(code="a").seal)) == 17


def test_every_way_of_changing_keeps_the_seal_true(post):
    other = Post.objects.create(code="b", title="乙")
    Post.objects.filter(code="clerk").update(title="经办人")
    Post.objects.update(description=F("title"))
    other.title = "副手"
    other.save(update_fields=["title"])
    other.description = "帮忙"
    other.save()
    Post.objects.bulk_update([post, other], ["title"])
    Post.objects.update_or_create(code="b", defaults={"signs": True})
    assert found(Post) == [] and Post.objects.get(code="b").description == "帮忙"
    assert bytes(other.seal) != bytes(Post.objects.get(code="b").seal), "手里的旧行不算数，库里的才算"


@pytest.mark.parametrize(
    "changes",
    [
        {"title": "改"},
        {"description": "改"},
        {"signs": True},
        {"is_active": False},
        {"seal": b""},
        {"seal": b"1" * 17},
    ],
)
def test_each_column_changed_behind_the_program_is_found(post, changes):
    raw(post, **changes)
    assert found(Post) == [post.pk]


def test_a_changed_row_is_not_whitewashed_by_a_lawful_change(post):
    raw(post, title="偷改")
    Post.objects.filter(pk=post.pk).update(description="照章")
    fresh = Post.objects.get(pk=post.pk)
    fresh.signs = True
    fresh.save()
    assert found(Post) == [post.pk]


def test_a_seal_cannot_be_moved_to_another_row(post):
    other = Post.objects.create(code="b", title="乙")
    raw(post, seal=bytes(other.seal))
    raw(other, seal=bytes(Post.objects.get(pk=other.pk).seal))
    assert found(Post) == [post.pk]


def test_encrypted_and_unread_columns(make_officer):
    officer = make_officer(phone="13800138000")
    kept = Officer.objects.get(pk=officer.pk)
    actions.change_officer(kept, acting_officer=None, title="科员")
    assert found(Officer) == []
    data = bytearray(Officer.objects.values_list("phone", flat=True).get(pk=officer.pk))
    data[-1] ^= 1
    with connection.cursor() as cursor:
        cursor.execute("UPDATE accounts_officer SET phone = %s WHERE id = %s", [bytes(data), officer.pk])
    assert found(Officer) == [officer.pk]


def test_columns_left_out_cost_nothing(make_officer):
    officer = make_officer()
    officer.last_login = timezone.now()
    with CaptureQueriesContext(connection) as asked:
        officer.save(update_fields=["last_login"])
        Officer.objects.filter(pk=officer.pk).update(last_login=None)
    assert len(asked) == 2 and found(Officer) == []


def test_rows_that_only_grow_are_sealed_too(make_officer):
    make_officer()
    record = AdminRecord.objects.latest("pk")
    assert found(AdminRecord) == []
    from jiezhi.base.accounts.append_only import suspended

    with suspended():
        raw(record, at=record.at + timedelta(seconds=1))
    assert found(AdminRecord) == [record.pk]


def test_a_condition_lost_while_waiting_changes_nothing(post):
    with transaction.atomic():
        assert Post.objects.filter(title="没有的").update(title="x") == 0
    assert found(Post) == []


def test_a_primary_key_that_is_a_person(make_officer):
    officer = make_officer()
    SecondFactor.objects.create(officer=officer, secret="ABC")
    SecondFactor.objects.filter(pk=officer.pk).update(failures=F("failures") + 1)
    assert found(SecondFactor) == []
    raw(SecondFactor.objects.get(), failures=0)
    assert found(SecondFactor) == [officer.pk]


def test_the_key_may_be_rotated(post, tmp_path, settings):
    settings.KEYS_DIR = tmp_path
    secrets.forget_keys()
    assert found(Post) == [post.pk], "别的机器的钥匙核不出"
    old = Post.objects.create(code="old", title="旧")
    (tmp_path / "seal.2.key").write_bytes(os.urandom(32))
    secrets.forget_keys()
    new = Post.objects.create(code="new", title="新")
    marks = {one.code: bytes(one.seal)[0] for one in Post.objects.all()}
    assert (marks["old"], marks["new"]) == (1, 2) and found(Post) == [post.pk]
    Post.objects.filter(pk=old.pk).update(title="旧的改了")
    assert bytes(Post.objects.get(pk=old.pk).seal)[0] == 2 and found(Post) == [post.pk]
    (tmp_path / "seal.2.key").unlink()
    secrets.forget_keys()
    assert set(found(Post)) == {post.pk, old.pk, new.pk}, "钥匙不在，核不了的也要说"
    secrets.forget_keys()
