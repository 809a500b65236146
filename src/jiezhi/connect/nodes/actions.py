"""节点的全部管理操作：只有系统管理员能办，每个都写管理记录。出错：ValidationError（按字段说明）、NotAllowed。"""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone

from jiezhi.base.accounts.authority import require_administrator
from jiezhi.base.accounts.models import Officer
from jiezhi.base.accounts.records import apply_changes, snapshot, write_record
from jiezhi.base.casework import matters
from jiezhi.base.registry import queries as registry
from jiezhi.base.registry import stamps
from jiezhi.connect import calling
from jiezhi.connect.nodes import applying, identity, packing, roster
from jiezhi.connect.nodes.identity import Card
from jiezhi.connect.nodes.models import Arrival, Incoming, IncomingFile, OutgoingEntry, Peer, Rejection
from jiezhi.core.evidence.digest import is_hex
from jiezhi.core.parcels.format import is_code

CHANGEABLE = ("name", "address", "unit", "opens", "sensitive")
RECORDED = ["code", "kind", *CHANGEABLE, "public_key", "status"]
# 对方收到之后、我方办完之后，内容再留多久。
KEEP = timedelta(days=30)
KEEP_REJECTIONS = timedelta(days=180)


def add(
    card: Card,
    *,
    kind: str,
    acting_officer: Officer | None,
    address: str = "",
    unit: str = "",
    opens: str = "",
    sensitive: bool = False,
    now: datetime | None = None,
) -> Peer:
    """登记节点，照对方的名片。登记了还不能用：电话里核对指纹之后 `trust`。"""
    now = now or timezone.now()
    require_administrator(acting_officer, now)
    peer = Peer(
        code=card.code,
        name=card.name.strip(),
        kind=kind,
        public_key=card.public_key,
        address=address.strip(),
        unit=unit.strip(),
        opens=opens.strip(),
        sensitive=sensitive,
        created_at=now,
    )
    _check(peer)
    with transaction.atomic():
        peer.save(force_insert=True)
        stamps.touch(roster.STAMP)
        new = snapshot(peer, RECORDED)
        write_record("node.add", "登记节点", peer, acting_officer=acting_officer, now=now, new=new)
    return peer


def change(
    peer: Peer, *, acting_officer: Officer | None, now: datetime | None = None, **changes: Any
) -> Peer:
    """改名称、地址、对应的单位、来件开成什么、送不送姓名电话。代码、是我的什么不能改：另登记一个。"""
    now = now or timezone.now()
    require_administrator(acting_officer, now)
    if unknown := set(changes) - set(CHANGEABLE):
        raise ValueError(f"不能这样修改：{', '.join(sorted(unknown))}")
    with transaction.atomic():
        peer = _locked(peer)
        values = {key: value.strip() if isinstance(value, str) else value for key, value in changes.items()}
        changed, old, new = apply_changes(peer, values)
        if changed:
            _check(peer)
            peer.save(update_fields=changed)
            stamps.touch(roster.STAMP)
            write_record(
                "node.change", "修改节点", peer, acting_officer=acting_officer, now=now, old=old, new=new
            )
    return peer


def trust(
    peer: Peer, *, fingerprint: str, acting_officer: Officer | None, now: datetime | None = None
) -> Peer:
    """核对指纹、启用。`fingerprint` 是电话里或当面听对方念的，照着敲，与登记的公钥对得上才启用。"""
    now = now or timezone.now()
    require_administrator(acting_officer, now)
    with transaction.atomic():
        peer = _locked(peer)
        mine = Card(peer.code, peer.name, peer.public_key).fingerprint
        if re.sub(r"\D", "", fingerprint) != mine.replace("-", ""):
            raise ValidationError(
                {"fingerprint": "指纹对不上：登记的公钥不是对方的。请与对方重新核对名片，不要启用"}
            )
        _turn(peer, Peer.Status.TRUSTED, "node.trust", "核对指纹、启用节点", acting_officer, now)
    return peer


def stop(peer: Peer, *, why: str, acting_officer: Officer | None, now: datetime | None = None) -> Peer:
    """停用：不收它的，也不送。要送内网的来件照样攒着；再启用要重新核对指纹。"""
    now = now or timezone.now()
    require_administrator(acting_officer, now)
    with transaction.atomic():
        peer = _locked(peer)
        _turn(peer, Peer.Status.STOPPED, "node.stop", "停用节点", acting_officer, now, note=why)
    return peer


def change_key(
    peer: Peer, *, public_key: str, acting_officer: Officer | None, now: datetime | None = None
) -> Peer:
    """对方换了钥匙：旧的立即不认，新的核对指纹之后才用。"""
    now = now or timezone.now()
    require_administrator(acting_officer, now)
    if not is_hex(public_key):
        raise ValidationError({"public_key": "公钥要写成 64 位小写十六进制，照对方的名片"})
    with transaction.atomic():
        peer = _locked(peer)
        if public_key == peer.public_key:
            return peer
        if public_key in peer.old_keys:
            raise ValidationError({"public_key": "这是以前换下来的公钥，不能再用"})
        old = peer.public_key
        peer.old_keys, peer.public_key = [*peer.old_keys, old], public_key
        peer.save(update_fields=["old_keys", "public_key"])
        _turn(peer, Peer.Status.NEW, "node.key", "节点换公钥", acting_officer, now, note=f"换下 {old[:16]}…")
    return peer


