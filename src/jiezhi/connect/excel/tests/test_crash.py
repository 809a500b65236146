"""导到一半被杀死:接着导,一行不丢、一行不重。"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from jiezhi.config.testing import private_database

SCRIPT = Path(__file__).with_name("crash_script.py")


@pytest.mark.fault
def test_killed_at_any_moment_and_resumed(tmp_path: Path) -> None:
    source = Path(__file__).parents[4]
    env = {
        **os.environ,
        "JIEZHI_HOME": str(tmp_path),
        "JIEZHI_KEYS": str(tmp_path / "keys"),
        "DJANGO_SETTINGS_MODULE": "jiezhi.config.settings",
        "PYTHONPATH": str(source),
        **private_database(tmp_path),
    }
    done = subprocess.run([sys.executable, str(SCRIPT)], env=env, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-2000:]
    told = [json.loads(line) for line in done.stdout.splitlines()]
    assert len(told) == 5
    for item in told:
        half, whole = item["half"], item["whole"]
        assert half["killed"] == str(int(signal.SIGKILL)), item
        # 死的时候:件、办理记录、逐行结果一样多,没有半截的批。
        assert half["cases"] == half["events"] == half["counts"][0] and half["status"] != "已完成", item
        assert half["rows"] == sum(half["counts"]) and half["cases"] % 5 in (0, 4, 2), item
        # 接着导完:二十三行,一行没有标题,一行合计。
        assert whole["counts"] == [22, 0, 1, 1] and whole["status"] == "已完成", item
        assert whole["cases"] == whole["events"] == whole["numbers"] == 22 and whole["rows"] == 24, item
    assert [item["half"]["last_row"] for item in told] == [6, 6, 11, 16, 24]
