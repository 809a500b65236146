import pytest
from django.db import IntegrityError, connection, transaction

from jiezhi.base.accounts import actions, append_only
from jiezhi.base.accounts.errors import AppendOnlyError
from jiezhi.base.accounts.models import AdminRecord, SensitiveRead
from jiezhi.base.accounts.testing import flush_allowed


@pytest.fixture
def record(make_officer) -> AdminRecord:
    make_officer()
    return AdminRecord.objects.get()


def test_refused_in_python(record):
    record.title = "改写"
    with pytest.raises(AppendOnlyError):
        record.save()
    with pytest.raises(AppendOnlyError):
        record.delete()
    for attempt in (
        lambda: AdminRecord.objects.update(title="改写"),
        lambda: AdminRecord.objects.filter(pk=record.pk).delete(),
        lambda: AdminRecord.objects.bulk_update([record], ["title"]),
    ):
        with pytest.raises(AppendOnlyError):
            attempt()
    assert AdminRecord.objects.get().title == "新增人员"


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE accounts_adminrecord SET title = '改写'",
        "DELETE FROM accounts_adminrecord",
        "INSERT INTO accounts_adminrecord SELECT * FROM accounts_adminrecord WHERE true "
        "ON CONFLICT (id) DO UPDATE SET title = '改写'",
        *(
            ["INSERT OR REPLACE INTO accounts_adminrecord SELECT * FROM accounts_adminrecord"]
            if connection.vendor == "sqlite"
            else ["SET CONSTRAINTS ALL IMMEDIATE; TRUNCATE accounts_adminrecord CASCADE"]
        ),
    ],
)
def test_refused_by_the_database(record, statement):
    with pytest.raises(IntegrityError, match="只能追加"), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(statement)
    assert list(AdminRecord.objects.values_list("pk", "title")) == [(record.pk, "新增人员")]


def test_sensitive_reads_are_protected_too(record):
    SensitiveRead(
        at=record.at,
        officer_id=int(record.target_id),
        target_kind="x.y",
        target_id="1",
        field="f",
        field_title="项",
        reason="核对",
    ).save()
    with pytest.raises(IntegrityError), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("DELETE FROM accounts_sensitiveread")
    assert SensitiveRead.objects.count() == 1


def test_suspended_only_for_a_while(record):
    with append_only.suspended(), connection.cursor() as cursor:
        cursor.execute("UPDATE accounts_adminrecord SET note = '测试'")
    with pytest.raises(IntegrityError), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("UPDATE accounts_adminrecord SET note = '再改'")
    assert AdminRecord.objects.get().note == "测试"


def test_statements_for_each_database():
    postgresql = " ".join(append_only.statements("postgresql", "t"))
    assert "BEFORE DELETE OR UPDATE" in postgresql and "BEFORE TRUNCATE" in postgresql
    assert len(append_only.statements("sqlite", "t")) == 3
    with pytest.raises(ValueError, match="oracle"):
        append_only.statements("oracle", "t")


@pytest.fixture
def flushable():
    with flush_allowed():
        yield


@pytest.mark.parametrize("time", ["first", "second"])
def test_committed_tests_can_be_cleaned_up(flushable, transactional_db, time):
    assert not AdminRecord.objects.exists()
    actions.install_standard_posts(acting_officer=None)
    with pytest.raises(IntegrityError), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("DELETE FROM accounts_adminrecord")
    assert AdminRecord.objects.exists()
