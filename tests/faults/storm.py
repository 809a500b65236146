"""抢办测试里的进程：四个线程同时办同一件，或者同时开件。

用法：python storm.py 件 动作 次数 版本（0 为不核版本）；件写 new 是开件。
"""

from __future__ import annotations

import os
import sys
import threading

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "jiezhi.config.settings")
import django  # noqa: E402

django.setup()

from django.db import connection  # noqa: E402

from jiezhi.base.accounts.models import Officer  # noqa: E402
from jiezhi.base.casework import actions  # noqa: E402
from jiezhi.base.casework.outcome import Outcome  # noqa: E402

THREADS = 4


def main() -> None:
    case, action, count, version = sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4])
    who = Officer.objects.get(login="fenbo")
    inputs = {"to_unit": "law"} if action == "dispatch" else {"remark": "看过了"}
    print("ready", flush=True)
    sys.stdin.readline()

    def work() -> None:
        for _ in range(count // THREADS):
            if case == "new":
                result = actions.open_case("test.report", acting_officer=who, inputs={"subject": "一起来的"})
            else:
                result = actions.act(case, action, acting_officer=who, inputs=inputs, version=version or None)
            if isinstance(result, Outcome):
                said = f"won {result.number if case == 'new' else result.seq}"
            else:
                said = f"lost {','.join(one.code for one in result.refusal.missing)}"
            sys.stdout.write(said + "\n")
        connection.close()

    threads = [threading.Thread(target=work) for _ in range(THREADS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


main()
