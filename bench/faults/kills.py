"""kill -9 一千次：两个办件的进程（各四个线程）和一个 worker 同时跑，在随机的时刻一起杀掉，重来。

之后核对：报过办成的一件不丢、一件不重，没有报过的重发一遍也不重，通知不多不少，编号不跳，每条链完整、每件重放相符。
用法：python bench/faults/kills.py [次数]          （SQLite）
      JIEZHI_PG_FSYNC=on bash tests/postgres.sh python bench/faults/kills.py [次数]
                                                （PostgreSQL；每二十次另杀一个数据库进程，所以要落盘才答复）
"""

from __future__ import annotations

import os
import random
import signal
import sys
import tempfile
import threading
import time
from datetime import timedelta
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
HOME = Path(tempfile.mkdtemp(prefix="jiezhi-kills-"))
os.environ["JIEZHI_HOME"] = str(HOME)
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "jiezhi.config.settings")

from jiezhi.config.testing import private_database  # noqa: E402

os.environ.update(private_database(HOME))
import django  # noqa: E402

django.setup()

from django.core.management import call_command  # noqa: E402
from django.db import OperationalError, connection, connections  # noqa: E402
from django.utils import timezone  # noqa: E402

from jiezhi.base.accounts.models import Officer  # noqa: E402
from jiezhi.base.casework import actions, outbox, queries  # noqa: E402
from jiezhi.base.casework.integrity import verify_database  # noqa: E402
from jiezhi.base.casework.models import Case, Delivery, Event, Notice  # noqa: E402
from jiezhi.base.casework.outcome import Outcome  # noqa: E402
from jiezhi.base.casework.testing import make_office  # noqa: E402

SEED = 20261122
DESKS, THREADS = 2, 4
BACKEND_EVERY = 20
LINE = 50  # 日志一行大约几个字节
JOURNAL = HOME / "journal"


class Journal:
    """办之前记“要办”，答复办成之后记“办成”；一行一次写，进程被杀也在。"""

    def __init__(self) -> None:
        self.handle = os.open(JOURNAL, os.O_WRONLY | os.O_APPEND | os.O_CREAT)

    def say(self, *words: str) -> None:
        os.write(self.handle, (" ".join(words) + "\n").encode())


def told() -> tuple[dict[str, str], dict[str, str]]:
    """（要办过的请求 → 内容，报过办成的请求 → 件）。"""
    tried, done = {}, {}
    for line in JOURNAL.read_text().splitlines() if JOURNAL.exists() else ():
        what, key, rest = line.split(" ")
        (tried if what == "要办" else done)[key] = rest
    return tried, done


def desk_people() -> dict[str, Officer]:
    return {one.login: one for one in Officer.objects.filter(login__in=["fenbo", "jingban"])}


def submit(people: dict[str, Officer], key: str, case: str) -> Outcome:
    """照请求标识的头一个字母开件、派单、答复；同一个请求再来，内容一字不差。"""
    if key[0] == "o":
        result = actions.open_case(
            "test.report", acting_officer=people["fenbo"], inputs={"subject": f"第{key}件"}, key=key
        )
    elif key[0] == "d":
        result = actions.act(
            case, "dispatch", acting_officer=people["fenbo"], inputs={"to_unit": "law"}, key=key
        )
    else:
        result = actions.act(
            case, "answer", acting_officer=people["jingban"], inputs={"reply": "已经处理好"}, key=key
        )
    assert isinstance(result, Outcome), str(result)
    return result


