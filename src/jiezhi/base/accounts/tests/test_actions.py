import json
from datetime import UTC, datetime

import pytest
from django.contrib.auth import authenticate
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.test import RequestFactory

from jiezhi.base.accounts import actions, queries, secrets
from jiezhi.base.accounts.append_only import AppendOnlyQuerySet
from jiezhi.base.accounts.errors import NotAllowed
from jiezhi.base.accounts.models import AdminRecord, Officer, Post, SensitiveRead
from jiezhi.base.accounts.posts import STANDARD_POSTS
from jiezhi.base.accounts.tests.conftest import PASSWORD

NOW = datetime(2031, 3, 3, 1, 0, tzinfo=UTC)


def test_create_normalises_and_records(admin):
    officer = actions.create_officer(
        login=" Zhao.Lei ",
        name=" 赵磊 ",
        staff_kind="contract",
        phone="138-0000-1234",
        password=PASSWORD,
        acting_officer=admin,
        now=NOW,
    )
    assert (officer.login, officer.name, officer.may_sign) == ("zhao.lei", "赵磊", False)
    assert officer.must_change_password and officer.check_password(PASSWORD)
    record = queries.records_of(officer).get()
    assert (record.officer, record.at, record.title) == (admin, NOW, "新增人员")
    assert record.new["phone"] == "138******1234" and "password" not in record.new
    assert officer.phone_index == secrets.blind_index("phone", "+8613800001234")
    assert queries.officer_by_login("ZHAO.lei") == officer


def test_passwords_never_in_records(admin, make_officer):
    officer = make_officer()
    actions.set_password(officer, "Another-2032", acting_officer=admin)
    actions.set_password(officer, "Third-2033", current="Another-2032", acting_officer=officer)
    hashes = list(Officer.objects.values_list("password", flat=True))
    written = json.dumps(
        list(AdminRecord.objects.values("old", "new", "note", "title", "target_label")), ensure_ascii=False
    )
    for secret in (PASSWORD, "Another-2032", "Third-2033", *hashes):
        assert secret not in written
    assert [r.title for r in queries.records_of(officer)] == ["本人改口令", "重置口令", "新增人员"]


@pytest.mark.parametrize(
    ("given", "field", "says"),
    [
        ({"login": "li.min"}, "login", "已有人使用"),
        ({"login": "李 敏"}, "login", "小写字母"),
        ({"name": "  "}, "name", "请填写姓名"),
        ({"staff_kind": "boss"}, "staff_kind", "boss"),
        ({"phone": "1380000123"}, "phone", "应为 11 位，现在是 10 位"),
        ({"phone": "12800001234"}, "phone", "第二位"),
        ({"phone": "八三四"}, "phone", "只能是数字"),
        ({"password": "12345678"}, "password", "数字"),
    ],
)
def test_create_says_what_is_wrong(make_officer, given, field, says):
    make_officer("li.min")
    with pytest.raises(ValidationError) as caught:
        make_officer(**{"login": "new.one", **given})
    assert says in " ".join(caught.value.message_dict[field])
    assert Officer.objects.count() == AdminRecord.objects.count() == 1


@pytest.mark.parametrize(
    "phone", ["", "13800001234", "0755-83456789", "83456789", "12345", "400-800-1234", "+852 2345 6789"]
)
def test_phones_accepted(make_officer, phone):
    assert make_officer(phone=phone).phone == phone


def test_database_refuses_upper_case_login_and_inactive_without_date(make_officer):
    officer = make_officer()
    for change in (
        {"login": "LI.MIN"},
        {"is_active": False},
        {"left_at": NOW},
        {"staff_kind": "?"},
        {"name": ""},
    ):
        with pytest.raises(IntegrityError), transaction.atomic():
            Officer.objects.filter(pk=officer.pk).update(**change)


def test_only_administrators(make_officer, admin):
    plain = make_officer()
    other = make_officer("other")
    for attempt in (
        lambda: actions.create_officer(login="x.y", name="某", staff_kind="contract", acting_officer=plain),
        lambda: actions.change_officer(plain, title="主任", acting_officer=plain),
        lambda: actions.set_password(other, "Another-2032", acting_officer=plain),
        lambda: actions.deactivate_officer(other, reason="调离", acting_officer=plain),
        lambda: actions.create_post(code="boss", title="大王", acting_officer=plain),
    ):
        with pytest.raises(NotAllowed, match="系统管理员"):
            attempt()
    assert actions.create_post(code="boss", title="大王", acting_officer=admin).title == "大王"


def test_anonymous_cannot_act(db):
    from django.contrib.auth.models import AnonymousUser

    with pytest.raises(NotAllowed, match="请先登录"):
        actions.create_post(code="boss", title="大王", acting_officer=AnonymousUser())


