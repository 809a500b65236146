"""订阅的写操作：谁能办、写错了怎么说、密钥怎么存怎么换。"""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import connection

from jiezhi.base.accounts.models import AdminRecord
from jiezhi.base.casework import actions as casework
from jiezhi.base.casework import outbox
from jiezhi.base.casework.models import Delivery
from jiezhi.base.casework.testing import START, Office
from jiezhi.connect.hooks import actions, queries, signing
from jiezhi.connect.hooks.models import Subscription
from jiezhi.connect.hooks.tests.receiver import Receiver

Subscribe = Callable[..., Subscription]


def test_only_administrators(office: Office, subscribe: Subscribe) -> None:
    one = subscribe()
    wrong = {"acting_officer": office.dispatcher, "now": START}
    for attempt in (
        lambda: actions.create(name="偷看", url="https://example.org", officer=office.chief, **wrong),
        lambda: actions.change(one, name="改名", **wrong),
        lambda: actions.pause(one, why="不想要", **wrong),
        lambda: actions.resume(one, **wrong),
        lambda: actions.close(one, why="不要", **wrong),
        lambda: actions.rotate_secret(one, **wrong),
        lambda: actions.test(one, **wrong),
    ):
        with pytest.raises(PermissionDenied):
            attempt()


@pytest.mark.parametrize(
    ("wrong", "field", "say"),
    [
        ({"name": " "}, "name", "推给谁"),
        ({"url": "http://8.8.8.8/x"}, "url", "不在允许用 http 的网段"),
        ({"url": "https://user:pw@example.org/"}, "url", "口令"),
        ({"url": "ftp://example.org/"}, "url", "https"),
        ({"url": "https://10.0.0.8/"}, "url", "内网"),
        ({"matters": ["report.nothing"]}, "matters", "没有公布过"),
        ({"matters": ["test.report"], "actions": ["dispach"]}, "actions", "dispach"),
        ({"means": ["punish"]}, "means", "punish"),
        ({"states": ["nowhere"]}, "states", "nowhere"),
        ({"secret": "123456"}, "secret", "whsec_"),
    ],
)
def test_mistakes_are_named(subscribe: Subscribe, wrong: dict[str, Any], field: str, say: str) -> None:
    with pytest.raises(ValidationError) as caught:
        subscribe(**wrong)
    assert say in "".join(caught.value.message_dict[field])
    assert not Subscription.objects.exists()


def test_the_same_name_twice(subscribe: Subscribe) -> None:
    subscribe()
    with pytest.raises(ValidationError, match="请换一个名称"):
        subscribe()


def test_secret_and_address_are_stored_encrypted_and_never_recorded(subscribe: Subscribe) -> None:
    one = subscribe(url="https://example.org/tui?key=abcdef")
    with connection.cursor() as cursor:
        cursor.execute("SELECT url, secret FROM hooks_subscription")
        ((url, secret),) = cursor.fetchall()
    assert b"example" not in bytes(url) and one.secret.encode() not in bytes(secret)
    (record,) = AdminRecord.objects.filter(action="hook.create")
    assert "whsec_" not in str(record.new) and "abcdef" not in str(record.new)
    assert record.new["host"] == one.host == "example.org"


def test_rotating_keeps_the_old_one_for_a_day(
    office: Office, subscribe: Subscribe, receiver: Receiver
) -> None:
    one = subscribe()
    old = one.secret
    one = actions.rotate_secret(one, acting_officer=None, now=START)
    assert one.secret != old
    for hours, keys in ((1, [one.secret, old]), (25, [one.secret])):
        now = START + timedelta(hours=hours)
        casework.open_case("test.report", acting_officer=office.dispatcher, inputs={"subject": "灯"}, now=now)
        outbox.drain(now)
        headers, body = receiver.got[-1]
        signed = [signing.sign(key, headers["webhook-id"], int(now.timestamp()), body) for key in keys]
        assert headers["webhook-signature"].split(" ") == signed


def test_changing_takes_effect_from_the_next_step(
    office: Office, subscribe: Subscribe, receiver: Receiver
) -> None:
    one = subscribe(actions=["close"])
    casework.open_case("test.report", acting_officer=office.dispatcher, inputs={"subject": "灯"}, now=START)
    assert not Delivery.objects.filter(kind__startswith="webhook").exists()
    actions.change(one, actions=[], name="新平台", acting_officer=None, now=START)
    casework.open_case("test.report", acting_officer=office.dispatcher, inputs={"subject": "灯"}, now=START)
    assert queries.waiting(one) == 1
    (record,) = AdminRecord.objects.filter(action="hook.change")
    assert (record.old["actions"], record.new["actions"]) == (["close"], [])
    actions.close(one, why="不用了", acting_officer=None, now=START)
    casework.open_case("test.report", acting_officer=office.dispatcher, inputs={"subject": "灯"}, now=START)
    assert queries.waiting(one) == 1, "撤销之后不再排"
    outbox.drain(START)
    assert not receiver.got and queries.waiting(one) == 0
    with pytest.raises(ValidationError, match="撤销"):
        actions.resume(one, acting_officer=None, now=START)
    assert list(queries.subscriptions()) == [] and queries.find("新平台") == one
