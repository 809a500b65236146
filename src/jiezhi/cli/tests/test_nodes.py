"""jiezhi nodes：交换名片、核对指纹、写成文件、读文件、看往来。"""

from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.utils import timezone

from jiezhi.base.accounts.models import Post
from jiezhi.base.casework import outbox
from jiezhi.base.casework.models import Case
from jiezhi.base.casework.testing import make_office
from jiezhi.base.registry.models import Appointment
from jiezhi.cli.tests.test_params import run
from jiezhi.connect.nodes import identity
from jiezhi.connect.nodes.tests.conftest import publish
from jiezhi.connect.nodes.tests.counterpart import Counterpart, case
from jiezhi.core.evidence.instants import to_iso
from jiezhi.core.parcels import Note


@pytest.fixture
def boss(db: None, settings: Any) -> Any:
    settings.NODE = "yunqiao-nei"
    office = make_office()
    post = Post.objects.create(code="admin", title="系统管理员")
    since = timezone.now() - timedelta(days=1)
    Appointment.objects.create(officer=office.stranger, post=post, unit=office.other, valid_from=since)
    publish()
    return office


def test_from_cards_to_files(boss: Any, settings: Any, tmp_path: Path) -> None:
    by = ("--as", "lvren")
    other = Counterpart("yunqiao-wai")
    settings.NODE = ""
    assert "JIEZHI_NODE" in run("nodes", "card", code=1).output
    settings.NODE = "yunqiao-nei"
    mine = json.loads(run("nodes", "card", str(tmp_path / "mine.json"), "--json").output)
    assert mine["node"] == "yunqiao-nei" and json.loads((tmp_path / "mine.json").read_text())["public_key"]
    card = tmp_path / "theirs.json"
    card.write_text("{}", encoding="utf-8")
    add = ("nodes", "add", str(card), "--kind", "outside", "--opens", "report.snapshot", *by)
    assert "不是节点名片" in run(*add, code=1).output
    card.write_text(other.card.to_text(), encoding="utf-8")
    assert "还没有启用" in run(*add).output
    assert "待核对指纹" in run("nodes", "list").output
    trust = ("nodes", "trust", "yunqiao-wai", "--fingerprint")
    assert "不要启用" in run(*trust, "1234", *by, code=1).output
    run(*trust, other.card.fingerprint, *by)

    now = timezone.now()
    disk = tmp_path / "disk"
    disk.mkdir()
    good = other.parcel(case(1, now), case(2, now, content=""), now=now)
    (disk / "yunqiao-wai--yunqiao-nei--1-000001.zip").write_bytes(good)
    (disk / "yunqiao-wai--yunqiao-nei--1-000002.zip").write_bytes(b"junk")
    (disk / "readme.txt").write_text("别的文件不看")
    said = run("nodes", "import", str(disk), code=1).output
    assert (
        "新收 1 包" in said
        and "办了 2 条" in said
        and "没有收：yunqiao-wai--yunqiao-nei--1-000002.zip" in said
    )
    made = Case.objects.get()
    outbox.drain(timezone.now())
    out = tmp_path / "out"
    assert "个人信息" in run("nodes", "export", "yunqiao-wai", str(out)).output
    (parcel,) = out.glob("*.zip")
    assert parcel.stat().st_mode & 0o077 == 0
    got = other.take(parcel)
    assert [one.kind for one in got] == ["refused", "news"] and got[1].data["number"] == made.number
    status = run("nodes", "status").output
    assert "没有回执 1 包" in status and "送来没有办成 1 条" in status and "没有收下" in status
    refused = json.loads(run("nodes", "status", "--json").output)["refused"]
    said = run("nodes", "retry", str(refused[0]["id"]), *by).output
    assert "没有办成" in said
    other.receipt = (1, 1, other.receipt[2])
    (disk / "yunqiao-wai--yunqiao-nei--huizhi.json").write_bytes(_receipt(other))
    (disk / "yunqiao-wai--yunqiao-nei--1-000002.zip").unlink()
    said = run("nodes", "import", str(disk)).output
    assert "以前收过的 1 包，回执 1 张" in said
    assert "没有回执" not in run("nodes", "status").output
    assert "没有可以直连的节点" in run("nodes", "send", code=1).output


def _receipt(other: Counterpart) -> bytes:
    return Note("receipt", other.code, identity.me(), to_iso(timezone.now()), *other.receipt).sealed(
        other.signer
    )


def test_changing_keys_and_stopping(boss: Any, tmp_path: Path) -> None:
    by = ("--as", "lvren")
    other = Counterpart("chengguan")
    card = tmp_path / "card.json"
    card.write_text(other.card.to_text(), encoding="utf-8")
    run("nodes", "add", str(card), "--kind", "superior", "--unit", "law", *by)
    run("nodes", "trust", "chengguan", "--fingerprint", other.card.fingerprint, *by)
    run("nodes", "change", "chengguan", "--address", "https://example.org/jiedian/", "--sensitive", *by)
    shown = json.loads(run("nodes", "list", "--json").output)[0]
    assert (shown["address"], shown["sensitive"], shown["unit"]) == (
        "https://example.org/jiedian/",
        True,
        "law",
    )
    fresh = Counterpart("chengguan", b"f" * 32)
    card.write_text(fresh.card.to_text(), encoding="utf-8")
    assert "旧钥匙已停用" in run("nodes", "key", str(card), *by).output
    run("nodes", "trust", "chengguan", "--fingerprint", fresh.card.fingerprint, *by)
    assert "重新成包" in run("nodes", "renew", "chengguan", "--why", "换了机器", *by).output
    assert "管理员" in run("nodes", "stop", "chengguan", "--why", "停", "--as", "fenbo", code=1).output
    run("nodes", "stop", "chengguan", "--why", "停机", *by)
    assert "停用" in run("nodes", "list").output
    assert "没有登记过节点" in run("nodes", "export", "nobody", str(tmp_path), code=1).output
