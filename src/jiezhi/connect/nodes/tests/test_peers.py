"""节点的登记、指纹、接口：谁能登记、谁取得走、连不上怎么办。"""

from __future__ import annotations

import io
from datetime import timedelta
from typing import Any

import pytest
from django.core.exceptions import PermissionDenied, ValidationError
from django.test import Client
from django.utils import timezone

from jiezhi.base.accounts.models import AdminRecord
from jiezhi.base.casework import files
from jiezhi.base.casework.testing import START, Office
from jiezhi.connect.nodes import actions, exchange, identity, packing, queries, views
from jiezhi.connect.nodes.models import Peer
from jiezhi.connect.nodes.tests.counterpart import Counterpart, reported
from jiezhi.core.evidence.instants import to_iso
from jiezhi.core.parcels import Entry, Note

HOUR = timedelta(hours=1)
DAY = timedelta(days=1)


# ---- 接口 ----


def test_over_http_without_a_session(inside: tuple[Counterpart, Peer], client: Client) -> None:
    other, peer = inside
    now = timezone.now()
    reported(1)
    note = Note("fetch", other.code, identity.me(), to_iso(now), *other.receipt)
    answer = client.post("/jiedian/qu/", note.sealed(other.signer), content_type="application/json")
    assert answer.status_code == 200
    (entry,) = other.take(io.BytesIO(b"".join(answer.streaming_content)))
    assert entry.kind == "open"
    note = Note("fetch", other.code, identity.me(), to_iso(now), *other.receipt)
    answer = client.post("/jiedian/qu/", note.sealed(other.signer), content_type="application/json")
    assert answer.status_code == 204 and packing.unacknowledged(peer).count() == 0
    data = other.parcel(Entry("hello:1", "hello", {"office": "内网"}), now=now)
    answer = client.post("/jiedian/bao/", data, content_type="application/zip")
    assert answer.status_code == 200
    receipt, signed = Note.opened(answer.content)
    receipt.check(signed, me=other.code, key=identity.card().public_key)
    assert (receipt.kind, receipt.upto) == ("receipt", 1)


def test_http_refuses_strangers_and_old_notes(
    inside: tuple[Counterpart, Peer], client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    other, _ = inside
    reported(1)
    now = timezone.now()
    stranger = Counterpart(other.code, b"q" * 32)

    def fetch(who: Counterpart, at: Any, kind: Any = "fetch") -> int:
        note = Note(kind, other.code, identity.me(), to_iso(at), *who.receipt)
        return client.post(
            "/jiedian/qu/", note.sealed(who.signer), content_type="application/json"
        ).status_code

    assert fetch(stranger, now) == 403, "别人取不走"
    assert fetch(other, now - HOUR) == 403, "捡到旧的小条也取不走"
    assert fetch(other, now, "receipt") == 400, "拿回执当来取的也不行"
    assert client.post("/jiedian/bao/", b"junk", content_type="application/zip").status_code == 403
    assert client.get("/jiedian/bao/").status_code == 405
    monkeypatch.setattr(views, "MOST_UPLOAD", 10)
    assert client.post("/jiedian/bao/", b"x" * 11, content_type="application/zip").status_code == 413
    assert not any(files.workplace().iterdir()), "不留半截"


def test_not_reachable_is_tried_later_and_later(inside: tuple[Counterpart, Peer], settings: Any) -> None:
    settings.OUTGOING_NETWORKS = ["127.0.0.0/8"]
    _, peer = inside
    actions.change(peer, address="http://127.0.0.1:9/jiedian/", acting_officer=None, now=START)
    waits, now = [], START
    for _ in range(7):
        exchange.exchange_due(now)
        exchange.exchange_due(now)
        peer.refresh_from_db()
        assert peer.next_at is not None
        waits.append((peer.next_at - now).total_seconds() / 60)
        now = peer.next_at
    assert waits == [1, 2, 4, 8, 16, 30, 30] and "连不上" in peer.trouble


# ---- 管理 ----


def test_fingerprints_are_compared_by_people(office: Office) -> None:
    other = Counterpart("chengguan")
    peer = actions.add(other.card, kind="superior", unit="district", acting_officer=None, now=START)
    assert peer.status == "new"
    with pytest.raises(ValidationError, match="不要启用"):
        actions.trust(peer, fingerprint="0512-7730-1111-2222-3333-4444", acting_officer=None, now=START)
    assert (
        actions.trust(peer, fingerprint=other.card.fingerprint.replace("-", " "), acting_officer=None).status
        == "trusted"
    )
    with pytest.raises(PermissionDenied):
        actions.stop(peer, why="想停", acting_officer=office.dispatcher, now=START)
    actions.change_key(
        peer, public_key=Counterpart("x1", b"k" * 32).card.public_key, acting_officer=None, now=START
    )
    with pytest.raises(ValidationError, match="换下来的"):
        actions.change_key(peer, public_key=other.card.public_key, acting_officer=None, now=START)
    kinds = set(AdminRecord.objects.values_list("action", flat=True))
    assert {"node.add", "node.trust", "node.key"} <= kinds


@pytest.mark.parametrize(
    ("more", "field"),
    [
        ({"kind": "outside"}, "opens"),
        ({"kind": "outside", "opens": "no.such"}, "opens"),
        ({"kind": "inside", "opens": "report.snapshot"}, "opens"),
        ({"kind": "superior", "unit": "nobody"}, "unit"),
        ({"kind": "friend"}, "kind"),
        ({"kind": "inside", "address": "http://8.8.8.8/"}, "address"),
    ],
)
def test_registering_mistakes(office: Office, more: dict[str, Any], field: str) -> None:
    with pytest.raises(ValidationError) as caught:
        actions.add(Counterpart("chengguan").card, acting_officer=None, now=START, **more)
    assert field in caught.value.message_dict


def test_a_node_is_not_its_own_peer(office: Office) -> None:
    with pytest.raises(ValidationError):
        actions.add(Counterpart(identity.me()).card, kind="inside", acting_officer=None, now=START)


def test_standing_counts(inside: tuple[Counterpart, Peer]) -> None:
    other, peer = inside
    reported(1)
    found = queries.standing(peer)
    assert (found.waiting, found.unacked) == (1, 0)
    packing.pack(peer, START)
    reported(2)
    found = queries.standing(peer)
    assert (found.waiting, found.unacked) == (1, 1)
