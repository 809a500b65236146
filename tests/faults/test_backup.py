"""一直有人办、有人清扫的时候备份，杀掉备份，恢复到另一个位置：核验全库相符，一件不少。"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from jiezhi.base.archive import backupformat, keyring, restoring
from jiezhi.config.testing import private_database, rows
from jiezhi.core.evidence import Ed25519Signer

SCRIPT = Path(__file__).with_name("office.py")
SRC = Path(__file__).resolve().parents[2] / "src"
PASSWORD = "云桥街道二〇二六年的钥匙包口令"

pytestmark = pytest.mark.fault


class Office:
    """一个 JIEZHI_HOME 和它的库。"""

    def __init__(self, home: Path) -> None:
        self.home = home
        self.database = private_database(home)
        self.environment = os.environ | {
            "JIEZHI_HOME": str(home),
            "PYTHONPATH": str(SRC),
            "DJANGO_SETTINGS_MODULE": "jiezhi.config.settings",
            **self.database,
        }

    def run(self, *words: object, code: int | None = 0, given: str = "") -> Any:
        """一条命令一个进程；返回它的 JSON（要了的话）或印的话。"""
        done = subprocess.run(
            [sys.executable, "-m", "jiezhi.cli.main", *map(str, words)],
            env=self.environment, capture_output=True, text=True, input=given, check=False,
        )  # fmt: skip
        assert code is None or done.returncode == code, done.stdout + done.stderr
        return json.loads(done.stdout) if "--json" in words else done.stdout + done.stderr

    def count(self, table: str) -> int:
        return rows(self.home, self.database, f"SELECT count(*) FROM {table}")[0][0]


@pytest.fixture
def busy(tmp_path: Path) -> Iterator[Office]:
    """正在办的街道：进程一直在开件、办理、收材料、清扫。"""
    office = Office(tmp_path / "甲")
    office.home.mkdir()
    process = subprocess.Popen(
        [sys.executable, str(SCRIPT)], env=office.environment, stdout=subprocess.PIPE, text=True
    )
    try:
        assert process.stdout is not None
        for _ in range(5):
            assert process.stdout.readline().startswith("done")
        yield office
        assert process.poll() is None, "备份把办理弄停了"
    finally:
        process.send_signal(signal.SIGKILL)
        process.communicate()


def keys_of(office: Office, path: Path) -> Path:
    keyring.export(office.home / "keys", path, PASSWORD, office="云桥街道", now=datetime.now(UTC))
    return path


def test_backed_up_while_working_and_restored_on_another_machine(busy: Office, tmp_path: Path) -> None:
    root = tmp_path / "备份"
    before = busy.count("casework_case")
    first = busy.run("backup", root, "--json")
    single = busy.run("backup", tmp_path / "一份.zip", "--json")
    second = busy.run("backup", root, "--keep", 7, "--json")
    assert before <= first["counts"]["cases"] <= single["counts"]["cases"] <= second["counts"]["cases"]
    assert second["counts"]["cases"] > before, "备份的时候没有停办"
    assert first["lost"] == single["lost"] == second["lost"] == []
    package = keys_of(busy, tmp_path / "钥匙包")
    own = Ed25519Signer.from_seed((busy.home / "keys" / "sign.key").read_bytes()).public_key

    for source, made in ((second["path"], second), (single["path"], single)):
        other = Office(tmp_path / f"乙{Path(source).stem}")
        refused = other.run("restore", source, "--home", other.home, code=1)
        assert "请写上 --key" in refused and not other.home.exists(), "没有人核对指纹就不恢复"
        said = other.run("restore", source, "--home", other.home, "--key", own.hex(), "--yes")
        assert "放回钥匙" in said and "verify --database" in said
        # 钥匙没有放回之前，什么也不做，更不会新造一把。
        assert "原来的钥匙还没有放回" in other.run("verify", "--database", code=1)
        assert not list((other.home / "keys").glob("*.key"))
        back = other.run("keys", "import", package, "--password-stdin", "--json", given=PASSWORD + "\n")
        assert back["fingerprint"] == restoring.examine(Path(source)).mark
        report = other.run("verify", "--database", "--json")
        assert report["ok"] and report["faults"] == []
        assert report["counts"]["件"] == made["counts"]["cases"] == other.count("casework_case")
        assert report["counts"]["办理记录"] == made["counts"]["events"]
        assert report["counts"]["材料"] == made["files"] > 0


def test_killed_while_backing_up(busy: Office, tmp_path: Path) -> None:
    root = tmp_path / "备份"
    good = busy.run("backup", root, "--json")
    words = [sys.executable, "-m", "jiezhi.cli.main", "backup", str(root)]
    for delay in (0.6, 0.9, 1.2, 1.5):
        process = subprocess.Popen(
            words, env=busy.environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        time.sleep(delay)
        process.send_signal(signal.SIGKILL)
        process.wait()
        for one in backupformat.snapshots(root):
            assert restoring.examine(one).problems == (), "名字里有的都是完整的一份"
    assert restoring.examine(Path(good["path"])).problems == ()
    last = busy.run("backup", root, "--json")
    assert restoring.examine(Path(last["path"])).problems == () and not list(root.glob(".making-*"))


def test_killed_while_replacing_the_package(busy: Office, tmp_path: Path) -> None:
    """每晚备成同一个文件：断在哪里，旧的或新的总有一份完好。"""
    target = tmp_path / "夜备.zip"
    busy.run("backup", target, "--json")
    words = [sys.executable, "-m", "jiezhi.cli.main", "backup", str(target)]
    for delay in (0.9, 1.2, 1.5, 1.8, 2.1):
        process = subprocess.Popen(
            words, env=busy.environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        time.sleep(delay)
        process.send_signal(signal.SIGKILL)
        process.wait()
        assert restoring.examine(target).problems == ()
    last = busy.run("backup", target, "--json")
    assert last["ok"] and restoring.examine(target).manifest.counts == last["counts"]
    assert [one.name for one in tmp_path.glob("*夜备*")] == ["夜备.zip"], "没有留下半份"
