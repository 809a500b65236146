"""worker 的速度：后续发送（自动派单、通知）、网络推送、核对十万个时限。

用法：python bench/worker.py [--orders 3000] [--clocks 100000]
      JIEZHI_PG_FSYNC=on bash tests/postgres.sh python bench/worker.py …
件是从门里开的；时限那一项照一条真的时限抄出行来（直接写库，只为了有那么多在走的）。接收推送的是本机另一个进程
（bench/receiver.py），也占这台机器的处理器。每项后面的“处理器”是 worker 这个进程自己用的，机器忙的时候看它。
"""

from __future__ import annotations

import argparse
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta

from common import demo_street
from receiver import receiver

demo_street()

from django.conf import settings  # noqa: E402
from django.db import connection, transaction  # noqa: E402
from django.db.models import Count  # noqa: E402
from django.utils import timezone  # noqa: E402

from jiezhi.base.accounts.models import Officer  # noqa: E402
from jiezhi.base.casework import actions, outbox  # noqa: E402
from jiezhi.base.casework.models import Clock, Delivery  # noqa: E402
from jiezhi.connect.hooks import actions as hooks  # noqa: E402
from jiezhi.connect.hooks.signing import new_secret  # noqa: E402
from jiezhi.demo.street import build_street  # noqa: E402
from jiezhi.services.dispatch.session import prefetch  # noqa: E402

BATCH = 500
PLAN = build_street()


def main() -> None:
    given = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    given.add_argument("--orders", type=int, default=3000)
    given.add_argument("--clocks", type=int, default=100_000)
    asked = given.parse_args()
    print(f"数据库 {connection.vendor}，负载 {os.getloadavg()[0]:.1f}")
    now = timezone.now()
    orders(0, asked.orders, now)
    with timed("自动派单", "auto"):
        drain(now)
    with timed("通知", "notify"):
        drain(now)
    pushes(asked.orders, now)
    clocks(asked.clocks, now)
    print(f"负载 {os.getloadavg()[0]:.1f}")


def orders(first: int, count: int, now: datetime) -> None:
    """开 `count` 件热线工单；每件排下一条自动派单。"""
    clerk = Officer.objects.get(login=PLAN.holders("hotline_clerk")[0].login)

    def entry(i: int) -> actions.Entry:
        report, building = PLAN.reports[i % len(PLAN.reports)], PLAN.buildings[i % len(PLAN.buildings)]
        spot = {"lon": str(building.lon), "lat": str(building.lat), "address": building.address}
        inputs = {
            "subject": report.text[:30],
            "content": report.text,
            "spot": spot,
            "reporter": {"name": report.reporter, "phone": f"139{i:08}"},
            "category": f"{report.category}/{report.subcategory}",
        }
        number = {"number": f"RX{i:09}"}
        return actions.Entry(action="receive", matter="hotline.order", inputs=inputs, origin=number)

    made = actions.act_many(
        map(entry, range(first, first + count)),
        actor=actions.import_actor(clerk),
        now=now,
        prepare=prefetch,
    )
    assert all(one.ok for one in made), [str(one) for one in made if not one.ok][:3]


def drain(now: datetime) -> None:
    """一轮一轮做到没有该做的；这一轮里新排下的留给下一项量。"""
    last = Delivery.objects.order_by("-pk").values_list("pk", flat=True).first() or 0
    while outbox.waiting(now).filter(pk__lte=last).exists():
        outbox.drain(now, limit=BATCH)


@contextmanager
def timed(label: str, kind: str) -> Iterator[None]:
    """量做完了多少条 `kind`；没有做成的也照数说。"""
    rows = Delivery.objects.filter(kind__startswith=kind)
    before = rows.exclude(done_at=None).count()
    start, busy = time.perf_counter(), time.process_time()
    yield
    took, busy = time.perf_counter() - start, time.process_time() - busy
    done = rows.exclude(done_at=None).count() - before
    others = list(
        Delivery.objects.filter(done_at=None).values("kind").order_by("kind").annotate(many=Count("pk"))
    )
    left = "、".join(f"{one['kind']} {one['many']}" for one in others) or "没有"
    rate = f"每秒 {done / took:,.0f}，处理器每条 {busy / done * 1000:.2f} 毫秒"
    print(f"{label}：{done} 条，{took:.2f} 秒，{rate}；还等着的：{left}", flush=True)


def pushes(count: int, now: datetime) -> None:
    """一个订阅、四个订阅，都推给本机。"""
    settings.OUTGOING_NETWORKS = ["127.0.0.0/8"]
    head = Officer.objects.get(login=PLAN.holders("office_head")[0].login)
    secret = new_secret()
    with receiver(secret) as url:
        for subscribers in (1, 3):
            for n in range(subscribers):
                hooks.create(
                    name=f"平台{subscribers}-{n}", url=url, officer=head, acting_officer=None, secret=secret
                )
            orders(count * (subscribers + 2), count // 3, now)
            Delivery.objects.filter(done_at=None).exclude(kind__startswith="webhook").update(done_at=now)
            total = Delivery.objects.filter(done_at=None).values("kind").distinct().count()
            moment = timezone.now()
            with timed(f"网络推送（{total} 个订阅）", "webhook"):
                drain(moment)


def clocks(count: int, now: datetime) -> None:
    """十万个在走的时限：都没到期、到期一千个、全部到期各核对一遍。"""
    Clock.objects.filter(status="running").update(fired_at=now)
    like = Clock.objects.filter(name="handle").first() or Clock.objects.first()
    assert like is not None
    cases = list(Clock.objects.order_by("case_id").values_list("case_id", flat=True).distinct())
    rows = []
    with transaction.atomic():
        for n in range(count):
            row = Clock(**{f.attname: getattr(like, f.attname) for f in Clock._meta.concrete_fields})
            row.pk, row.case_id, row.name, row.round = None, cases[n % len(cases)], f"bench{n % 9}", 1000 + n
            row.status, row.fired_at, row.due_at = "running", None, now + timedelta(days=1, seconds=n)
            rows.append(row)
        Clock.objects.bulk_create(rows, batch_size=2000)
    begun = now + timedelta(days=1)
    for label, moment in (
        ("都没到期", now),
        ("到期 1,000 个", begun + timedelta(seconds=999)),
        ("其余全部到期", begun + timedelta(seconds=count)),
    ):
        start, fired = time.perf_counter(), 0
        while some := outbox.fire_clocks(moment):
            fired += some
        took = time.perf_counter() - start
        print(f"核对 {count:,} 个时限，{label}：处理 {fired:,} 个，{took:.2f} 秒", flush=True)


if __name__ == "__main__":
    main()
