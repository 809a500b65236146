"""真实数据试用各步共用：数据放在哪里、印进度、计时。"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
MESSAGES = "citizen_messages/messages.xlsx"
REPLIES = "citizen_messages/replies.xlsx"
RAW = "citizen_messages/labelled_raw.csv"
TOKENS = "citizen_messages/labelled_tokens.tsv"
STREETS = "geo/streets.geojson"
COMMUNITIES = "geo/communities.geojson"
GRIDS = "geo/grids.geojson"
EVENTS = "geo/events.geojson"
WANTED = {
    MESSAGES: "网上留言表，Excel，列：留言编号、留言用户、留言主题、留言时间、留言详情",
    REPLIES: "留言与答复表，Excel，列：同上，加答复意见、答复时间",
    RAW: "已归类的留言，CSV，列：留言主题、留言详情、一级标签",
    TOKENS: "已归类、已分词的留言，制表符分隔，列：label、tokens",
    STREETS: "街道边界，GeoJSON，属性：街道、街道编码",
    COMMUNITIES: "社区边界，GeoJSON，属性：社区、社区编码、街道编码",
    GRIDS: "网格边界，GeoJSON，属性：所属组织、网格编号",
    EVENTS: "网格事件，GeoJSON 点，属性：上报部门",
}

Figures = dict[str, Any]


@dataclass
class Watch:
    """用了几秒。"""

    seconds: float = 0.0


@contextmanager
def timed() -> Iterator[Watch]:
    """`with timed() as watch`：出来后 `watch.seconds` 是用时。"""
    watch = Watch()
    start = time.perf_counter()
    try:
        yield watch
    finally:
        watch.seconds = time.perf_counter() - start


def say(text: str) -> None:
    """印一行进度。"""
    print(f"[{time.strftime('%H:%M:%S')}] {text}", flush=True)


def check_data(folder: Path) -> None:
    """数据齐不齐；缺什么、怎样办，一次说全再退出。"""
    if not folder.is_dir():
        sys.exit(
            f"找不到数据文件夹“{folder}”。请用 --data 给出放试用数据的文件夹，里面应有：\n{_listing(WANTED)}"
        )
    missing = {name: what for name, what in WANTED.items() if not (folder / name).is_file()}
    if missing:
        sys.exit(f"数据文件夹里缺这些文件，请放好后再运行（数据不随本项目分发）：\n{_listing(missing)}")


def _listing(files: dict[str, str]) -> str:
    return "\n".join(f"  {name}（{what}）" for name, what in files.items())


def conditions(command: str) -> Figures:
    """测的条件：命令、机器、版本。"""
    return {
        "command": command,
        "machine": f"{os.cpu_count()} 核虚拟机",
        "python": ".".join(map(str, sys.version_info[:3])),
        "commit": _commit(),
        "load": [os.getloadavg()[0]],
        "day": time.strftime("%Y-%m-%d"),
    }


def _commit() -> str:
    try:
        found = subprocess.run(
            ["git", "rev-parse", "--short", "HEAD"], cwd=ROOT, capture_output=True, text=True, check=True
        ).stdout.strip()
        changed = subprocess.run(
            ["git", "status", "--porcelain", "--", "src"],
            cwd=ROOT,
            capture_output=True,
            text=True,
            check=True,
        ).stdout.strip()
    except (OSError, subprocess.CalledProcessError):
        return "不明"
    return f"{found}（另有未提交的改动）" if changed else found


def discard() -> None:
    """删去一次性的库。只认测速自己在临时目录里建的，别的数据目录不碰。"""
    home = Path(os.environ.get("JIEZHI_HOME", ""))
    if home.parent == Path(tempfile.gettempdir()) and home.name.startswith("jiezhi-bench-"):
        shutil.rmtree(home, ignore_errors=True)


def database_size() -> int:
    """数据库字节数（先把预写日志并进去）。"""
    from django.conf import settings
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    return (Path(settings.HOME) / "jiezhi.sqlite3").stat().st_size
