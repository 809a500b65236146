"""kill -9：在办理、后续发送的任意时刻杀掉进程，办成的一件不丢、一件不重，每条链完整。"""

from __future__ import annotations

import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from jiezhi.config.testing import Elsewhere

SCRIPT = Path(__file__).with_name("street.py")

pytestmark = pytest.mark.fault


def run_and_kill(home: Elsewhere, words: list[str], lines: int, after: float) -> list[list[str]]:
    """启动、等它报过 `lines` 行、再过 `after` 秒杀掉；返回它报过的行。

    按行数等而不按时间等：机器忙时也测得到东西。
    """
    process = subprocess.Popen(
        [sys.executable, str(SCRIPT), *words], env=home.environment, stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    assert process.stdout.readline().strip() == "ready"
    told = [process.stdout.readline() for _ in range(lines)]
    time.sleep(after)
    process.send_signal(signal.SIGKILL)
    found = [line.split() for line in [*told, *process.stdout.read().splitlines()]]
    process.wait()
    # 最后一行可能只写了一半，不算报过。
    return [line for line in found if len(line) == 3 or line[:1] == ["drained"]]


@pytest.fixture
def home(tmp_path: Path) -> Elsewhere:
    found = Elsewhere(tmp_path, SCRIPT.parent)
    found.run("street.py", "setup")
    return found


def test_killed_while_acting(home: Elsewhere) -> None:
    rng = random.Random(20261122)
    told: list[list[str]] = []
    for round_number in range(8):
        first = str(round_number * 1_000_000)
        told += run_and_kill(home, ["act", first], rng.randint(5, 30), rng.uniform(0.0, 0.05))
    assert len(told) > 50, "没有办几件就杀掉了，这个测试没有测到东西"
    keys = dict(home.look("SELECT key, count(*) FROM casework_event WHERE key IS NOT NULL GROUP BY key"))
    assert set(keys.values()) == {1}
    marks = {"opened": "o", "dispatched": "d", "answered": "a"}
    lost = [line for line in told if marks[line[0]] + line[1] not in keys]
    assert not lost, f"报过办成却没有：{lost[:5]}"
    # 每件的办理记录数等于件上的版本，后续发送与办理同生同灭。
    assert not home.look(
        "SELECT c.number FROM casework_case c WHERE c.seq <> "
        "(SELECT count(*) FROM casework_event e WHERE e.case_id = c.id)",
    )
    assert not home.look(
        "SELECT e.id FROM casework_event e WHERE e.action = 'dispatch' AND "
        "(SELECT count(*) FROM casework_delivery d WHERE d.event_id = e.id) <> 1",
    )
    home.verify()


def test_killed_while_sending(home: Elsewhere) -> None:
    rng = random.Random(7)
    run_and_kill(home, ["act", "0"], 80, 0.0)
    ((wanted,),) = home.look("SELECT count(*) FROM casework_delivery")
    assert wanted > 20
    for _ in range(6):
        run_and_kill(home, ["outbox"], 0, rng.uniform(0.0, 0.1))
    home.run("street.py", "outbox")
    assert not home.look("SELECT id FROM casework_delivery WHERE done_at IS NULL")
    assert not home.look(
        "SELECT delivery_id, case_id, officer_id, count(*) FROM casework_notice "
        "GROUP BY 1, 2, 3 HAVING count(*) > 1",
    )
    assert not home.look(
        "SELECT d.id FROM casework_delivery d WHERE d.kind = 'notify' AND "
        "NOT EXISTS (SELECT 1 FROM casework_notice n WHERE n.delivery_id = d.id)",
    )


def test_two_officers_at_once(home: Elsewhere) -> None:
    """两个进程抢同一批件：每件只有一人办成，另一人得到说明。"""
    race = (
        "import os,sys,django;django.setup();from datetime import timedelta;"
        "from jiezhi.base.accounts.models import Officer;from jiezhi.base.casework import actions;"
        "from jiezhi.base.casework.models import Case;from jiezhi.base.casework.testing import START;"
        "who=Officer.objects.get(login='fenbo');sys.stdin.readline();"
        "[print('won' if (r:=actions.act(str(u),'dispatch',acting_officer=who,inputs={'to_unit':sys.argv[1]},"
        "version=1,now=START+timedelta(hours=1))).ok else 'lost '+','.join(m.code for m in r.refusal.missing),flush=True)"
        " for u in Case.objects.order_by('pk').values_list('uid',flat=True)]"
    )
    setup = (
        "import django;django.setup();from jiezhi.base.accounts.models import Officer;"
        "from jiezhi.base.casework import actions;from jiezhi.base.casework.testing import START;"
        "who=Officer.objects.get(login='fenbo');"
        "[actions.open_case('test.report',acting_officer=who,inputs={'subject':str(i)},now=START) for i in range(60)]"
    )
    subprocess.run([sys.executable, "-c", setup], env=home.environment, check=True)
    racers = [
        subprocess.Popen(
            [sys.executable, "-c", race, unit],
            env=home.environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        for unit in ("law", "civil")
    ]
    time.sleep(2)
    for racer in racers:
        assert racer.stdin is not None
        racer.stdin.write("go\n")
        racer.stdin.flush()
    answers = [racer.communicate()[0].split("\n")[:60] for racer in racers]
    for mine, other in zip(*answers, strict=True):
        assert sorted((mine == "won", other == "won")) == [False, True], (mine, other)
        assert "lost version" in (mine, other)


def test_two_processes_take_numbers(home: Elsewhere) -> None:
    """两个进程同时取号、同时用同一段租来的号：不重号、不跳号，租来的每个号只有一边用成。"""
    home.run("numbering.py", "lease")
    said = home.together([home.start("numbering.py", "race") for _ in range(2)])
    assert [len(lines) for lines in said] == [40, 40]
    got = [text for lines in said for text in lines if text != "refused"]
    assert sorted(got) == [f"TEST-REPORT-2026-{n:06}" for n in range(1, 71)]
    home.verify()
