"""jiezhi hooks：网络推送的订阅、日志、重发。"""

from __future__ import annotations

from typing import Any

import click

from jiezhi.cli.output import emit, fail, officer_named, refusing


@click.group("hooks", help="网络推送：订阅、暂停、恢复、换密钥、日志、重发")
def hooks_command() -> None:
    from jiezhi.cli.main import django_ready

    django_ready()


def _named(name: str, as_json: bool = False) -> Any:
    from jiezhi.connect.hooks import queries

    found = queries.find(name)
    if found is None:
        fail(f"没有订阅“{name}”，用 jiezhi hooks list 看编号和名称", as_json)
    return found


def _as(function: Any) -> Any:
    return click.option("--as", "acting", required=True, help="系统管理员的登录名")(function)


_json = click.option("--json", "as_json", is_flag=True)


@hooks_command.command("list", help="全部订阅")
@click.option("--closed", is_flag=True, help="连撤销了的也列")
@_json
def list_command(closed: bool, as_json: bool) -> None:
    from jiezhi.connect.hooks import queries

    found = list(queries.subscriptions(closed=closed))
    waiting = queries.waiting_each(found)
    data = [
        {
            "id": one.pk,
            "name": one.name,
            "host": one.host,
            "officer": one.officer.login,
            "status": one.status,
            "why": one.why,
            "failures": one.failures,
            "waiting": waiting[one.pk],
            **{key: getattr(one, key) for key in ("matters", "actions", "means", "states")},
        }
        for one in found
    ]
    lines = [_line(one, waiting[one.pk]) for one in found]
    emit(data, as_json, lines or ["还没有订阅；用 jiezhi hooks add 新增"])


def _line(one: Any, waiting: int) -> str:
    parts = [
        f"{one.pk:>3}  {one.get_status_display()}  {one.name}  推到 {one.host}，看得见的范围同{one.officer.name}"
    ]
    if not one.officer.is_active:
        parts.append("绑定的人员已离岗，什么也不推：请改绑")
    if waiting:
        parts.append(f"等着送 {waiting} 条")
    if one.failures:
        parts.append(f"连续 {one.failures} 次没有送到")
    return "；".join([*parts, one.why] if one.why else parts)


@hooks_command.command("add", help="新订阅：NAME 名称，URL 推到哪里")
@click.argument("name")
@click.argument("url")
@click.option("--officer", required=True, help="绑定的人员（登录名）：只推他看得见的件")
@click.option("--matter", "matters", multiple=True, help="只要这个业务模板；可写几次，不写是全部")
@click.option("--action", "actions", multiple=True, help="只要这个动作")
@click.option("--means", multiple=True, help="只要有这个法律含义的动作")
@click.option("--state", "states", multiple=True, help="只要进到这个环节的")
@_as
@_json
def add_command(
    name: str,
    url: str,
    officer: str,
    matters: tuple[str, ...],
    actions: tuple[str, ...],
    means: tuple[str, ...],
    states: tuple[str, ...],
    acting: str,
    as_json: bool,
) -> None:
    from jiezhi.connect.hooks import actions as hooks

    with refusing("没有新增", as_json):
        one = hooks.create(
            name=name,
            url=url,
            officer=officer_named(officer, as_json),
            matters=matters,
            actions=actions,
            means=means,
            states=states,
            acting_officer=officer_named(acting, as_json),
        )
    data = {"ok": True, "id": one.pk, "name": one.name, "secret": one.secret}
    emit(data, as_json, [f"已新增“{one.name}”（{one.pk}）", f"把密钥交给接收方，只显示这一次：{one.secret}"])


@hooks_command.command("change", help="改订阅：写了哪项改哪项；--any 某项 表示这一项不再限定")
@click.argument("name")
@click.option("--name", "new_name", help="新名称")
@click.option("--url", help="新地址")
@click.option("--officer", help="改绑的人员（登录名）")
@click.option("--matter", "matters", multiple=True)
@click.option("--action", "actions", multiple=True)
@click.option("--means", multiple=True)
@click.option("--state", "states", multiple=True)
@click.option(
    "--any", "anything", multiple=True, type=click.Choice(["matters", "actions", "means", "states"])
)
@_as
@_json
def change_command(
    name: str,
    new_name: str | None,
    url: str | None,
    officer: str | None,
    anything: tuple[str, ...],
    acting: str,
    as_json: bool,
    **lists: tuple[str, ...],
) -> None:
    from jiezhi.connect.hooks import actions as hooks

    changes: dict[str, Any] = {key: list(value) for key, value in lists.items() if value}
    changes |= {key: [] for key in anything}
    changes |= {key: value for key, value in (("name", new_name), ("url", url)) if value}
    if officer:
        changes["officer"] = officer_named(officer, as_json)
    with refusing("没有修改", as_json):
        one = hooks.change(_named(name, as_json), acting_officer=officer_named(acting, as_json), **changes)
    emit({"ok": True, "id": one.pk}, as_json, [f"已修改“{one.name}”"])


