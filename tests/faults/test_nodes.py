"""节点的故障：收发办到一半 kill -9、两个 worker 同时办、包被改过冒充过——什么也不丢、不重，伪造的不收。"""

from __future__ import annotations

import random
import time
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from jiezhi.connect.nodes.testing import Pair, Station

pytestmark = pytest.mark.fault
MINUTE = timedelta(minutes=1)


@pytest.fixture
def pair(tmp_path: Path) -> Iterator[Pair]:
    sees = {"kind": "inside"}, {"kind": "outside", "opens": "report.snapshot"}
    made = Pair(tmp_path, "yunqiao-wai", "yunqiao-nei", *sees)
    yield made
    made.close()


def killed(station: Station, rng: random.Random, do: str, most: float, **words: object) -> None:
    """发一个命令，过一会儿（随机）杀掉，再起来。"""
    station.send(do, **words)
    time.sleep(rng.uniform(0.0, most))
    station.kill()
    station.start()


def same_on_both_sides(pair: Pair, total: int) -> None:
    sent = pair.left.call("cases", matter="outside.report")
    mine = pair.right.call("cases", matter="report.snapshot")
    contents = [one["fields"]["content"] for one in sent]
    assert len(set(contents)) == len(contents) == total
    assert sorted(contents) == sorted(one["fields"]["content"] for one in mine)
    assert sorted(one["number"] for one in sent) == sorted(one["theirs"] for one in mine)
    by_number = {one["number"]: one for one in mine}
    for one in sent:
        twin = by_number[one["fields"]["outside_number"]]
        assert twin["photos"] == one["photos"]
        assert (
            one["state"] == {"new": "received", "handling": "handling", "answered": "answered"}[twin["state"]]
        )
    for station in (pair.left, pair.right):
        assert "全部相符" in station.command("verify", "--database")


def test_killed_at_any_moment(pair: Pair) -> None:
    """报、成包、写出、读进、办理，随时被杀掉再起来；最后两边的件一一对上。"""
    rng = random.Random(20261122)
    outside, inside, total = pair.left, pair.right, 0
    disk = pair.folder / "disk"
    for _ in range(6):
        for _ in range(3):
            total += 1
            outside.call("report", number=total, now=pair.later(MINUTE))
        killed(outside, rng, "work", 0.3, now=pair.now)
        killed(outside, rng, "export", 0.2, code=inside.code, folder=disk, now=pair.now)
        outside.call("work", now=pair.later(5 * MINUTE))
        outside.call("export", code=inside.code, folder=disk, now=pair.now)
        killed(inside, rng, "take", 0.2, folder=disk, now=pair.now)
        inside.call("take", folder=disk, now=pair.now)
        killed(inside, rng, "work", 0.4, now=pair.now)
        killed(inside, rng, "handle", 0.4, now=pair.later(5 * MINUTE), through="sign")
    pair.later(timedelta(hours=2))
    inside.call("handle_rest", now=pair.now)
    pair.settle()
    same_on_both_sides(pair, total)
    assert not inside.call("rejections") and not outside.call("rejections")


def test_two_workers_apply_at_once(pair: Pair) -> None:
    """两个进程同时读同一个文件夹、同时办：每条只办一次。"""
    outside, inside = pair.left, pair.right
    for n in range(1, 41):
        outside.call("report", number=n, now=pair.later(MINUTE))
    outside.call("work", now=pair.now)
    disk = pair.folder / "disk"
    outside.call("export", code=inside.code, folder=disk, now=pair.now)
    other = inside.twin()
    for do, words in (("take", {"folder": disk}), ("work", {})):
        for one in (inside, other):
            one.send(do, now=pair.now, **words)
        for one in (inside, other):
            one.read()
    other.stop()
    pair.settle()
    same_on_both_sides(pair, 40)


