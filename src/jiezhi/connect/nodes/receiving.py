"""收包：读、核对、存妥，按号排好。存妥了才算收到，回执才说收到；办在后面（applying）。"""

from __future__ import annotations

import io
import secrets as random
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import BinaryIO, cast

from django.db import transaction

from jiezhi.base.casework import files
from jiezhi.base.casework.models import EvidenceFile
from jiezhi.connect.nodes import identity, packing
from jiezhi.connect.nodes.models import Incoming, IncomingFile, Peer, Rejection
from jiezhi.core.evidence.digest import sm3_file
from jiezhi.core.parcels import (
    Note,
    Opened,
    Parcel,
    Refused,
    Verdict,
    Why,
    Window,
    check_signer,
    judge,
    open_parcel,
    verify,
)

# 没有收下的记多少条：有人成心捣乱时，库不会被撑大。不知是谁的和登记过的节点的分开算，冲不掉后者；
# 从网上来的、不知是谁的，一天记满就不再记。
MOST_REJECTIONS = 1000
MOST_STRANGERS = 100
DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Received:
    """收下了：哪个节点的第几号，怎样（next、hold、repeat、renewed）。"""

    peer: Peer
    epoch: int
    seq: int
    verdict: Verdict


@contextmanager
def desk() -> Iterator[BinaryIO]:
    """收到一半的放在哪里：一个临时文件，用完即删。"""
    path = files.workplace() / f"{random.token_hex(12)}.part"
    try:
        with path.open("xb+") as stream:
            path.chmod(0o600)
            yield stream
    finally:
        path.unlink(missing_ok=True)


def expected() -> bool:
    """有没有登记过、核对过指纹的节点；没有就什么也不用收。"""
    return Peer.objects.filter(status=Peer.Status.TRUSTED).exists()


def check_sender(file: BinaryIO, size: int, *, via: str, now: datetime) -> None:
    """只收到开头（`size` 字节，不少于 parcels.HEAD）时先认人：不是哪个节点签的，后面的不用收了 → Refused。"""
    keys, old_keys = _keys()
    try:
        check_signer(file, size, keys=keys, old_keys=old_keys)
    except Refused as refused:
        _reject(refused, "", file, via, now)
        raise


def receive(file: BinaryIO, size: int, *, via: str, now: datetime) -> Received:
    """收一包（可以定位的文件，共 `size` 字节）。`via` 是 https 或 file。

    不收的 → Refused，并记进“没有收下的包”。同一包再来无妨。
    """
    opened: Opened | None = None
    keys, old_keys = _keys()
    try:
        opened = open_parcel(file, size, most=packing.MOST_PARCEL, keys=keys, old_keys=old_keys)
        peer = _sender(opened.parcel.sender)
        verify(opened, me=identity.me(), key=peer.public_key)
        if _judge(peer, opened) not in (Verdict.REPEAT, Verdict.CONFLICT, Verdict.STALE, Verdict.TOO_FAR):
            _keep_files(file, opened, now)
        return _keep(peer, opened, via, now)
    except Refused as refused:
        _reject(refused, opened.parcel.sender if opened else "", file, via, now)
        raise


def receive_note(data: bytes, *, via: str, now: datetime) -> tuple[Peer, Note]:
    """收一张小条：核对签名，是回执的记下对方收到几号。不收 → Refused。"""
    known = ""
    try:
        found, signed = Note.opened(data)
        peer = _sender(found.sender)
        found.check(signed, me=identity.me(), key=peer.public_key)
        known = peer.code
        if found.kind == "fetch" and not found.fresh(now):
            raise Refused(Why.STALE, "来取的小条过期了，或两边的钟差了五分钟以上")
    except Refused as refused:
        _reject(refused, known, io.BytesIO(data), via, now)
        raise
    packing.take_note(peer, found, now)
    return peer, found


def _keys() -> tuple[set[str], set[str]]:
    """现在认的公钥，和换下来的。"""
    current: set[str] = set()
    old: set[str] = set()
    rows = Peer.objects.filter(status=Peer.Status.TRUSTED).values_list("public_key", "old_keys")
    for key, changed in rows:
        current.add(key)
        old.update(changed)
    return current, old - current


def _sender(code: str) -> Peer:
    peer = Peer.objects.filter(code=code).first()
    if peer is None:
        raise Refused(Why.STRANGER, f"没有登记过节点“{code}”")
    if peer.status != Peer.Status.TRUSTED:
        raise Refused(Why.STRANGER, f"节点“{code}”{peer.get_status_display()}，不收它的东西")
    return peer


def _window(peer: Peer) -> Window:
    held = peer.incoming.filter(epoch=peer.in_epoch, seq__gt=peer.in_seq).values_list("seq", "digest")
    return Window(peer.in_epoch, peer.in_seq, peer.in_last, dict(held))


def _judge(peer: Peer, opened: Opened) -> Verdict:
    parcel = opened.parcel
    known = None
    if parcel.epoch == peer.in_epoch and parcel.seq <= peer.in_seq:
        same = peer.incoming.filter(epoch=parcel.epoch, seq=parcel.seq)
        known = same.values_list("digest", flat=True).first()
    return judge(_window(peer), parcel.epoch, parcel.seq, parcel.previous, opened.digest, known)


