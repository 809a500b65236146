"""各项测速共用：一次性的库、演示街道、结果的写法。"""

from __future__ import annotations

import os
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path


def fresh_database(home: Path | None = None) -> Path:
    """在临时目录（或 `home`）里建一个空库（SQLite WAL、FULL），返回目录。必须在引入 Django 模型之前调用。"""
    home = home or Path(tempfile.mkdtemp(prefix="jiezhi-bench-"))
    os.environ["JIEZHI_HOME"] = str(home)
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "jiezhi.config.settings")
    import django

    django.setup()
    from django.core.management import call_command

    call_command("migrate", verbosity=0)
    return home


def rate(label: str, count: int, work: Callable[[], None], rounds: int = 5) -> float:
    """跑 `rounds` 轮，每轮 `count` 次，印出每秒次数的最低、中位、最高，返回中位。"""
    found = []
    for _ in range(rounds):
        start = time.perf_counter()
        work()
        found.append(count / (time.perf_counter() - start))
    middle = statistics.median(found)
    print(
        f"{label}：每秒 {min(found):,.0f} / {middle:,.0f} / {max(found):,.0f}（最低/中位/最高，{rounds} 轮 × {count:,}）"
    )
    return middle


def demo_street(*, cases: bool = False, home: Path | None = None) -> None:
    """空库、公布业务模板、装好演示街道；`cases` 为真时带演示的件。"""
    fresh_database(home)
    from django.conf import settings

    from jiezhi.cli.packs import publish_all
    from jiezhi.demo.install import install_street

    refused = publish_all(Path(settings.PACKS_DIR))
    assert not refused, refused
    install_street(cases=cases)
