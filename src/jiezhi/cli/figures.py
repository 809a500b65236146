"""jiezhi figures：执法的几个数——裁量偏离、敬告改正、罚款执行。只数看得见的件。"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import click

from jiezhi.cli.output import emit, officer_named

if TYPE_CHECKING:
    from jiezhi.services.discretion.queries import TierCount
    from jiezhi.services.enforcement.queries import Cautions, Execution


@click.command("figures", help="执法的几个数：裁量偏离、敬告改正、罚款执行；只数这个人看得见的件")
@click.option("--as", "login", required=True, metavar="登录名")
@click.option("--json", "as_json", is_flag=True, help="输出 JSON")
def figures_command(login: str, as_json: bool) -> None:
    from jiezhi.cli.main import django_ready

    django_ready()
    from dataclasses import asdict

    from django.utils import timezone

    from jiezhi.base.casework.queries import visible
    from jiezhi.services.discretion.queries import deviation
    from jiezhi.services.enforcement.queries import cautions, execution

    cases = visible(officer_named(login, as_json), timezone.now())
    tiers, told, fines = deviation(cases), cautions(cases), execution(cases)
    data = {
        "deviation": [{**asdict(one), "rate": one.rate, "middle": one.middle} for one in tiers],
        "cautions": {**asdict(told), "rate": told.rate},
        "execution": {**asdict(fines), "rate": fines.rate},
    }
    emit(data, as_json, _lines(tiers, told, fines))


def _lines(tiers: list[TierCount], told: Cautions, fines: Execution) -> Iterator[str]:
    from jiezhi.core.prose import yuan

    for one in tiers:
        middle = f"，罚款中位数 {yuan(one.middle)}" if one.middle is not None else ""
        name = "、".join(part for part in (one.cause, one.party_kind, one.tier) if part)
        yield f"{name}：决定 {one.decided} 件，偏离基准 {one.departed} 件（{_percent(one.rate)}）{middle}"
    yield (
        f"敬告 {told.cautioned} 件，复查 {told.rechecked} 件，改正 {told.corrected} 件（{_percent(told.rate)}），"
        f"转立案 {told.filed} 件"
    )
    yield (
        f"罚款 {fines.fined} 件共{yuan(fines.amount)}，已执行 {fines.settled} 件共{yuan(fines.settled_amount)}"
        f"（{_percent(fines.rate)}）"
    )


def _percent(rate: float | None) -> str:
    return "还不能算" if rate is None else f"{rate:.0%}"
