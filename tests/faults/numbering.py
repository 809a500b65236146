"""抢号的进程：等标准输入给一个字，各开 30 件，夹着抢用同一段租来的号；每件报一行。

用法：python numbering.py lease|race。数据库由环境变量决定。
"""

from __future__ import annotations

import os
import sys
from datetime import timedelta

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "jiezhi.config.settings")
import django  # noqa: E402

django.setup()

from jiezhi.base.accounts.models import Officer  # noqa: E402
from jiezhi.base.casework import actions, numbers  # noqa: E402
from jiezhi.base.casework.outcome import Outcome  # noqa: E402
from jiezhi.base.casework.testing import START  # noqa: E402

WHO = Officer.objects.get(login="fenbo")


def opened(**more: object) -> None:
    result = actions.open_case(
        "test.report", acting_officer=WHO, inputs={"subject": "抢号"}, now=START, **more
    )
    print(result.number if isinstance(result, Outcome) else "refused", flush=True)


if sys.argv[1] == "lease":
    until = START + timedelta(days=1)
    numbers.lease_range(
        "test.report", "case", 10, officer=WHO, valid_until=until, acting_officer=None, now=START
    )
else:
    print("ready", flush=True)
    sys.stdin.readline()
    for i in range(1, 31):
        opened()
        if i <= 10:
            opened(leased={"case": f"TEST-REPORT-2026-{i:06}"})
