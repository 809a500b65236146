"""jiezhi prepare / run / worker / demo：准备数据、启动服务、做后续发送。"""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from types import FrameType

import click

from jiezhi.cli.output import fail

HEARTBEAT = 1.0
# 每轮最多排版几份文书：一份要两三秒，到期的办理和通知不能等。
PAPERS = 3
# 没有别的事做时，等往外送的回来最多等多少秒：不空转，也不耽误到期的。
PATIENCE = 0.05


@click.command("prepare", help="建库或升级，公布业务模板；库是空的就建演示街道")
@click.option("--no-demo", is_flag=True, help="不建演示街道")
def prepare_command(no_demo: bool) -> None:
    from jiezhi.cli.main import django_ready

    django_ready()
    _prepare(no_demo=no_demo)


def ready_database() -> None:
    """建库或升级、收静态文件、核钥匙、公布业务模板；做不成就报错退出。"""
    from django.conf import settings
    from django.core.management import call_command
    from django.db import connection
    from django.db.migrations.executor import MigrationExecutor

    from jiezhi.cli.packs import publish_all

    executor = MigrationExecutor(connection)
    if executor.migration_plan(executor.loader.graph.leaf_nodes()):
        click.echo("正在建库或升级…")
        call_command("migrate", verbosity=0)
    # 升级之后的样式、脚本也要换上；先清空，因为新版的文件日期可能比上次收的还早。
    call_command("collectstatic", verbosity=0, interactive=False, clear=True)
    _check_keys()
    refused = publish_all(Path(settings.PACKS_DIR))
    if refused:
        fail("\n".join([*refused, "业务模板有错误，没有启动"]))


def _prepare(*, no_demo: bool) -> None:
    ready_database()
    from jiezhi.base.accounts.models import Officer

    if Officer.objects.exists():
        return
    if no_demo:
        from jiezhi.cli.officers import FIRST

        click.echo(FIRST)
        return
    from jiezhi.demo.install import install_street

    click.echo("库是空的，正在建演示街道…")
    install_street()


def _check_keys() -> None:
    """库里已有加密内容而钥匙对不上，就不启动：用新钥匙写下去，旧内容再也分不清。"""
    from jiezhi.base.accounts import secrets
    from jiezhi.base.accounts.errors import SecretError
    from jiezhi.base.casework.models import Payload

    sample = Payload.objects.order_by("-event").values_list("sealed", flat=True).first()
    if sample is None:
        return
    try:
        secrets.decrypt(bytes(sample))
    except SecretError as error:
        fail(f"{error}。钥匙与数据库不配套，没有启动：请把原来的钥匙文件放回 keys 目录再启动。")


@click.command("run", help="启动网页服务和 worker")
@click.option("--host", default="127.0.0.1", show_default=True)
@click.option("--port", default=8000, show_default=True, type=int)
@click.option("--no-demo", is_flag=True)
def run_command(host: str, port: int, no_demo: bool) -> None:
    from jiezhi.cli.main import django_ready

    django_ready()
    if _busy(host, port):
        fail(f"{host}:{port} 已被占用；换一个端口：make run PORT=8001，或先停掉占用的程序")
    _prepare(no_demo=no_demo)
    from django.conf import settings
    from django.db import connections

    connections.close_all()
    here = [sys.executable, "-m", "jiezhi.cli.main"]
    worker = subprocess.Popen([*here, "worker"], env=os.environ | {"JIEZHI_PARENT": str(os.getpid())})
    server = subprocess.Popen(
        [
            sys.executable,
            "-m",
            "granian",
            "--interface",
            "wsgi",
            "--host",
            host,
            "--port",
            str(port),
            "--workers",
            os.environ.get("JIEZHI_WORKERS", "1"),
            "--blocking-threads",
            "4",
            "--log-level",
            "warning",
            "jiezhi.config.wsgi:application",
        ]
    )
    _announce(host, port, settings.OFFICE_NAME)
    _wait([server, worker])


def _busy(host: str, port: int) -> bool:
    with socket.socket() as probe:
        probe.settimeout(1)
        return probe.connect_ex((host, port)) == 0


