"""列表页和件页的服务端用时：一个大库，几种人，逐页量。用法：python bench/lists.py --home 目录 [--rounds 9]

先用 fill.py 灌好（同一个 --home；PostgreSQL 要在同一次 tests/postgres.sh 里先灌后量：加 --fill 件数）。
量的是一次完整的请求：中间件、登录核对、查询、模板渲染，用 Django 的测试客户端在进程里发，不含网络；每页先热身一次。
同时记处理器用时（本进程），机器忙的时候看它。每页的查询数一并列出。
"""

from __future__ import annotations

import argparse
import os
import statistics
import time
from pathlib import Path
from typing import Any


def main() -> None:
    given = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    given.add_argument("--home", type=Path)
    given.add_argument("--fill", type=int, help="先灌这么多件")
    given.add_argument("--rounds", type=int, default=9)
    given.add_argument("--only", default="", help="只量名称里有这几个字的")
    given.add_argument("--slow", type=float, default=0, help="只印中位数超过这么多毫秒的")
    asked = given.parse_args()
    if asked.fill:
        from fill import fill

        fill(asked.fill, asked.home)
    else:
        os.environ["JIEZHI_HOME"] = str(asked.home)
        os.environ.setdefault("DJANGO_SETTINGS_MODULE", "jiezhi.config.settings")
        import django

        django.setup()
    Run(asked.rounds, asked.only, asked.slow).all()


class Run:
    """一次测速。"""

    def __init__(self, rounds: int, only: str, slow: float) -> None:
        from django.conf import settings
        from django.db import connection

        settings.ALLOWED_HOSTS = ["testserver"]
        settings.STORAGES["staticfiles"] = {
            "BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"
        }
        self.rounds, self.only, self.slow = rounds, only, slow
        self.connection = connection
        self.groups: dict[str, list[float]] = {}

    def all(self) -> None:
        from jiezhi.base.casework.models import Case

        print(
            f"{self.connection.vendor}，件 {Case.objects.count():,}，在办 {Case.objects.filter(closed_at=None).count():,}，"
        )
        print(f"负载 {os.getloadavg()[0]:.1f}；毫秒，每页 {self.rounds} 次\n")
        print(f"{'':<44}{'中位':>7}{'p95':>8}{'处理器':>7}{'查询':>5}")
        for title, officer in people().items():
            for name, query in pages(officer).items():
                self.page(f"{title}·{name}", officer, f"/?{query}" if query else "/", "列表")
        self.cases()
        print()
        for group, taken in self.groups.items():
            print(
                f"{group}：{len(taken)} 次，中位 {statistics.median(taken):.0f}，p95 {at(taken, 0.95):.0f}，最长 {max(taken):.0f}"
            )
        print(f"负载 {os.getloadavg()[0]:.1f}")

    def cases(self) -> None:
        """件页：在办的、办结的、办理记录多的。"""
        from django.urls import reverse

        from jiezhi.base.casework.models import Case

        officer = people()["分拨员"]
        rows = Case.objects.filter(confidential=False).exclude(area_path="")
        for name, found in (
            ("在办", rows.filter(closed_at=None, matter="report.snapshot", state="handling").first()),
            ("待分派", rows.filter(closed_at=None, matter="report.snapshot", state="new").first()),
            ("办结", rows.exclude(closed_at=None).filter(matter="report.snapshot").first()),
            ("热线办结", rows.exclude(closed_at=None).filter(matter="hotline.order").first()),
        ):
            if found is not None:
                self.page(
                    f"件页·{name}（{found.seq} 条办理记录）",
                    officer,
                    reverse("office:case", args=[found.uid]),
                    "件页",
                )

    def page(self, name: str, officer: Any, address: str, group: str) -> None:
        from django.test import Client
        from django.test.utils import CaptureQueriesContext

        if self.only not in name:
            return
        client = Client()
        client.force_login(officer, backend="django.contrib.auth.backends.ModelBackend")
        with CaptureQueriesContext(self.connection) as asked:
            answer = client.get(address)
            count = len(asked)
        assert answer.status_code == 200, (address, answer.status_code)
        taken, work = [], []
        for _ in range(self.rounds):
            began, busy = time.perf_counter(), time.process_time()
            client.get(address)
            taken.append((time.perf_counter() - began) * 1000)
            work.append((time.process_time() - busy) * 1000)
        self.groups.setdefault(group, []).extend(taken)
        if statistics.median(taken) >= self.slow:
            wide = 44 - sum(ord(one) > 255 for one in name)
            print(
                f"{name:<{wide}}{statistics.median(taken):>9.1f}{at(taken, 0.95):>9.1f}{statistics.median(work):>9.1f}{count:>6}",
                flush=True,
            )


def at(values: list[float], share: float) -> float:
    """分位数。"""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(len(ordered) * share))]


def people() -> dict[str, Any]:
    """最坏的、最平常的、轮到才看得见的。"""
    from jiezhi.base.accounts.models import Officer
    from jiezhi.demo.street import build_street

    plan = build_street()

    def one(post: str, unit: str = "") -> Officer:
        return Officer.objects.get(login=plan.holders(post, unit)[0].login)

    return {
        "分拨员": one("dispatcher"),
        "办事处主任": one("office_head"),
        "忙的科室经办人": one("unit_clerk", "construction"),
        "闲的科室经办人": one("unit_clerk", "economy"),
        "法制审核员": one("legal_reviewer"),
        "便民中心负责人": one("service_chief"),
        "社区负责人": one("community_lead"),
        "网格员": one("grid_worker"),
    }


def pages(officer: Any) -> dict[str, str]:
    """要量的各页：名称 → 网址里“?”之后的。"""
    from jiezhi.base.casework.models import Case, CaseParty
    from jiezhi.base.registry.models import Area

    case = Case.objects.exclude(closed_at=None).filter(matter="hotline.order").order_by("pk")[5]
    area = Area.objects.filter(level="grid").order_by("path")[3].code
    community = Area.objects.filter(level="community").order_by("path")[1].code
    assert CaseParty.objects.exists()
    plain = {
        "待办": "scope=all",
        "待办第20页": "scope=all&p=20",
        "我经办的": "scope=mine",
        "本单位的": "scope=unit",
        "自己和本单位的": "scope=own",
        "业务": "scope=all&matter=hotline.order",
        "业务环节": "scope=all&matter=report.snapshot&state=handling",
        "单位": "scope=all&unit=enforcement",
        "网格": f"scope=all&area={area}",
        "社区": f"scope=all&area={community}",
        "字段": "scope=all&matter=hotline.order&f-category=城乡建设/占道经营",
        "少见字段": "scope=all&matter=report.snapshot&f-rating=2",
        "词": "scope=all&q=路灯",
        "常见词": "scope=all&q=处理",
        "两个词": "scope=all&q=路灯 没有人清运",
        "一句话": "scope=all&q=消防通道堵住出口请尽快处理",
        "门牌": "scope=all&q=云桥苑",
        "查无此词": "scope=all&q=龙舟赛",
        "编号": f"scope=all&q={case.number}",
        "编号末六位": f"scope=all&q={case.number[-6:]}",
        "姓名": "scope=all&q=王建国",
        "电话": "scope=all&q=13800138001",
        "后四位": "scope=all&q=8001",
    }
    found = {f"在办·{name}": query for name, query in plain.items()}
    found |= {f"在办·{light}": f"scope=all&light={light}" for light in ("超期", "临期", "正常")}
    for key, title in (("closed", "办结"), ("any", "全部")):
        found |= {f"{title}·{name}": f"{query}&open={key}" for name, query in plain.items()}
    return found


if __name__ == "__main__":
    main()
