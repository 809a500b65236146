"""不送姓名电话的节点：正文、理由、对来件人说的话里出现的也不送；编号、地点、本单位的电话照送。"""

from __future__ import annotations

import io
from datetime import timedelta
from typing import Any

import pytest

from jiezhi.base.accounts.models import Officer
from jiezhi.base.casework import actions as casework
from jiezhi.base.casework import files, outbox
from jiezhi.base.casework.models import Case
from jiezhi.base.casework.testing import START, Office
from jiezhi.connect.nodes import actions, applying
from jiezhi.connect.nodes.models import Peer
from jiezhi.connect.nodes.tests.counterpart import Counterpart, arrive, case, photo, reported

HOUR = timedelta(hours=1)
NOW = START + HOUR
SECRETS = ("林小燕", "13800138001", "320586199001011234")


def refer(office: Office, peer: Peer, other: Counterpart) -> Any:
    made = reported(
        1,
        "report.snapshot",
        content="路灯不亮，请找林小燕１３８ 0013 8001",
        spot={"address": "南山路12号旁"},
    )
    done = casework.act(
        made.uid,
        "send_outside",
        acting_officer=office.dispatcher,
        inputs={"to_unit": "district"},
        reason=f"{made.number} 来件人林 小 燕（320586199001011234）要求区里回电13800138001",
        now=NOW,
    )
    assert done.ok, str(done)
    outbox.drain(NOW)
    (entry,) = other.take_all(peer, NOW)
    return entry.data


def test_words_to_the_district_are_redacted(district: tuple[Counterpart, Peer], office: Office) -> None:
    other, peer = district
    data = refer(office, peer, other)
    assert "reporter" not in data["fields"]
    assert data["fields"]["content"] == "路灯不亮，请找林某***"
    assert data["reason"] == f"{data['number']} 来件人林某（***）要求区里回电***"
    assert data["fields"]["spot"]["address"] == "南山路12号旁", "地点遮了就没法办"


def test_with_permission_the_words_are_whole(district: tuple[Counterpart, Peer], office: Office) -> None:
    other, peer = district
    actions.change(peer, sensitive=True, acting_officer=None, now=START)
    data = refer(office, peer, other)
    assert data["fields"]["reporter"]["name"] == "林小燕" and "13800138001" in data["reason"]


def test_the_inside_gets_everything(inside: tuple[Counterpart, Peer]) -> None:
    other, peer = inside
    reported(1, content="请找林小燕13800138001")
    (entry,) = other.take_all(peer, START)
    assert entry.data["fields"]["content"] == "请找林小燕13800138001"


@pytest.mark.parametrize("kind", ["outside", "subordinate"])
def test_news_is_redacted_but_numbers_stay(office: Office, settings: Any, kind: str) -> None:
    settings.OFFICE_CONTACT = {"phone": "0512-63330001"}
    outside = Counterpart("yunqiao-wai")
    peer = outside.join(kind, START, opens="report.snapshot")
    arrive(outside.parcel(case(1, START), now=START), START)
    applying.apply_waiting(START)
    made = Case.objects.get()
    reply = "已与林小燕（13800138001）当面说明，灯已换好，有事请拨0512-63330001"
    shot = files.store(io.BytesIO(photo(9)), "后.jpg", kind="photo", acting_officer=office.clerk, now=START)
    for action, who, inputs in (
        ("dispatch", office.dispatcher, {"to_unit": "law"}),
        ("sign", office.clerk, {}),
        ("answer", office.clerk, {"reply": reply, "after_photos": [shot.pk]}),
        ("check", Officer.objects.get(login="huifang"), {}),
    ):
        done = casework.act(str(made.uid), action, acting_officer=who, inputs=inputs, now=NOW)
        assert done.ok, str(done)
    outbox.drain(NOW)
    news = outside.take_all(peer, NOW)
    assert news and not any(secret in str([one.data for one in news]) for secret in SECRETS)
    last = news[-1].data
    assert last["fields"]["reply"] == "已与林某（***）当面说明，灯已换好，有事请拨0512-63330001"
    assert made.number in last["told"][0] and "林某" in last["told"][0]