def desk(prefix: str, unsure: list[tuple[str, str]]) -> None:
    """不停地开件、派单、答复；先把上一轮没有得到答复的原样重发。"""
    people = desk_people()
    journal = Journal()

    def ask(key: str, case: str) -> str:
        journal.say("要办", key, case)
        result = submit(people, key, case)
        journal.say("办成", key, result.uid)
        return result.uid

    def work(number: int) -> None:
        try:
            steadily(number)
        except AssertionError as error:  # 没有办成：不该有，要让人看见
            os.write(1, f"没有办成：{error}\n".encode())

    def steadily(number: int) -> None:
        for key, case in unsure[number::THREADS]:
            ask(key, case)
        for count in range(100_000):
            name = f"{prefix}.{number}.{count}"
            uid = ask(f"o{name}", "-")
            ask(f"d{name}", uid)
            if count % 2:
                ask(f"a{name}", uid)

    threads = [threading.Thread(target=work, args=(number,)) for number in range(THREADS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def worker() -> None:
    while True:
        now = timezone.now() + timedelta(days=1)
        outbox.fire_clocks(now)
        if not outbox.drain(now, limit=50).done:
            time.sleep(0.005)


def spawn(function: object, *words: object) -> int:
    """分叉一个子进程；它自己连库，标准错误不看（被杀、断线时的出错是预料之中的）。"""
    pid = os.fork()
    if pid == 0:
        try:
            os.dup2(os.open(os.devnull, os.O_WRONLY), 2)
            function(*words)  # type: ignore[operator]
        except BaseException as error:
            # 数据库进程被杀时断线是预料之中的；别的要让人看见。
            if not isinstance(error, OperationalError):
                os.write(1, f"子进程出错：{type(error).__name__} {error}\n".encode())
        finally:
            os._exit(0)
    return pid


def kill_backend() -> bool:
    """kill -9 一个数据库进程：PostgreSQL 会断开全部连接、自己恢复。"""
    import psycopg

    try:
        with psycopg.connect(os.environ["JIEZHI_DATABASE_URL"]) as base:
            row = base.execute(
                "SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid() LIMIT 1"
            ).fetchone()
    except psycopg.Error:
        return False
    if row is None:
        return False
    os.kill(row[0], signal.SIGKILL)
    return True


def wait_for(grown: int) -> None:
    """等日志又长了这么多字节（机器忙时也有活在干），至多五秒。"""
    start = JOURNAL.stat().st_size if JOURNAL.exists() else 0
    until = time.monotonic() + 5
    while time.monotonic() < until:
        if JOURNAL.exists() and JOURNAL.stat().st_size >= start + grown:
            return
        time.sleep(0.002)


def recovered() -> None:
    for _ in range(600):
        try:
            connection.ensure_connection()
            connection.close()
            return
        except OperationalError:
            time.sleep(0.1)
    raise SystemExit("数据库一分钟还没有恢复")


def main() -> None:
    kills = int(sys.argv[1]) if len(sys.argv) > 1 else 1000
    rng = random.Random(SEED)
    call_command("migrate", verbosity=0)
    make_office()
    vendor = connection.vendor
    durable()
    warm()
    connections.close_all()
    began, backends = time.perf_counter(), 0
    for number in range(kills):
        tried, done = told()
        unsure = [(key, case) for key, case in tried.items() if key not in done]
        pids = [spawn(desk, f"{number}.{one}", unsure[one::DESKS]) for one in range(DESKS)]
        pids.append(spawn(worker))
        wait_for(rng.randint(0, 40) * LINE)
        time.sleep(rng.uniform(0, 0.02))
        if vendor == "postgresql" and number % BACKEND_EVERY == BACKEND_EVERY - 1:
            backends += kill_backend()
        for pid in pids:
            os.kill(pid, signal.SIGKILL)
        for pid in pids:
            os.waitpid(pid, 0)
        recovered()
        if (number + 1) % 100 == 0:
            print(
                f"杀了 {number + 1} 次，报过办成 {len(told()[1])} 条，{time.perf_counter() - began:.0f} 秒",
                flush=True,
            )
    report(kills, backends)


def durable() -> None:
    """PostgreSQL 没有开同步提交的，答复过的也会随数据库进程被杀而丢，试了没有意义。"""
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("SHOW synchronous_commit")
            if cursor.fetchone() != ("on",):
                raise SystemExit("这个库没有开同步提交：请加 JIEZHI_PG_FSYNC=on")


def warm() -> None:
    """先办一件：业务模板、任职这些在父进程里备好，子进程一分叉就在办件，不把时间花在准备上。"""
    who = Officer.objects.get(login="fenbo")
    opened = actions.open_case("test.report", acting_officer=who, inputs={"subject": "先办一件"})
    assert isinstance(opened, Outcome)
    assert actions.act(opened.uid, "dispatch", acting_officer=who, inputs={"to_unit": "law"}).ok
    outbox.drain(timezone.now() + timedelta(days=1))


def report(kills: int, backends: int) -> None:
    tried, done = told()
    events = dict(Event.objects.exclude(key=None).values_list("key", "case__uid"))
    lost = [key for key, uid in done.items() if str(events.get(key)) != uid]
    unsure = [key for key in tried if key not in done]
    kept = [key for key in unsure if key in events]
    unknown = [key for key in events if key not in tried]
    # 没有答复的重发一遍：提交过的认得“已办”，没有提交过的这次办成，都不会多出一件。
    before = Case.objects.count()
    people = desk_people()
    fresh = 0
    for key in unsure:
        result = submit(people, key, tried[key])
        fresh += key[0] == "o" and not result.repeated
        assert result.repeated == (key in kept), key
    now = timezone.now() + timedelta(days=1)
    while outbox.drain(now).done:
        pass
    left = Delivery.objects.filter(done_at=None).count()
    twice = Notice.objects.values_list("delivery", "case", "officer")
    doubled = len(twice) - len(set(twice))
    silent = Delivery.objects.filter(kind="notify", notices=None).count()
    gaps = queries.number_gaps()
    found = verify_database()
    with connection.cursor() as cursor:
        if connection.vendor == "sqlite":
            cursor.execute("PRAGMA integrity_check")
            assert cursor.fetchone() == ("ok",)
    print(
        f"数据库：{connection.vendor}；杀 {kills} 次（每次 {DESKS + 1} 个进程），另杀数据库进程 {backends} 次"
    )
    print(
        f"件 {Case.objects.count()}，办理记录 {Event.objects.count()}，后续发送 {Delivery.objects.count()}，通知 {Notice.objects.count()}"
    )
    print(
        f"报过办成 {len(done)} 条，丢 {len(lost)}；没有答复 {len(unsure)} 条，其中已提交 {len(kept)}，重发多出 {Case.objects.count() - before - fresh} 件"
    )
    print(
        f"来历不明 {len(unknown)}，没有做完的后续发送 {left}，重复的通知 {doubled}，漏掉的通知 {silent}，编号缺口 {len(gaps)}"
    )
    print(f"全库核验：{found.counts}，{'全部相符' if found.ok else [str(one) for one in found.faults[:5]]}")
    bad = [lost, unknown, left, doubled, silent, gaps, not found.ok, Case.objects.count() - before - fresh]
    if any(bad):
        raise SystemExit("有不符")


main()
