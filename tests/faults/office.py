"""备份的故障测试里一直在办的进程：建街道，然后不停地登记、派单、延期、带照片答复，间或清扫。办完一件报一行。

用法：python office.py。数据库由 JIEZHI_HOME 决定。
"""

from __future__ import annotations

import os
from datetime import timedelta

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "jiezhi.config.settings")
import django  # noqa: E402

django.setup()

from django.core.management import call_command  # noqa: E402

from jiezhi.base.casework import files  # noqa: E402
from jiezhi.base.casework.testing import START, make_office  # noqa: E402
from jiezhi.base.casework.tests.lives import life, photo  # noqa: E402


def main() -> None:
    call_command("migrate", verbosity=0)
    office = make_office()
    for i in range(100_000):
        case = life(office, f"第{i}件", f"#{i % 0xFFFFFF:06x}")
        if i % 7 == 3:
            photo(f"#{0xFFFFFF - i:06x}")  # 传了没有用的，随后扫掉
            files.sweep(START + timedelta(days=9))
        print("done", i, case.number, flush=True)


main()
