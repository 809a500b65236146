"""jiezhi handover：离岗交接，先看再办。"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from jiezhi.cli.output import emit, fail, officer_named, progress, refusing

if TYPE_CHECKING:
    from collections.abc import Sequence

    from jiezhi.base.casework.handing import Move
    from jiezhi.services.handover.queries import Preview, Receivers

HEADER = ("编号", "业务", "角色", "接手", "没有转的缘由", "留意")
SHOWN = 20


@click.command(
    "handover",
    help="离岗交接：LEAVER 离岗的人的登录名。不写 --yes 只预览：哪些件转给谁、哪些不能转、为什么；"
    "不写 LEAVER 列出已经离岗、名下还有件的人",
)
@click.argument("leaver", required=False)
@click.option(
    "--to",
    "pairs",
    multiple=True,
    metavar="登录名 | 业务=登录名 | 业务:角色=登录名 | 编号=登录名",
    help="谁接手；可写几次，写得细的优先，如 --to wangjing --to enforcement.penalty=zhaoyi；"
    "限指定人员的件只认编号，逐件点名",
)
@click.option("--as", "login", required=True, help="系统管理员的登录名")
@click.option("--reason", default="", help="离岗的原因，如 调到区住建局")
@click.option("--yes", is_flag=True, help="办：停用账号、结束任职、归还号段、转件")
@click.option(
    "--csv",
    "out",
    type=click.Path(dir_okay=False, path_type=Path),
    help="把逐件的清单写到文件，交接双方签字用",
)
@click.option("--json", "as_json", is_flag=True)
def handover_command(
    leaver: str | None,
    pairs: tuple[str, ...],
    login: str,
    reason: str,
    yes: bool,
    out: Path | None,
    as_json: bool,
) -> None:
    from jiezhi.cli.main import django_ready

    django_ready()
    from django.utils import timezone

    from jiezhi.base.accounts.authority import require_administrator
    from jiezhi.base.accounts.queries import officer_by_login
    from jiezhi.base.casework.handing import held
    from jiezhi.services.handover import actions, queries

    now = timezone.now()
    acting_officer = officer_named(login, as_json)
    if leaver is None:
        _stranded(acting_officer, now, as_json)
        return
    officer = officer_by_login(leaver)
    if officer is None:
        fail(f"没有登录名为“{leaver}”的人员", as_json)
    receivers = _receivers(pairs, as_json)
    with refusing("没有办理", as_json):
        require_administrator(acting_officer, now)
        if not yes:
            seen = queries.preview(officer, receivers, now=now)
            _write(out, seen.moves)
            emit(_data(seen.moves) | {"done": False}, as_json, _preview_lines(seen))
            return
        with progress("转件", len(held(officer)), as_json) as bar:

            def step(moves: Sequence[Move]) -> None:
                bar.update(len({one.uid for one in moves}))

            done = actions.hand_over(
                officer, receivers, acting_officer=acting_officer, reason=reason, now=now, on_batch=step
            )
    _write(out, [*done.moved, *done.left])
    lines = [f"{officer.name}的账号已停用，任职已结束"] if done.deactivated else []
    lines += [f"已转 {len(done.moved)} 件的角色"]
    if done.voided:
        lines.append(f"归还号段，作废没有用的 {len(done.voided)} 个号")
    if done.scans:
        lines.append(f"等人工归的扫描件 {done.scans} 页改由接手的人归")
    lines += _left_lines(done.left, "另定接手的人后再办一次：jiezhi handover … --to 业务:角色=登录名 --yes")
    data = _data([*done.moved, *done.left]) | {"done": True, "voided": list(done.voided), "scans": done.scans}
    emit(data, as_json, lines)


def _stranded(acting_officer: Any, now: Any, as_json: bool) -> None:
    from jiezhi.base.accounts.authority import require_administrator
    from jiezhi.services.handover.queries import stranded

    with refusing("没有列出", as_json):
        require_administrator(acting_officer, now)
    found = stranded(now)
    lines = [
        f"{one.name}（{one.login}）离岗了，还有 {len(moves)} 件的角色没有人接，如 {moves[0].number}"
        for one, moves in found.items()
    ]
    data = {"ok": not found, "stranded": {one.login: _data(moves)["left"] for one, moves in found.items()}}
    emit(data, as_json, lines or ["离岗的人名下没有要人接着办的件"])


def _receivers(pairs: tuple[str, ...], as_json: bool) -> Receivers:
    from jiezhi.base.casework.models import Case, MatterVersion
    from jiezhi.services.handover.queries import Receivers

    default: Any = None
    special = {}
    for pair in pairs:
        what, mark, who = pair.rpartition("=")
        officer = officer_named(who, as_json)
        if not mark:
            default = officer
        elif (
            MatterVersion.objects.filter(matter=what.partition(":")[0]).exists()
            or Case.objects.filter(number=what).exists()
        ):
            special[what] = officer
        else:
            fail(
                f"没有“{what.partition(':')[0]}”这个业务模板或者编号，业务写代号，如 enforcement.penalty",
                as_json,
            )
    return Receivers(default, special)


def _preview_lines(seen: Preview) -> list[str]:
    who = seen.leaver.name
    lines = [f"{name}接手 {count} 件的角色" for name, count in seen.counts().most_common()]
    lines = lines or [f"没有要从{who}名下转的件" if not seen.moves else "一件也转不了"]
    warned = [one for one in seen.moves if one.ok and one.warning]
    lines += [f"留意：{one.number} {one.warning}" for one in warned[:SHOWN]]
    if len(warned) > SHOWN:
        lines.append(f"……另有 {len(warned) - SHOWN} 件也要留意，写 --csv 看全部")
    lines += _left_lines(seen.left, "用 --to 业务:角色=登录名 另定接手的人")
    lines += [
        f"归还租段 {one.text}，作废没有用的 {one.unused} 个号。现场写在纸上还没有补录的，先补录"
        for one in seen.leases
    ]
    if seen.scans:
        lines.append(f"等人工归的扫描件 {seen.scans} 页，改由接手的人归")
    lines += [f"结束任职：{one}" for one in seen.appointments]
    lines += [f"{title}：{'、'.join(items[:SHOWN])}。{then}" for title, then, items in seen.others]
    if seen.leaver.is_active:
        lines.append(f"停用{who}的账号，已登录的随即退出，接口令牌停用")
    return [*lines, "以上是预览，什么也没有动。核对后加 --reason 和 --yes 办理"]


def _left_lines(left: Sequence[Move], how: str) -> list[str]:
    if not left:
        return []
    lines = [f"没有转、要人另定的 {len(left)} 项（{how}）："]
    lines += [f"  {one.number} {one.matter_title}的{one.role_title}：{one.problem}" for one in left[:SHOWN]]
    if len(left) > SHOWN:
        lines.append(f"  ……另有 {len(left) - SHOWN} 项，写 --csv 看全部")
    return lines


def _data(moves: Sequence[Move]) -> dict[str, Any]:
    rows = [
        {
            "case": one.number, "uid": one.uid, "matter": one.matter, "role": one.role,
            "to": one.to.login if one.to else None, "problem": one.problem, "warning": one.warning,
        }
        for one in moves
    ]  # fmt: skip
    return {
        "ok": True,
        "moved": [row for row in rows if row["to"]],
        "left": [row for row in rows if not row["to"]],
    }


def _write(out: Path | None, moves: Sequence[Move]) -> None:
    from jiezhi.web.office.export import table

    if out is not None:
        rows = [
            (
                one.number,
                one.matter_title,
                one.role_title,
                one.to.name if one.to else "",
                one.problem,
                one.warning,
            )
            for one in moves
        ]
        out.write_bytes(table(HEADER, rows))