def renew(peer: Peer, *, why: str, acting_officer: Officer | None, now: datetime | None = None) -> int:
    """重起一轮：本机从备份恢复、换了机器，或材料依法清除之后，对方没有说收到的重新成包。返回重新成包的条数。

    内容的标识不变，对方收过的认得出，所以不会办两遍。
    """
    now = now or timezone.now()
    require_administrator(acting_officer, now)
    if not why.strip():
        raise ValidationError({"why": "请写明为什么重起一轮"})
    with transaction.atomic():
        peer = _locked(peer)
        return packing.start_over(peer, now, why=why, acting_officer=acting_officer)


def retry(arrival: Arrival, *, acting_officer: Officer | None, now: datetime | None = None) -> Arrival:
    """没有办成的一条再办一次。"""
    now = now or timezone.now()
    require_administrator(acting_officer, now)
    try:
        with transaction.atomic():
            done = applying.retry(arrival, now)
            write_record(
                "node.retry",
                "再办节点来件",
                done.peer,
                acting_officer=acting_officer,
                now=now,
                note=f"{done.uid}：{done.get_outcome_display()}",
            )
    except ValueError as error:
        raise ValidationError({"arrival": str(error)}) from error
    return done


def sweep(now: datetime) -> None:
    """每天一次：对方收到三十天的、我方办完三十天的，内容清掉，只留摘要和序号；没有办成的留着等再办。"""
    before = now - KEEP
    sent = OutgoingEntry.objects.filter(parcel__acked_at__lt=before, cleared_at=None)
    sent.update(sealed="", files=[], cleared_at=now)
    failed = Arrival.objects.filter(outcome=Arrival.Outcome.REFUSED, at__gte=now - 6 * KEEP)
    done = Incoming.objects.filter(applied_at__lt=before, cleared_at=None)
    done = done.exclude(pk__in=failed.values("parcel"))
    IncomingFile.objects.filter(parcel__in=done).delete()
    done.update(sealed="", cleared_at=now)
    Rejection.objects.filter(at__lt=now - KEEP_REJECTIONS).delete()


def _turn(
    peer: Peer,
    status: Peer.Status,
    code: str,
    title: str,
    acting_officer: Officer | None,
    now: datetime,
    note: str = "",
) -> None:
    old = {"status": peer.status}
    peer.status, peer.trouble, peer.failures, peer.next_at = status, "", 0, None
    peer.save(update_fields=["status", "trouble", "failures", "next_at"])
    stamps.touch(roster.STAMP)
    new = {"status": str(status), "public_key": peer.public_key}
    write_record(code, title, peer, acting_officer=acting_officer, now=now, old=old, new=new, note=note)


def _locked(peer: Peer) -> Peer:
    return Peer.objects.select_for_update().get(pk=peer.pk)


def _check(peer: Peer) -> None:
    problems: dict[str, str] = {}
    if not is_code(peer.code) or peer.code == identity.me():
        problems["code"] = "节点代码是 2 到 40 位小写字母、数字、短横，不能和本机的相同"
    elif Peer.objects.filter(code=peer.code).exclude(pk=peer.pk).exists():
        problems["code"] = f"节点“{peer.code}”已经登记；换了钥匙的用 jiezhi nodes key"
    if not peer.name:
        problems["name"] = "请写名称"
    if peer.kind not in Peer.Kind.values:
        problems["kind"] = f"是我的什么，要写 {'、'.join(Peer.Kind.values)} 之一"
    if not is_hex(peer.public_key):
        problems["public_key"] = "公钥要写成 64 位小写十六进制，照对方的名片"
    if peer.address:
        try:
            peer.address = calling.check_url(peer.address)
        except calling.Blocked as blocked:
            problems["address"] = str(blocked)
    if peer.unit and registry.unit_by_code(peer.unit) is None:
        problems["unit"] = f"没有代码为“{peer.unit}”的单位"
    _check_opens(peer, problems)
    if problems:
        raise ValidationError(problems)


def _check_opens(peer: Peer, problems: dict[str, str]) -> None:
    if peer.kind not in (Peer.Kind.OUTSIDE, Peer.Kind.SUBORDINATE):
        if peer.opens:
            problems["opens"] = "只有外网、下级节点送件来，别的不用写来件开成什么"
        return
    who = "reporter" if peer.kind == Peer.Kind.OUTSIDE else "import"
    if not peer.opens:
        problems["opens"] = "请写来件开成什么（业务模板代号），如 report.snapshot"
        return
    try:
        definition = matters.definition_of(matters.current_version(peer.opens))
    except matters.UnknownMatter as error:
        problems["opens"] = str(error)
        return
    if not any(who in definition.matter.actions[name].by for name in definition.opening_actions):
        say = f"“{definition.matter.title}”没有{'来件人' if who == 'reporter' else '导入'}能办的开件动作"
        problems["opens"] = f"{say}，不能接{peer.get_kind_display()}送来的件"
