"""推送的故障测试里被杀的进程：送出去、正在记的时候把自己杀掉。

用法：python pusher.py setup <接收方网址> | push <第几批记的时候杀，0 为不杀> <第几次来>
"""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "jiezhi.config.settings")
import django  # noqa: E402

django.setup()

from jiezhi.base.accounts.models import Officer  # noqa: E402
from jiezhi.base.casework import actions, outbox, outgoing  # noqa: E402
from jiezhi.base.casework.models import Delivery  # noqa: E402
from jiezhi.base.casework.testing import START, make_office  # noqa: E402
from jiezhi.connect.hooks import actions as hooks  # noqa: E402
from jiezhi.connect.hooks import pushing  # noqa: E402

CASES = 60


def setup(url: str) -> None:
    from django.core.management import call_command

    call_command("migrate", verbosity=0)
    dispatcher = make_office().dispatcher
    for n in range(2):
        hooks.create(name=f"平台{n}", url=url, officer=dispatcher, acting_officer=None, now=START)
    who = Officer.objects.get(login="fenbo")
    for n in range(CASES):
        done = actions.open_case("test.report", acting_officer=who, inputs={"subject": f"第{n}件"}, now=START)
        assert done.ok, str(done)


def push(fatal: int) -> None:
    times = 0

    def record(rows: Sequence[Delivery], now: datetime, brought: Sequence[Any]) -> Any:
        nonlocal times
        times += 1
        done = pushing.record(rows, now, brought)
        if times == fatal:
            os.kill(os.getpid(), signal.SIGKILL)
        return done

    outgoing.carrier("webhook", prepare=pushing.prepare, carry=pushing.carry, record=record)
    # 每一次重来都在租期之后。
    now = START + timedelta(minutes=5) * int(sys.argv[3])
    while outbox.waiting(now).exists():
        outbox.drain(now)


if sys.argv[1] == "setup":
    setup(sys.argv[2])
else:
    push(int(sys.argv[2]))
