"""jiezhi param：看和调业务模板的参数（天数之类）。"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from jiezhi.cli.output import emit, fail, officer_named, refusing

if TYPE_CHECKING:
    from jiezhi.base.casework.params import Param


@click.command("param", help="看业务模板 MATTER 的参数；给出 NAME 和 VALUE 就调整它，重新校验并公布")
@click.argument("matter")
@click.argument("name", required=False)
@click.argument("value", required=False)
@click.option("--reset", is_flag=True, help="把 NAME 改回模板的缺省值")
@click.option("--as", "login", help="系统管理员的登录名；调整时必须给")
@click.option("--reason", default="", help="调整的理由和依据；调整时必须给")
@click.option(
    "--packs", "path", type=click.Path(exists=True, path_type=Path), help="业务模板包；不写用现用的"
)
@click.option("--json", "as_json", is_flag=True)
def param_command(
    matter: str,
    name: str | None,
    value: str | None,
    reset: bool,
    login: str | None,
    reason: str,
    path: Path | None,
    as_json: bool,
) -> None:
    from jiezhi.cli.main import django_ready

    django_ready()
    from django.conf import settings

    from jiezhi.core.procedure.loader import load_folder

    packs = load_folder(path or settings.PACKS_DIR)
    loaded = packs.matters.get(matter)
    if loaded is None:
        known = "、".join(sorted(packs.matters)) or "还没有"
        fail(f"没有“{matter}”这个业务模板，或它有错误；现有：{known}", as_json)
    if name is not None:
        if reset == (value is not None):
            fail("请给新的取值，或写 --reset 改回缺省值", as_json)
        if not login:
            fail("调整参数要写明由哪位系统管理员办：--as 登录名", as_json)
        _change(packs, matter, name, value, login, reason, as_json)
    elif reset:
        fail("请写明把哪个参数改回缺省值", as_json)
    _show(loaded, changed=name is not None, as_json=as_json)


def _change(
    packs: Any, matter: str, name: str, value: str | None, login: str, reason: str, as_json: bool
) -> None:
    from django.utils import timezone

    from jiezhi.base.casework import params

    given: dict[str, Any] = {
        "acting_officer": officer_named(login),
        "reason": reason,
        "now": timezone.now(),
        "packs": packs,
    }
    with refusing("没有调整", as_json):
        if value is None:
            params.reset_param(matter, name, **given)
        else:
            params.set_param(matter, name, value, **given)


def _show(loaded: Any, *, changed: bool, as_json: bool) -> None:
    from jiezhi.base.casework.params import params_of, settings_of

    found = params_of(loaded)
    stale = sorted(set(settings_of(loaded.decl.matter)) - set(loaded.decl.params))
    data = {
        "ok": True,
        "matter": loaded.decl.matter,
        "title": loaded.decl.title,
        "params": [_plain(one) for one in found],
        "stale": stale,
    }
    lines = [f"{loaded.decl.title}({loaded.decl.matter})的参数："] if found else ["这个业务模板没有参数"]
    lines += [_line(one) for one in found]
    lines += [f"  {name}：调整过，可是现在的模板里没有这个参数，请用 --reset 去掉" for name in stale]
    if changed:
        lines.append("已重新校验并公布；新登记的件照新的走，正在办的件不变")
    emit(data, as_json, lines)


def _plain(one: Param) -> dict[str, Any]:
    row = one.setting
    return {
        "name": one.name,
        "title": one.decl.title,
        "value": one.value,
        "default": one.decl.default,
        "min": one.decl.min,
        "max": one.decl.max,
        "basis": one.decl.basis,
        "status": one.status,
        "set_by": row.set_by.name if row and row.set_by else None,
        "set_at": row.set_at.isoformat() if row else None,
        "reason": row.reason if row else "",
    }


def _line(one: Param) -> str:
    from django.utils import timezone

    decl, row = one.decl, one.setting
    bounds = "，".join(
        f"{word} {value}" for word, value in (("最少", decl.min), ("最多", decl.max)) if value is not None
    )
    text = f"  {one.name} {decl.title}：{one.value}"
    text += f"（{bounds}）" if bounds else ""
    text += f"，依据{one.status or '不在名录里'}：{one.basis}"
    if row is not None:
        who = row.set_by.name if row.set_by else "系统"
        text += f"；缺省 {decl.default}，{timezone.localtime(row.set_at):%Y-%m-%d} {who}调整：{row.reason}"
    return text
