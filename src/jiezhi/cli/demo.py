"""jiezhi demo：建演示街道；--year 再给它一年的件。"""

from __future__ import annotations

import sys
from datetime import date, datetime

import click

from jiezhi.cli.output import fail


@click.command("demo", help="建演示街道（库里还没有人员时）；--year 建一年的件，每种业务都有")
@click.option(
    "--year", "a_year", is_flag=True, help="一年的件：全部经同一个门，时间是模拟的；断了再来一次就接着建"
)
@click.option(
    "--cases", default=3000, show_default=True, type=click.IntRange(min=1), help="多少件，随之开立的另算"
)
@click.option("--seed", default=7, show_default=True, type=int, help="种子：同一种子总得到同一年")
@click.option("--until", type=click.DateTime(["%Y-%m-%d"]), help="到哪一天为止的一年；不写是今天")
@click.option("--verify", "whole", is_flag=True, help="建完核验全库；不写只抽一些件核验")
def demo_command(a_year: bool, cases: int, seed: int, until: datetime | None, whole: bool) -> None:
    from jiezhi.cli.main import django_ready

    django_ready()
    if a_year:
        _year(cases, seed, until.date() if until else None, whole)
        return
    from jiezhi.base.accounts.models import Officer

    if Officer.objects.exists():
        fail("库里已有人员，不再建演示街道")
    from jiezhi.demo.install import demo_logins, install_street

    install_street()
    for line in demo_logins():
        click.echo(line)


def _year(cases: int, seed: int, until: date | None, whole: bool) -> None:
    from django.utils import timezone

    from jiezhi.cli.serve import ready_database
    from jiezhi.demo.install import demo_logins
    from jiezhi.demo.year.run import YearRefused, checked, make_year

    ready_database()
    with click.progressbar(
        length=1, label="一年", file=sys.stderr, show_percent=True, hidden=not sys.stderr.isatty()
    ) as bar:

        def step(done: int, total: int, day: date) -> None:
            bar.length, bar.label = total, f"{day:%Y-%m-%d}"
            bar.update(done - bar.pos)

        try:
            made = make_year(cases=cases, seed=seed, until=until, now=timezone.now(), on_day=step)
        except YearRefused as error:
            fail(str(error))
    for line in made.lines():
        click.echo(line)
    faults, said = checked(whole=whole, seed=seed)
    click.echo(said)
    for line in [*faults[:20], *demo_logins()]:
        click.echo(line)
    if faults:
        raise SystemExit(1)