_WORDS = {
    Verdict.CONFLICT: (
        Why.CONFLICT,
        "第 {seq} 号以前收过而内容不同，或接不上前一包；对方多半是从备份恢复的，请对方用 jiezhi nodes renew 重起一轮",
    ),
    Verdict.STALE: (Why.STALE, "是对方重起一轮之前的包，不再收"),
    Verdict.TOO_FAR: (Why.TOO_FAR, "前面缺得太多，先不收；请对方从第 {next} 号起重新送"),
}


def _keep(peer: Peer, opened: Opened, via: str, now: datetime) -> Received:
    """存妥，能接上的往前推。一个事务。"""
    parcel = opened.parcel
    with transaction.atomic():
        peer = Peer.objects.select_for_update().get(pk=peer.pk)
        verdict = _judge(peer, opened)
        if verdict in _WORDS:
            why, say = _WORDS[verdict]
            raise Refused(why, say.format(seq=parcel.seq, next=peer.in_seq + 1))
        renewed = verdict is Verdict.RENEWED
        if renewed:
            peer.incoming.filter(epoch=peer.in_epoch, seq__gt=peer.in_seq).delete()
            peer.in_epoch, peer.in_seq = parcel.epoch, 0
        if verdict is not Verdict.REPEAT:
            _store(peer, opened, via, now)
        if verdict in (Verdict.NEXT, Verdict.RENEWED):
            peer.in_seq, peer.in_last = parcel.seq, opened.digest
            _advance(peer, now)
        peer.heard_at, peer.failures = now, 0
        peer.save(update_fields=["in_epoch", "in_seq", "in_last", "heard_at", "failures"])
        packing.acknowledge(peer, *parcel.receipt, tuple(peer.held), now, restored=renewed)
    return Received(peer, parcel.epoch, parcel.seq, verdict)


def _store(peer: Peer, opened: Opened, via: str, now: datetime) -> None:
    parcel = opened.parcel
    row = Incoming.objects.create(
        peer=peer,
        epoch=parcel.epoch,
        seq=parcel.seq,
        digest=opened.digest,
        previous=parcel.previous,
        sealed=opened.manifest.decode(),
        count=len(parcel.entries),
        received_at=now,
        via=via,
    )
    kept = EvidenceFile.objects.filter(pk__in=[one.sm3 for one in parcel.files], erased_at=None)
    IncomingFile.objects.bulk_create(IncomingFile(parcel=row, file=one) for one in kept)


def _advance(peer: Peer, now: datetime) -> None:
    """缺的补上了，后面先收着的接着往前推；接不上的（不是同一条链上的）扔掉，等对方重送。"""
    while row := peer.incoming.filter(epoch=peer.in_epoch, seq=peer.in_seq + 1).first():
        window = Window(peer.in_epoch, peer.in_seq, peer.in_last)
        if judge(window, row.epoch, row.seq, row.previous, row.digest, None) is not Verdict.NEXT:
            say = f"先收着的第 {row.seq} 号接不上前一包，没有用"
            Rejection.objects.create(
                at=now, sender=peer.code, via=row.via, why=Why.CONFLICT, say=say, digest=row.digest
            )
            row.delete()
            return
        peer.in_seq, peer.in_last = row.seq, row.digest


class _Part(io.RawIOBase):
    """包里的一段，当作一个文件读。"""

    def __init__(self, file: BinaryIO, at: int, size: int) -> None:
        self._file = file
        self._at = at
        self._left = size

    def readable(self) -> bool:
        return True

    def read(self, size: int = -1) -> bytes:
        wanted = self._left if size < 0 else min(size, self._left)
        self._file.seek(self._at)
        data = self._file.read(wanted)
        self._at += len(data)
        self._left -= len(data)
        return data


def _keep_files(file: BinaryIO, opened: Opened, now: datetime) -> None:
    """材料先存妥（不在事务里）。本机不认的种类存不下：用到它的那一条会说明，别的不受影响。"""
    names = _names(opened.parcel)
    for sm3, (at, size) in opened.places.items():
        row = EvidenceFile.objects.filter(pk=sm3, erased_at=None).first()
        if row is not None and files.path_of(sm3).is_file():
            continue
        try:
            part = cast(BinaryIO, _Part(file, at, size))
            files.store(part, names.get(sm3, ""), kind="any", acting_officer=None, now=now)
        except files.FileRefused:
            continue


def _names(parcel: Parcel) -> dict[str, str]:
    """各份材料的名称；写法不成样的不管，办那一条的时候自会说明。"""
    found: dict[str, str] = {}
    for entry in parcel.entries:
        listed = entry.data.get("files")
        for one in listed if isinstance(listed, list) else ():
            if isinstance(one, dict) and isinstance(one.get("sm3"), str):
                found[one["sm3"]] = str(one.get("name", ""))
    return found


def _reject(refused: Refused, sender: str, file: BinaryIO, via: str, now: datetime) -> None:
    """记一条没有收下的。`sender` 为空是不知道谁的：签名不是登记过的钥匙签的。"""
    same = Rejection.objects.exclude(sender="") if sender else Rejection.objects.filter(sender="")
    if not sender and via == "https" and same.filter(via=via, at__gt=now - DAY).count() >= MOST_STRANGERS:
        return
    file.seek(0)
    Rejection.objects.create(
        at=now,
        sender=sender,
        via=via,
        why=str(refused.why),
        say=str(refused)[:300],
        digest=sm3_file(file).hex(),
    )
    floor = same.order_by("-pk").values_list("pk", flat=True)[MOST_REJECTIONS:][:1]
    for pk in floor:
        same.filter(pk__lte=pk).delete()