@hooks_command.command("pause", help="暂停：要推的先攒着")
@click.argument("name")
@click.option("--why", required=True, help="缘由")
@_as
@_json
def pause_command(name: str, why: str, acting: str, as_json: bool) -> None:
    from jiezhi.connect.hooks import actions as hooks

    with refusing("没有暂停", as_json):
        one = hooks.pause(_named(name, as_json), why=why, acting_officer=officer_named(acting, as_json))
    emit({"ok": True, "id": one.pk}, as_json, [f"已暂停“{one.name}”；要推的先攒着，攒了七天的不再送"])


@hooks_command.command("resume", help="恢复：攒下的马上接着送")
@click.argument("name")
@_as
@_json
def resume_command(name: str, acting: str, as_json: bool) -> None:
    from jiezhi.connect.hooks import actions as hooks
    from jiezhi.connect.hooks import queries

    with refusing("没有恢复", as_json):
        one = hooks.resume(_named(name, as_json), acting_officer=officer_named(acting, as_json))
    waiting = queries.waiting(one)
    emit(
        {"ok": True, "id": one.pk, "waiting": waiting}, as_json, [f"已恢复“{one.name}”，接着送 {waiting} 条"]
    )


@hooks_command.command("close", help="撤销：不再推，不能恢复")
@click.argument("name")
@click.option("--why", required=True, help="缘由")
@_as
@_json
def close_command(name: str, why: str, acting: str, as_json: bool) -> None:
    from jiezhi.connect.hooks import actions as hooks

    with refusing("没有撤销", as_json):
        one = hooks.close(_named(name, as_json), why=why, acting_officer=officer_named(acting, as_json))
    emit({"ok": True, "id": one.pk}, as_json, [f"已撤销“{one.name}”"])


@hooks_command.command("rotate", help="换密钥：旧的再用 24 小时")
@click.argument("name")
@_as
@_json
def rotate_command(name: str, acting: str, as_json: bool) -> None:
    from jiezhi.connect.hooks import actions as hooks

    with refusing("没有换", as_json):
        one = hooks.rotate_secret(_named(name, as_json), acting_officer=officer_named(acting, as_json))
    data = {"ok": True, "id": one.pk, "secret": one.secret}
    emit(data, as_json, [f"新密钥，只显示这一次：{one.secret}", "旧的再用 24 小时，请接收方在这之前换好"])


@hooks_command.command("test", help="试推一条，看对方收不收得到（由 worker 送，用 log 看结果）")
@click.argument("name")
@_as
@_json
def test_command(name: str, acting: str, as_json: bool) -> None:
    from jiezhi.connect.hooks import actions as hooks

    one = _named(name, as_json)
    with refusing("没有试推", as_json):
        hooks.test(one, acting_officer=officer_named(acting, as_json))
    emit({"ok": True, "id": one.pk}, as_json, [f"已排上，稍后用 jiezhi hooks log {one.pk} 看结果"])


@hooks_command.command("log", help="推送日志，新的在前；NAME 不写是全部订阅的")
@click.argument("name", required=False)
@click.option("--failed", is_flag=True, help="只看没有送到的")
@click.option("--limit", default=50, show_default=True, type=click.IntRange(1, 1000))
@_json
def log_command(name: str | None, failed: bool, limit: int, as_json: bool) -> None:
    from django.utils.timezone import localtime

    from jiezhi.connect.hooks import queries

    one = _named(name, as_json) if name else None
    rows = list(queries.attempts(one, failed=failed)[:limit])
    data: list[dict[str, Any]] = [
        {
            "id": row.pk,
            "subscription": row.subscription.name,
            "message": row.message,
            "case": ("限指定人员的件" if row.case.confidential else row.case.number) if row.case else None,
            "at": localtime(row.at).isoformat(timespec="seconds"),
            "by_hand": row.by_hand,
            "ok": row.ok,
            "status": row.status,
            "millis": row.millis,
            "error": row.error,
            "answer": row.answer,
        }
        for row in rows
    ]
    lines = [
        f"{item['id']:>6}  {str(item['at'])[5:16]}  {item['subscription']}  {item['case'] or '试推'}  "
        + (f"送到（{item['status']}，{item['millis']} 毫秒）" if item["ok"] else f"没有送到：{item['error']}")
        + ("（手动重发）" if item["by_hand"] else "")
        for item in data
    ]
    emit(data, as_json, lines or ["没有日志"])


@hooks_command.command("resend", help="照日志重发：ID 日志编号；消息标识不变，对方认得出重复")
@click.argument("ids", nargs=-1, required=True, type=int)
@_as
@_json
def resend_command(ids: tuple[int, ...], acting: str, as_json: bool) -> None:
    from jiezhi.connect.hooks import actions as hooks
    from jiezhi.connect.hooks import queries

    acting_officer = officer_named(acting, as_json)
    rows = {row.pk: row for row in queries.attempts().filter(pk__in=ids)}
    if lost := [str(one) for one in ids if one not in rows]:
        fail(f"没有这样的日志：{'、'.join(lost)}（一百八十天以前的已经清理）", as_json)
    with refusing("没有重发", as_json):
        for one in ids:
            hooks.resend(rows[one], acting_officer=acting_officer)
    emit({"ok": True, "count": len(ids)}, as_json, [f"已排上 {len(ids)} 条，由 worker 送"])
