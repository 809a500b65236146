"""推送的管理：只有系统管理员的令牌能用；密钥只给一次，地址只给机器名。"""

from __future__ import annotations

from typing import Any

import pytest

from jiezhi.api.actions import create_token
from jiezhi.api.testing import Caller, problem
from jiezhi.base.accounts.models import AdminRecord, Post
from jiezhi.base.casework import actions, outbox
from jiezhi.base.casework.models import Delivery
from jiezhi.base.casework.testing import START, Office, make_office
from jiezhi.base.registry.models import Appointment
from jiezhi.connect.hooks.models import Attempt, Subscription

BODY = {"name": "数据平台", "url": "https://203.0.113.9/tui?key=机密", "officer": "fenbo"}


@pytest.fixture
def office(db: None) -> Office:
    return make_office()


def caller(officer: Any, *scopes: str) -> Caller:
    wanted = scopes or ("hooks:manage",)
    return Caller(create_token(officer, name="测试", scopes=wanted, days=9, acting_officer=None)[1])


@pytest.fixture
def admin(office: Office) -> Caller:
    post = Post.objects.create(code="admin", title="系统管理员")
    Appointment.objects.create(officer=office.chief, post=post, unit=office.unit, valid_from=START)
    return caller(office.chief)


@pytest.fixture(autouse=True)
def _outgoing(settings: Any) -> None:
    settings.OUTGOING_NETWORKS = ["203.0.113.0/24"]


def test_the_whole_life_of_a_subscription(admin: Caller, office: Office) -> None:
    made = admin.post("/hooks", BODY | {"actions": ["dispatch"]})
    assert made.status_code == 201, made.content.decode()
    one = made.json()
    assert one["secret"].startswith("whsec_") and one["host"] == "203.0.113.9"
    road = f"/hooks/{one['id']}"
    for seen in (admin.get(road), admin.get("/hooks")):
        text = seen.content.decode()
        assert one["secret"] not in text and "机密" not in text and "%E6%9C%BA" not in text
    changed = admin.client.patch(
        f"/api/v1{road}", {"states": ["handling"]}, content_type="application/json", headers=admin.headers
    )
    assert changed.json()["states"] == ["handling"] and changed.json()["actions"] == ["dispatch"]
    rotated = admin.post(f"{road}/secret").json()
    assert rotated["secret"] != one["secret"]
    assert admin.post(f"{road}/test").status_code == 202 and Delivery.objects.count() == 1
    assert admin.post(f"{road}/pause", {"why": "对方升级"}).json()["status"] == "paused"
    assert admin.post(f"{road}/resume").json()["status"] == "active"
    assert admin.post(f"{road}/close", {"why": "不用了"}).json()["status"] == "closed"
    problem(admin.post(f"{road}/resume"), 422, "invalid")
    assert admin.get("/hooks").json() == [] and len(admin.get("/hooks", {"closed": "true"}).json()) == 1
    codes = AdminRecord.objects.filter(action__startswith="hook.").order_by("pk")
    assert [one.action for one in codes] == [
        "hook.create", "hook.change", "hook.rotate", "hook.pause", "hook.resume", "hook.close",
    ]  # fmt: skip
    assert {one.officer for one in codes} == {office.chief}


def test_the_log_and_sending_again(admin: Caller, office: Office) -> None:
    pk = admin.post("/hooks", BODY).json()["id"]
    actions.open_case("test.report", acting_officer=office.dispatcher, inputs={"subject": "漏水"}, now=START)
    outbox.drain(START)
    Attempt.objects.all().delete()
    row = Delivery.objects.filter(kind__startswith="webhook.").get()
    made = Attempt.objects.create(
        subscription_id=pk, message="msg_1", case=row.case, event=row.event, at=START, ok=False, status=500, error="对方出错",
    )  # fmt: skip
    (seen,) = admin.get(f"/hooks/{pk}/attempts", {"failed": "true"}).json()["items"]
    assert (seen["message"], seen["status"], seen["error"]) == ("msg_1", 500, "对方出错")
    before = Delivery.objects.count()
    assert admin.post(f"/hooks/{pk}/attempts/{made.pk}/resend").status_code == 202
    assert Delivery.objects.count() == before + 1
    for road in (
        f"/hooks/{pk}/attempts/{made.pk + 99}/resend",
        f"/hooks/{pk + 99}/attempts/{made.pk}/resend",
        f"/hooks/{pk}/attempts/{2**70}/resend",
    ):
        problem(admin.post(road), 404, "not-found")
    problem(admin.get(f"/hooks/{2**70}"), 404, "not-found")


def test_only_an_administrator(office: Office, admin: Caller) -> None:
    pk = admin.post("/hooks", BODY).json()["id"]
    other = caller(office.dispatcher)
    roads = ["/hooks", f"/hooks/{pk}", f"/hooks/{pk}/attempts"]
    posts = ["/hooks"] + [
        f"/hooks/{pk}/{one}" for one in ("pause", "resume", "close", "secret", "test", "attempts/1/resend")
    ]
    for found in [
        *(other.get(one) for one in roads),
        *(other.post(one, BODY if one == "/hooks" else {"why": "停一停"}) for one in posts),
    ]:
        problem(found, 403, "not-allowed")
    problem(caller(office.chief, "cases:read").get("/hooks"), 403, "scope")
    assert Subscription.objects.get().status == "active"


@pytest.mark.parametrize(
    "wrong",
    [
        {"url": "http://10.0.0.1/"}, {"url": "不是地址"}, {"url": "https://127.0.0.1/"}, {"url": "https://a:b@203.0.113.9/"},
        {"url": "https://[::1]/"}, {"url": "file:///etc/passwd"}, {"url": "https://" + "a" * 1900}, {"url": "https://xn--/"},
        {"officer": "nobody"}, {"actions": ["没有"]}, {"matters": ["none.such"]}, {"name": " "}, {"name": ""}, {"x": 1},
    ],
)  # fmt: skip
def test_what_cannot_be_subscribed(admin: Caller, wrong: dict[str, Any]) -> None:
    found = problem(admin.post("/hooks", BODY | wrong), 422, "invalid")
    assert "机密" not in str(found["detail"])
    assert Subscription.objects.count() == 0
