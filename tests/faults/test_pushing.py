"""推送：送出去而没有记下就被 kill -9，重来之后一条不丢，重送的标识相同，日志和送到的对得上。"""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path

import pytest

from jiezhi.config.testing import Elsewhere
from jiezhi.connect.hooks.tests.receiver import receiving

pytestmark = pytest.mark.fault


def test_killed_between_sent_and_recorded(tmp_path: Path) -> None:
    home = Elsewhere(tmp_path, Path(__file__).parent)
    home.environment["JIEZHI_NETWORKS"] = "127.0.0.0/8"
    with receiving() as receiver:
        home.run("pusher.py", "setup", receiver.url)
        for again, fatal in enumerate((1, 2, 4)):
            killed = subprocess.run(
                [sys.executable, str(Path(__file__).parent / "pusher.py"), "push", str(fatal), str(again)],
                env=home.environment,
                check=False,
            )
            assert killed.returncode == -signal.SIGKILL
        sent = [headers["webhook-id"] for headers in receiver.headers]
        (recorded,) = home.look("SELECT count(*) FROM hooks_attempt")[0]
        assert len(sent) > recorded, "有送出去而没有记下的"
        home.run("pusher.py", "push", "0", "3")
    ids = [headers["webhook-id"] for headers in receiver.headers]
    assert len(set(ids)) == 120 < len(ids), "一条不丢；重送的标识相同"
    bodies = {one: body for one, (_, body) in zip(ids, receiver.got, strict=True)}
    assert all(bodies[one] == body for one, (_, body) in zip(ids, receiver.got, strict=True)), "正文一字不差"
    kept = home.look("SELECT count(*), count(DISTINCT message) FROM hooks_attempt WHERE ok")
    assert kept == [(120, 120)], "每条记一次送到"
    assert home.look("SELECT count(*) FROM casework_delivery WHERE done_at IS NULL") == [(0,)]
    home.verify()