def test_change_records_old_and_new(make_officer, admin):
    officer = make_officer(phone="13800001234")
    actions.change_officer(officer, phone="13900005678", acting_officer=officer)
    actions.change_officer(officer, title="科长", staff_kind="contract", acting_officer=admin)
    officer.refresh_from_db()
    assert officer.phone_index == secrets.blind_index("phone", "13900005678")
    second, first, _ = queries.records_of(officer)
    assert (first.old, first.new) == ({"phone": "138****1234"}, {"phone": "139****5678"})
    assert second.old == {"title": "", "staff_kind": "established"}
    actions.change_officer(officer, title="科长", acting_officer=admin)
    assert queries.records_of(officer).count() == 3  # 没有变化就没有记录


def test_own_password_needs_current_one(make_officer):
    officer = make_officer()
    with pytest.raises(ValidationError, match="现在的口令不对"):
        actions.set_password(officer, "Another-2032", acting_officer=officer)
    with pytest.raises(ValidationError, match="不能与现在的相同"):
        actions.set_password(officer, PASSWORD, current=PASSWORD, acting_officer=officer)
    changed = actions.set_password(officer, "Another-2032", current=PASSWORD, acting_officer=officer)
    assert not changed.must_change_password


def test_leaving_and_returning(make_officer, admin):
    officer = make_officer()
    heard = []

    def listen(sender, officer, at, reason, **kwargs):
        heard.append((officer.pk, at, reason))

    actions.officer_left.connect(listen)
    try:
        left = actions.deactivate_officer(officer, reason="调离", acting_officer=admin, now=NOW)
    finally:
        actions.officer_left.disconnect(listen)
    assert heard == [(officer.pk, NOW, "调离")] and left.left_at == NOW
    assert (
        authenticate(RequestFactory().post("/"), username="li.min", login="li.min", password=PASSWORD) is None
    )
    with pytest.raises(NotAllowed, match="离岗"):
        actions.change_officer(left, phone="13800001234", acting_officer=left)
    with pytest.raises(ValidationError, match="已经离岗"):
        actions.deactivate_officer(officer, reason="调离", acting_officer=admin)
    back = actions.reactivate_officer(officer, acting_officer=admin)
    assert back.is_active and not back.has_usable_password()


def test_administrator_cannot_remove_himself(admin):
    with pytest.raises(NotAllowed, match="不能给自己"):
        actions.deactivate_officer(admin, reason="退休", acting_officer=admin)


def test_failure_in_a_listener_undoes_everything(make_officer):
    officer = make_officer()

    def fail(**kwargs):
        raise RuntimeError("交接不成")

    actions.officer_left.connect(fail)
    try:
        with pytest.raises(RuntimeError):
            actions.deactivate_officer(officer, reason="调离", acting_officer=None)
    finally:
        actions.officer_left.disconnect(fail)
    officer.refresh_from_db()
    assert officer.is_active and queries.records_of(officer).count() == 1


def test_standard_posts_once(db):
    assert len(actions.install_standard_posts(acting_officer=None)) == len(STANDARD_POSTS)
    assert actions.install_standard_posts(acting_officer=None) == []
    assert set(Post.objects.filter(signs=True).values_list("code", flat=True)) == {
        "unit_chief", "leader", "office_head", "deputy_head", "enforcement_chief", "service_chief",
    }  # fmt: skip


def test_reveal_is_recorded_first(make_officer, admin):
    officer = make_officer(phone="13800001234")
    value = actions.reveal(
        officer, "phone", reason="联系值班", acting_officer=admin, case_number="X1", now=NOW
    )
    read = queries.reads_of(officer).get()
    assert value == "13800001234"
    assert (read.officer, read.field_title, read.reason, read.case_number) == (
        admin,
        "电话",
        "联系值班",
        "X1",
    )
    assert list(queries.reads_by(admin)) == [read]


def test_no_record_no_value(make_officer, admin, monkeypatch):
    officer = make_officer(phone="13800001234")
    with pytest.raises(ValidationError, match="原因"):
        actions.reveal(officer, "phone", reason=" 看 ", acting_officer=admin)

    def fail(self, *args, **kwargs):
        raise OSError("磁盘满")

    monkeypatch.setattr(AppendOnlyQuerySet, "bulk_create", fail)
    with pytest.raises(OSError):
        actions.reveal(officer, "phone", reason="联系值班", acting_officer=admin)
    with pytest.raises(ValueError, match="不是加密字段"):
        actions.reveal(officer, "name", reason="联系值班", acting_officer=admin)
    assert SensitiveRead.objects.count() == 0


def test_reveal_not_inside_another_transaction(make_officer):
    officer = make_officer(phone="13800001234")
    with transaction.atomic(), pytest.raises(RuntimeError):
        actions.reveal(officer, "phone", reason="联系值班", acting_officer=officer)
