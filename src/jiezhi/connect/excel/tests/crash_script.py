"""导到一半被杀死(kill -9),再接着导。由 test_crash.py 在单独的进程里运行,用真正的库文件。

对每个下手的时机:复制一份开始之前的库,子进程导到那里自杀,本进程接着导完,印出结果(JSON 一行)。
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import django

django.setup()

from django.conf import settings  # noqa: E402
from django.core.management import call_command  # noqa: E402
from django.db import connections  # noqa: E402

from jiezhi.base.casework import matters  # noqa: E402
from jiezhi.base.casework.engine.work import Work  # noqa: E402
from jiezhi.base.casework.models import Case, Event  # noqa: E402
from jiezhi.base.casework.testing import START, make_office  # noqa: E402
from jiezhi.config.testing import Snapshot  # noqa: E402
from jiezhi.connect.excel import actions  # noqa: E402
from jiezhi.connect.excel.models import ImportRow, ImportRun  # noqa: E402
from jiezhi.connect.excel.tests import build  # noqa: E402
from jiezhi.core.procedure.loader import load_folder  # noqa: E402

NOW = datetime(2026, 8, 10, 1, 0, tzinfo=UTC)
ROWS, BATCH = 23, 5


def die(after: int, function: Callable[..., Any], *, first: bool) -> Callable[..., Any]:
    """第 `after` 次调用时自杀:`first` 在做之前,否则做完之后。"""
    calls = [0]

    def wrapped(*args: Any, **kwargs: Any) -> Any:
        calls[0] += 1
        if calls[0] == after and first:
            os.kill(os.getpid(), signal.SIGKILL)
        found = function(*args, **kwargs)
        if calls[0] == after:
            os.kill(os.getpid(), signal.SIGKILL)
        return found

    return wrapped


POINTS: dict[str, Callable[[], None]] = {
    "第二批办好、还没有写库": lambda: setattr(Work, "flush", die(2, Work.flush, first=True)),
    "第二批件已写、结果还没有写": lambda: setattr(Work, "flush", die(2, Work.flush, first=False)),
    "第三批结果已写、还没有提交": lambda: setattr(actions, "_count", die(3, actions._count, first=False)),
    "第三批刚提交": lambda: setattr(actions, "_commit", die(3, actions._commit, first=False)),
    "全部导完、还没有写“已完成”": lambda: setattr(actions, "_finish", die(1, actions._finish, first=True)),
}


def prepare() -> None:
    call_command("migrate", verbosity=0)
    office = make_office()
    packs = load_folder(settings.PACKS_DIR)
    matters.publish(packs.matters["hotline.order"].definition, now=START)
    head = ["工单编号", "来电时间", "标题", "诉求内容"]
    rows = [[f"GZ{i:03}", "2026-08-03 09:30", "" if i == 7 else f"第{i}件", "内容"] for i in range(ROWS)]
    content = build.table(head, *rows, ["合计", ROWS])
    actions.start_import("hotline.order", content, name="a.xlsx", acting_officer=office.dispatcher, now=NOW)


def state(status: str) -> dict[str, Any]:
    run = ImportRun.objects.get()
    return {
        "killed": status,
        "status": run.status,
        "counts": [run.opened, run.repeated, run.refused, run.skipped],
        "cases": Case.objects.count(),
        "events": Event.objects.count(),
        "numbers": Case.objects.values("number").distinct().count(),
        "rows": ImportRow.objects.count(),
        "last_row": run.last_row,
    }


def main() -> None:
    prepare()
    connections.close_all()
    clean = Snapshot(settings.DATABASES["default"])
    for name, arm in POINTS.items():
        clean.restore()
        child = os.fork()
        if child == 0:
            arm()
            actions.run_import(ImportRun.objects.get(), now=NOW, batch=BATCH)
            os._exit(0)
        _, status = os.waitpid(child, 0)
        killed = str(os.WTERMSIG(status) if os.WIFSIGNALED(status) else 0)
        half = state(killed)
        actions.resume_import(ImportRun.objects.get(), now=NOW, batch=BATCH)
        print(json.dumps({"point": name, "half": half, "whole": state(killed)}))
        connections.close_all()


if __name__ == "__main__":
    shutil.rmtree(settings.HOME / "imports", ignore_errors=True)
    main()
    sys.exit(0)
