"""jiezhi nodes：内外网、街道与区之间的节点——登记、核对指纹、直连、写成文件、读文件、看往来。"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from jiezhi.cli.output import emit, fail, officer_named, refusing

KINDS = {
    "outside": "外网收件节点（我是内网）",
    "inside": "内网办理节点（我是外网）",
    "superior": "上级（区级部门）",
    "subordinate": "下级（街道）",
}


@click.group("nodes", help="节点：内外网、街道与区之间用签名包交换（直连或拷文件）")
def nodes_command() -> None:
    from jiezhi.cli.main import django_ready

    django_ready()


def _peer(code: str, as_json: bool = False) -> Any:
    from jiezhi.connect.nodes import queries

    found = queries.find(code)
    if found is None:
        fail(f"没有登记过节点“{code}”，用 jiezhi nodes list 看", as_json)
    return found


def _mine(as_json: bool = False) -> Any:
    from jiezhi.connect.nodes import identity

    try:
        return identity.card()
    except identity.NoIdentity as error:
        fail(str(error), as_json)


def _as(function: Any) -> Any:
    return click.option("--as", "acting", required=True, help="系统管理员的登录名")(function)


_json = click.option("--json", "as_json", is_flag=True)


@nodes_command.command("card", help="写本机的节点名片，交给对方登记；不写 FILE 就印出来")
@click.argument("file", required=False, type=click.Path(path_type=Path))
@_json
def card_command(file: Path | None, as_json: bool) -> None:
    card = _mine(as_json)
    if file is not None:
        file.write_text(card.to_text(), encoding="utf-8")
    data = {
        "node": card.code,
        "name": card.name,
        "public_key": card.public_key,
        "fingerprint": card.fingerprint,
    }
    lines = [] if file is None else [f"名片已写到 {file.name}，交给对方：jiezhi nodes add {file.name} …"]
    lines += [] if file else [card.to_text().rstrip()]
    emit(data, as_json, [*lines, f"指纹，请在电话里或当面念给对方核对：{card.fingerprint}"])


@nodes_command.command("list", help="登记的节点")
@_json
def list_command(as_json: bool) -> None:
    from jiezhi.connect.nodes import queries
    from jiezhi.connect.nodes.identity import Card

    rows = list(queries.peers())
    data = [
        {
            "code": one.code,
            "name": one.name,
            "kind": one.kind,
            "status": one.status,
            "fingerprint": Card(one.code, one.name, one.public_key).fingerprint,
            "address": one.address,
            "unit": one.unit,
            "opens": one.opens,
            "sensitive": one.sensitive,
        }
        for one in rows
    ]
    lines = [
        f"{one.code}  {one.name}  {one.get_kind_display()}  {one.get_status_display()}  {one.address or '用文件交换'}"
        f"{'  对应单位 ' + one.unit if one.unit else ''}{'  来件开成 ' + one.opens if one.opens else ''}"
        for one in rows
    ]
    emit(data, as_json, lines or ["还没有登记节点；先用 jiezhi nodes card 交换名片，再 jiezhi nodes add"])


@nodes_command.command("add", help="登记节点：CARD 对方的名片文件")
@click.argument("card", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option(
    "--kind",
    required=True,
    type=click.Choice(list(KINDS)),
    help="；".join(f"{k} {v}" for k, v in KINDS.items()),
)
@click.option(
    "--address", default="", help="对方的接口地址，如 https://…/jiedian/；只用文件交换、或等它来取的不写"
)
@click.option("--unit", default="", help="上级节点：件移送到这个单位（代码）就送去")
@click.option("--opens", default="", help="外网、下级节点：送来的件开成什么（业务模板代号）")
@click.option("--sensitive", is_flag=True, help="送件时带上来件人的姓名电话（送内网总是带）")
@_as
@_json
def add_command(
    card: Path, kind: str, address: str, unit: str, opens: str, sensitive: bool, acting: str, as_json: bool
) -> None:
    from jiezhi.connect.nodes import actions
    from jiezhi.connect.nodes.identity import Card

    _mine(as_json)
    with refusing("没有登记", as_json, ValueError):
        peer = actions.add(
            Card.from_text(card.read_text(encoding="utf-8")),
            kind=kind,
            address=address,
            unit=unit,
            opens=opens,
            sensitive=sensitive,
            acting_officer=officer_named(acting, as_json),
        )
    lines = [
        f"已登记 {peer}，还没有启用。",
        f"请对方在电话里或当面念它的指纹，照着敲：jiezhi nodes trust {peer.code} --fingerprint …",
    ]
    emit({"ok": True, "code": peer.code, "status": peer.status}, as_json, lines)


@nodes_command.command("trust", help="核对指纹、启用；指纹照对方念的敲，不要照抄屏幕上的")
@click.argument("code")
@click.option("--fingerprint", required=True, help="对方念的 24 位数字")
@_as
@_json
def trust_command(code: str, fingerprint: str, acting: str, as_json: bool) -> None:
    from jiezhi.connect.nodes import actions

    with refusing("没有启用", as_json):
        peer = actions.trust(
            _peer(code, as_json), fingerprint=fingerprint, acting_officer=officer_named(acting, as_json)
        )
    emit({"ok": True, "code": peer.code}, as_json, [f"{peer} 已启用"])


@nodes_command.command("change", help="改地址、对应的单位、来件开成什么：写了哪项改哪项")
@click.argument("code")
@click.option("--name")
@click.option("--address")
@click.option("--unit")
@click.option("--opens")
@click.option("--sensitive/--not-sensitive", default=None)
@_as
@_json
def change_command(code: str, acting: str, as_json: bool, **given: Any) -> None:
    from jiezhi.connect.nodes import actions

    changes = {key: value for key, value in given.items() if value is not None}
    with refusing("没有修改", as_json):
        peer = actions.change(_peer(code, as_json), acting_officer=officer_named(acting, as_json), **changes)
    emit({"ok": True, "code": peer.code}, as_json, [f"{peer} 已修改"])


@nodes_command.command("key", help="对方换了钥匙：CARD 新的名片；旧的立即不认，新的核对指纹后才用")
@click.argument("card", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@_as
@_json
def key_command(card: Path, acting: str, as_json: bool) -> None:
    from jiezhi.connect.nodes import actions
    from jiezhi.connect.nodes.identity import Card

    with refusing("没有换", as_json, ValueError):
        fresh = Card.from_text(card.read_text(encoding="utf-8"))
        peer = actions.change_key(
            _peer(fresh.code, as_json),
            public_key=fresh.public_key,
            acting_officer=officer_named(acting, as_json),
        )
    lines = [f"{peer} 的旧钥匙已停用；核对新指纹后启用：jiezhi nodes trust {peer.code} --fingerprint …"]
    emit({"ok": True, "code": peer.code, "status": peer.status}, as_json, lines)


@nodes_command.command("stop", help="停用：不收它的，也不送")
@click.argument("code")
@click.option("--why", required=True, help="缘由")
@_as
@_json
def stop_command(code: str, why: str, acting: str, as_json: bool) -> None:
    from jiezhi.connect.nodes import actions

    with refusing("没有停用", as_json):
        peer = actions.stop(_peer(code, as_json), why=why, acting_officer=officer_named(acting, as_json))
    emit({"ok": True, "code": peer.code}, as_json, [f"{peer} 已停用"])


@nodes_command.command("renew", help="重起一轮：从备份恢复、换了机器之后，没有回执的重新成包")
@click.argument("code")
@click.option("--why", required=True, help="缘由")
@_as
@_json
def renew_command(code: str, why: str, acting: str, as_json: bool) -> None:
    from jiezhi.connect.nodes import actions

    with refusing("没有重起", as_json):
        count = actions.renew(_peer(code, as_json), why=why, acting_officer=officer_named(acting, as_json))
    emit(
        {"ok": True, "entries": count},
        as_json,
        [f"已重起一轮，{count} 条内容重新成包；对方收过的认得出，不会办两遍"],
    )


@nodes_command.command("send", help="直连：现在就往来一次（worker 每 15 秒自会往来）；CODE 不写是全部")
@click.argument("code", required=False)
@_json
def send_command(code: str | None, as_json: bool) -> None:
    from django.utils import timezone

    from jiezhi.connect.nodes import applying, exchange, queries
    from jiezhi.connect.nodes.models import Peer

    _mine(as_json)
    rows = [_peer(code, as_json)] if code else list(queries.peers())
    ready = [one for one in rows if one.address and one.status == Peer.Status.TRUSTED]
    if not ready:
        fail("没有可以直连的节点：要登记地址、核对过指纹", as_json)
    done = [exchange.exchange(one, timezone.now()) for one in ready]
    while applying.apply_waiting(timezone.now()):
        pass
    data = [
        {"code": one.peer.code, "sent": one.sent, "fetched": one.fetched, "trouble": one.trouble}
        for one in done
    ]
    lines = [
        f"{one['code']}：送 {one['sent']} 包，取 {one['fetched']} 包{'；' + str(one['trouble']) if one['trouble'] else ''}"
        for one in data
    ]
    emit(data, as_json, lines)
    if any(one.trouble for one in done):
        raise SystemExit(1)


@nodes_command.command("export", help="把对方还没有收到的包和回执写到文件夹，经网闸或光盘送去")
@click.argument("code")
@click.argument("folder", type=click.Path(file_okay=False, path_type=Path))
@_json
def export_command(code: str, folder: Path, as_json: bool) -> None:
    from django.utils import timezone

    from jiezhi.connect.nodes import folder as files
    from jiezhi.connect.nodes import packing

    _mine(as_json)
    try:
        made = files.export(_peer(code, as_json), folder, timezone.now())
    except packing.CannotWrite as error:
        fail(str(error), as_json)
    names = [path.name for path in made]
    lines = [
        f"已写 {len(names) - 1} 包和一张回执。里面有个人信息：只经登记的网闸或光盘传递，用完照敏感介质销毁"
    ]
    emit({"ok": True, "files": names}, as_json, lines)


@nodes_command.command("import", help="读文件夹里给我的包和回执，并照次序办理")
@click.argument("folder", type=click.Path(exists=True, file_okay=False, path_type=Path))
@_json
def import_command(folder: Path, as_json: bool) -> None:
    from django.utils import timezone

    from jiezhi.connect.nodes import applying
    from jiezhi.connect.nodes import folder as files

    _mine(as_json)
    found = files.take(folder, timezone.now())
    applied = 0
    while done := applying.apply_waiting(timezone.now()):
        applied += done
    data = {
        "ok": not found.refused,
        "taken": found.taken,
        "held": found.held,
        "repeated": found.repeated,
        "notes": found.notes,
        "applied": applied,
        "refused": [{"file": name, "why": why} for name, why in found.refused],
    }
    lines = [
        f"新收 {found.taken} 包，等着前面的 {found.held} 包，以前收过的 {found.repeated} 包，回执 {found.notes} 张；"
        f"办了 {applied} 条",
        *(f"没有收：{name}：{why}" for name, why in found.refused),
    ]
    emit(data, as_json, lines)
    if found.refused:
        raise SystemExit(1)


@nodes_command.command("status", help="往来到了哪里：等着送的、缺的、没有办成的、没有收下的")
@_json
def status_command(as_json: bool) -> None:
    from django.utils.timezone import localtime

    from jiezhi.connect.nodes import queries

    rows = [queries.standing(one) for one in queries.peers()]
    refused = list(queries.refused()[:20])
    returned = list(queries.returned()[:20])
    rejected = list(queries.rejections()[:20])
    data = {
        "peers": [
            {
                "code": one.peer.code,
                "status": one.peer.status,
                "sent": one.peer.out_seq,
                "acked": one.peer.acked,
                "received": one.peer.in_seq,
                **{
                    key: getattr(one, key)
                    for key in ("waiting", "unacked", "unapplied", "held", "missing", "refused", "returned")
                },
                "heard_at": one.peer.heard_at,
                "trouble": one.peer.trouble,
            }
            for one in rows
        ],
        "refused": [
            {"id": one.pk, "node": one.peer.code, "kind": one.kind, "why": one.say} for one in refused
        ],
        "returned": [
            {"node": one.peer.code, "case": one.case.number if one.case else "", "why": one.refused}
            for one in returned
        ],
        "rejected": [
            {"at": one.at, "sender": one.sender, "why": one.why, "say": one.say} for one in rejected
        ],
    }
    lines = []
    for one in rows:
        lines.append(
            f"{one.peer}：发到 {one.peer.out_seq} 号，对方收到 {one.peer.acked} 号；收到 {one.peer.in_seq} 号"
        )
        extra = [
            (one.waiting, f"还没有成包 {one.waiting} 条"),
            (one.unacked, f"没有回执 {one.unacked} 包"),
            (one.missing, f"缺第 {'、'.join(map(str, one.missing[:20]))} 号"),
            (one.unapplied, f"收到还没有办完 {one.unapplied} 包"),
            (one.refused, f"送来没有办成 {one.refused} 条"),
            (one.returned, f"对方没有办成 {one.returned} 条"),
            (one.peer.trouble, one.peer.trouble),
        ]
        lines += [f"  {text}" for there, text in extra if there]
    lines += [f"没有办成 {one.pk}（{one.peer.code}）：{one.say}" for one in refused]
    lines += [
        f"对方没有办成（{one.peer.code}）{one.case.number if one.case else ''}：{one.refused}"
        for one in returned
    ]
    lines += [
        f"没有收下 {localtime(one.at):%m-%d %H:%M} {one.sender or '不知是谁'}：{one.say}" for one in rejected
    ]
    emit(data, as_json, lines or ["还没有登记节点"])


@nodes_command.command("retry", help="没有办成的再办一次：ID 见 status")
@click.argument("number", type=int)
@_as
@_json
def retry_command(number: int, acting: str, as_json: bool) -> None:
    from jiezhi.connect.nodes import actions, queries

    arrival = queries.refused().filter(pk=number).first()
    if arrival is None:
        fail(f"没有 {number} 号没有办成的内容，用 jiezhi nodes status 看", as_json)
    with refusing("没有再办", as_json):
        done = actions.retry(arrival, acting_officer=officer_named(acting, as_json))
    words = f"{done.get_outcome_display()}{'：' + done.say if done.say else ''}"
    emit({"ok": done.outcome != "refused", "outcome": done.outcome, "say": done.say}, as_json, [words])