def test_tampered_on_the_way(pair: Pair) -> None:
    """路上每一份都被动过手脚：改一个字节、截断、换名、拿别的节点的冒充；真的随后到，一样不少。"""
    rng = random.Random(7)
    outside, inside = pair.left, pair.right
    for n in range(1, 6):
        outside.call("report", number=n, now=pair.later(MINUTE))
    outside.call("work", now=pair.now)
    disk, bad = pair.folder / "disk", pair.folder / "bad"
    bad.mkdir()
    outside.call("export", code=inside.code, folder=disk, now=pair.now)
    good = {path.name: path.read_bytes() for path in disk.iterdir()}
    count = 0
    for name, data in good.items():
        for _ in range(60):
            count += 1
            spoilt = bytearray(data)
            spoilt[rng.randrange(len(spoilt))] ^= rng.randrange(1, 256)
            (bad / f"{count}--{name.split('--', 1)[1]}").write_bytes(bytes(spoilt))
        count += 1
        (bad / f"{count}--{name.split('--', 1)[1]}").write_bytes(data[: len(data) // 2])
    told = inside.call("take", folder=bad, now=pair.now)
    assert (told["taken"], told["held"], told["repeated"], told["notes"]) == (0, 0, 0, 0)
    assert len(told["refused"]) == count == len(inside.call("rejections"))
    assert inside.call("cases", matter="report.snapshot") == []
    pair.settle()
    same_on_both_sides(pair, 5)


def test_restored_from_an_old_backup(pair: Pair) -> None:
    """外网的库退回到昨天：内网认出对不上，重起一轮之后照常，不重。"""
    outside, inside = pair.left, pair.right
    for n in (1, 2):
        outside.call("report", number=n, now=pair.later(MINUTE))
    pair.settle()
    outside.stop()
    backup = outside.copy(pair.folder / "backup")
    outside.start()
    for n in (3, 4):
        outside.call("report", number=n, now=pair.later(MINUTE))
    pair.carry(outside, inside)
    outside.stop()
    outside.restore(backup)
    outside.start()
    outside.call("report", number=5, now=pair.later(MINUTE))
    told = pair.carry(outside, inside)
    assert "renew" in told["refused"][0][1]
    pair.carry(inside, outside)
    assert "renew" in outside.call("standing", code=inside.code)["trouble"]
    outside.call("renew", code=inside.code, now=pair.later(MINUTE))
    pair.settle()
    mine = inside.call("cases", matter="report.snapshot")
    assert [one["fields"]["content"][1:2] for one in mine] == ["1", "2", "3", "4", "5"]


def test_the_other_side_restored_long_after(pair: Pair) -> None:
    """内网退回到一个多月以前：外网已清掉的说明白、提醒人，还在的自动重送，后来的照常，往来不堵。"""
    outside, inside = pair.left, pair.right
    outside.call("report", number=1, now=pair.later(MINUTE))
    pair.settle()
    inside.stop()
    backup = inside.copy(pair.folder / "backup")
    inside.start()
    outside.call("report", number=2, now=pair.later(MINUTE))
    pair.settle()
    outside.call("report", number=3, now=pair.later(timedelta(days=31)))
    pair.settle()
    outside.call("sweep", now=pair.now)
    inside.stop()
    inside.restore(backup)
    inside.start()
    inside.call("renew", code=outside.code, now=pair.later(MINUTE))
    pair.carry(inside, outside)
    assert "1 条" in outside.call("standing", code=inside.code)["trouble"]
    outside.call("report", number=4, now=pair.later(MINUTE))
    for _ in range(3):
        pair.carry(outside, inside)
        pair.carry(inside, outside)
    mine = inside.call("cases", matter="report.snapshot")
    assert [one["fields"]["content"][1:2] for one in mine] == ["1", "3", "4"]
    found = outside.call("standing", code=inside.code)
    assert (found["waiting"], found["unacked"], found["returned"]) == (0, 0, 1)
    assert "没有这一条了" in outside.command("nodes", "status")
