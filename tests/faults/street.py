"""故障测试里被杀的进程：不停地开件、办理、做后续发送，办成一件就在标准输出报一行。

用法：python street.py setup|act|outbox <起始序号>（outbox 给了就等放行）。数据库由 JIEZHI_HOME 决定。
"""

from __future__ import annotations

import os
import sys
from datetime import timedelta

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "jiezhi.config.settings")
import django  # noqa: E402

django.setup()

from jiezhi.base.accounts.models import Officer  # noqa: E402
from jiezhi.base.casework import actions, outbox  # noqa: E402
from jiezhi.base.casework.outcome import Outcome  # noqa: E402
from jiezhi.base.casework.testing import START, make_office  # noqa: E402

HOUR = timedelta(hours=1)


def say(*words: object) -> None:
    print(*words, flush=True)


def act_forever(first: int) -> None:
    dispatcher, clerk = Officer.objects.get(login="fenbo"), Officer.objects.get(login="jingban")
    say("ready")
    for i in range(first, first + 100_000):
        opened = actions.open_case(
            "test.report", acting_officer=dispatcher, inputs={"subject": f"第{i}件"}, now=START, key=f"o{i}"
        )
        assert isinstance(opened, Outcome), str(opened)
        say("opened", i, opened.uid)
        sent = actions.act(
            opened.uid,
            "dispatch",
            acting_officer=dispatcher,
            inputs={"to_unit": "law"},
            now=START + HOUR,
            key=f"d{i}",
        )
        assert sent.ok, str(sent)
        say("dispatched", i, opened.uid)
        if i % 3 == 0:
            answered = actions.act(
                opened.uid,
                "answer",
                acting_officer=clerk,
                inputs={"reply": "已经处理好"},
                now=START + 2 * HOUR,
                key=f"a{i}",
            )
            assert answered.ok, str(answered)
            say("answered", i, opened.uid)


def drain_forever(*, wait: bool = False) -> None:
    say("ready")
    if wait:
        sys.stdin.readline()
    while True:
        done = outbox.drain(START + timedelta(days=1), limit=7)
        say("drained", done.done)
        if not done.done:
            return


def main() -> None:
    if sys.argv[1] == "setup":
        from django.core.management import call_command

        call_command("migrate", verbosity=0)
        make_office()
    elif sys.argv[1] == "act":
        act_forever(int(sys.argv[2]))
    else:
        drain_forever(wait=len(sys.argv) > 2)


main()
