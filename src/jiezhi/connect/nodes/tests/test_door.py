"""收包的门口：读正文之前先看要不要收，收到开头先认人，认得的才解析；捣乱的占不满机器，也冲不掉真的记录。"""

from __future__ import annotations

import io
from typing import Any

import pytest
from django.http import HttpRequest
from django.test import Client
from django.utils import timezone

from jiezhi.base.casework import files
from jiezhi.base.casework.testing import START
from jiezhi.connect.nodes import actions, receiving, views
from jiezhi.connect.nodes.models import Peer, Rejection
from jiezhi.connect.nodes.tests.counterpart import Counterpart, arrive
from jiezhi.core.parcels import HEAD, Entry, Parcel, Refused, reading

HELLO = Entry("hello:1", "hello", {"office": "内网"})
ZIP = "application/zip"


@pytest.fixture
def unread(monkeypatch: pytest.MonkeyPatch) -> None:
    """谁读正文就算没过。"""
    monkeypatch.setattr(HttpRequest, "read", lambda *given: pytest.fail("不该读正文"))


@pytest.mark.parametrize("path", ["/jiedian/bao/", "/jiedian/qu/"])
def test_without_a_node_nothing_is_read(
    db: None, client: Client, settings: Any, unread: None, path: str
) -> None:
    settings.NODE = ""
    assert client.post(path, b"x" * 1000, content_type=ZIP).status_code == 404
    assert not Rejection.objects.exists()


@pytest.mark.parametrize("path", ["/jiedian/bao/", "/jiedian/qu/"])
def test_without_a_trusted_peer_nothing_is_read(
    inside: tuple[Counterpart, Peer], client: Client, unread: None, path: str
) -> None:
    other, peer = inside
    actions.stop(peer, why="停用", acting_officer=None, now=START)
    data = other.parcel(HELLO, now=START)
    assert client.post(path, data, content_type=ZIP).status_code == 403
    assert not Rejection.objects.exists()


def test_the_length_is_looked_at_first(
    inside: tuple[Counterpart, Peer], client: Client, unread: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(views, "MOST_UPLOAD", 10)
    assert client.post("/jiedian/bao/", b"x" * 11, content_type=ZIP).status_code == 413
    assert client.post("/jiedian/qu/", b"x" * (65 << 10), content_type="application/json").status_code == 413
    for length in ("", "-1", "many", "9" * 40):
        answer = client.post("/jiedian/bao/", b"x", content_type=ZIP, CONTENT_LENGTH=length)
        assert answer.status_code == (413 if length.isdecimal() else 411)


def test_too_often_from_one_address(
    inside: tuple[Counterpart, Peer], client: Client, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(views, "RATE", views.Counter("node"))
    settings.PUBLIC_RATES = {"node": "3/60"}
    for path in ("/jiedian/bao/", "/jiedian/qu/", "/jiedian/bao/"):
        assert client.post(path, b"junk", content_type=ZIP).status_code == 403
    answer = client.post("/jiedian/bao/", b"junk", content_type=ZIP)
    assert answer.status_code == 429 and 1 <= int(answer["Retry-After"]) <= 60
    assert client.post("/jiedian/bao/", b"junk", content_type=ZIP, REMOTE_ADDR="10.0.0.9").status_code == 403


def test_a_stranger_is_not_received_to_the_end(
    inside: tuple[Counterpart, Peer], client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    """不认识的寄来一大包：收到开头就不收了，没有解析。认识的照收。"""
    other, _ = inside
    monkeypatch.setattr(views, "HEAD", 2000)
    monkeypatch.setattr(views, "CHUNK", 500)
    monkeypatch.setattr(receiving.files, "store", lambda *given, **more: None)
    taken = 0
    real = HttpRequest.read

    def read(request: HttpRequest, size: int) -> bytes:
        nonlocal taken
        piece: bytes = real(request, size)
        taken += len(piece)
        return piece

    monkeypatch.setattr(HttpRequest, "read", read)
    stranger = Counterpart("stranger", b"s" * 32)
    material = b"x" * 50_000
    with monkeypatch.context() as patched:
        patched.setattr(Parcel, "from_json", lambda data: pytest.fail("不该解析"))
        data = stranger.parcel(HELLO, files=(material,), now=timezone.now())
        assert client.post("/jiedian/bao/", data, content_type=ZIP).status_code == 403
    assert taken <= 2500 and Rejection.objects.get().why == "stranger"
    assert not any(files.workplace().iterdir()), "不留半截"
    data = other.parcel(HELLO, files=(material,), now=timezone.now())
    assert client.post("/jiedian/bao/", data, content_type=ZIP).status_code == 200
    assert HEAD > reading.MAX_MANIFEST + reading.MAX_SIGNATURE


def test_strangers_on_the_net_are_counted_up_to_a_limit(
    inside: tuple[Counterpart, Peer], monkeypatch: pytest.MonkeyPatch
) -> None:
    """不知是谁的，一天记满就不再记；登记过的节点的记录，它们冲不掉。"""
    other, _ = inside
    monkeypatch.setattr(receiving, "MOST_STRANGERS", 4)
    monkeypatch.setattr(receiving, "MOST_REJECTIONS", 6)
    with pytest.raises(Refused):
        arrive(other.parcel(HELLO, now=START, to="someone-else"), START)
    for _ in range(9):
        with pytest.raises(Refused):
            receiving.receive(io.BytesIO(b"junk"), 4, via="https", now=START)
    assert Rejection.objects.filter(sender="").count() == 4
    with pytest.raises(Refused):
        receiving.receive(io.BytesIO(b"junk"), 4, via="https", now=START + receiving.DAY * 2)
    assert Rejection.objects.filter(sender="").count() == 5
    for _ in range(9):
        with pytest.raises(Refused):
            arrive(b"junk", START)
    assert Rejection.objects.filter(sender="").count() == 6
    assert Rejection.objects.filter(sender=other.code).count() == 1