def _announce(host: str, port: int, office: str) -> None:
    for _ in range(200):
        if _busy(host, port):
            break
        time.sleep(0.05)
    click.echo(f"{office}:http://{host}:{port}/")
    with contextlib.suppress(ImportError):
        from jiezhi.demo.install import demo_logins

        for line in demo_logins():
            click.echo(line)
    click.echo("按 Ctrl+C 停止")


def _wait(children: list[subprocess.Popen[bytes]]) -> None:
    def stop(signum: int, frame: FrameType | None) -> None:
        raise KeyboardInterrupt

    signal.signal(signal.SIGTERM, stop)
    try:
        while all(child.poll() is None for child in children):
            time.sleep(0.3)
    except KeyboardInterrupt:
        pass
    finally:
        for child in children:
            child.terminate()
        for child in children:
            with contextlib.suppress(subprocess.TimeoutExpired):
                child.wait(timeout=10)
    if any(child.returncode not in (0, -signal.SIGTERM, -signal.SIGINT, None) for child in children):
        sys.exit(1)


@click.command("worker", help="做后续发送、处理到期时限、定时做检查点")
@click.option("--once", is_flag=True, help="做完现有的就退出")
@click.option("--checkpoint-every", default=24, show_default=True, help="隔几小时做一次检查点；0 不做")
def worker_command(once: bool, checkpoint_every: int) -> None:
    from jiezhi.cli.main import django_ready

    django_ready()
    stopping = False

    def stop(signum: int, frame: FrameType | None) -> None:
        nonlocal stopping
        stopping = True

    signal.signal(signal.SIGTERM, stop)
    signal.signal(signal.SIGINT, stop)
    while not stopping:
        busy = work_once(checkpoint_every)
        if once and not busy:
            return
        if not busy and not _orphaned():
            time.sleep(HEARTBEAT)
        if _orphaned():
            return


def _orphaned() -> bool:
    parent = os.environ.get("JIEZHI_PARENT")
    return parent is not None and os.getppid() != int(parent)


def work_once(checkpoint_every: int = 24) -> bool:
    """一轮：到期时限 → 后续发送 → 重算暂定时限 → 检查点 → 各应用登记的定时的事。返回这一轮有没有事做。

    某一样出错只记下来，不连累别的，更不让整个服务停下。
    """
    from django.utils import timezone

    from jiezhi.base.casework import chores, outbox

    now = timezone.now()
    busy = False
    steps: list[Callable[[], bool]] = [
        lambda: bool(outbox.fire_clocks(now)),
        lambda: _drain(now),
        lambda: _recompute(now),
        lambda: _checkpoint(now, checkpoint_every),
        lambda: chores.run_due(now, lambda text: click.echo(text, err=True)),
    ]
    for step in steps:
        try:
            busy = step() or busy
        except Exception as error:
            click.echo(f"这一步没有做成，稍后再试：{error}", err=True)
    return busy


def _drain(now: datetime) -> bool:
    """有交给线程去送、还没有回来的，也算有事做。"""
    from jiezhi.base.casework import outbox

    drained = outbox.drain(now, slow=PAPERS, patience=PATIENCE)
    return bool(drained.done or drained.away)


_seen_calendar: list[str] = []


def _recompute(now: datetime) -> bool:
    """放假安排变了才重算暂定的时限。"""
    from jiezhi.base.casework import upkeep
    from jiezhi.base.registry import stamps

    stamp = stamps.current(stamps.CALENDAR)
    if _seen_calendar == [stamp]:
        return False
    changed = upkeep.recompute_provisional(now=now)
    _seen_calendar[:] = [stamp]
    return bool(changed)


_next_checkpoint: list[datetime] = []


def _checkpoint(now: datetime, hours: int) -> bool:
    from jiezhi.base.archive import actions as archive
    from jiezhi.base.archive import queries as archived
    from jiezhi.base.casework.models import Event

    if not hours or (_next_checkpoint and now < _next_checkpoint[0]):
        return False
    latest = archived.latest_checkpoint()
    due = latest.at + timedelta(hours=hours) if latest else now
    # 没做成的过十分钟再试，不每秒都试。
    _next_checkpoint[:] = [max(due, now + timedelta(minutes=10))]
    if due > now or not Event.objects.exists():
        return False
    archive.make_checkpoint(now=now)
    return False
