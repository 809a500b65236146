"""成包、写成 zip、对方说收到了：发出去的一边。没有回执的一直留着，可以反复送，每次一字不差。"""

from __future__ import annotations

import json
import logging
import secrets as random
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any, BinaryIO

from django.db import transaction
from django.db.models import Q, QuerySet

from jiezhi.base.accounts.models import Officer
from jiezhi.base.accounts.records import write_record
from jiezhi.base.casework import files
from jiezhi.base.casework.models import EvidenceFile
from jiezhi.connect.nodes import identity, outbound
from jiezhi.connect.nodes.models import Outgoing, OutgoingEntry, Peer
from jiezhi.core.evidence.canonical import encode
from jiezhi.core.parcels import FIRST, Entry, FileRef, Note, NoteKind, Parcel, Signed, write_parcel
from jiezhi.core.parcels.format import PARCEL_MARK
from jiezhi.core.parcels.notes import MAX_HELD, stamp
from jiezhi.core.procedure.fold import REASON

log = logging.getLogger(__name__)

# 一包最多几条、文字和材料合计各最多几字节（单独一条就超过的自成一包）；收的时候最多认多大的包。
MOST_ENTRIES = 200
MOST_WORDS = 2 << 20
MOST_BYTES = 32 << 20
MOST_PARCEL = 1 << 30
# 写在那一条上：送不到了，要人去问。
LOST = "对方从较早的备份恢复，没有这一条了；本机的内容也已清掉，没有再送。请与对方核对这一件"


class CannotWrite(Exception):
    """这一包写不出来：材料不在了，或内容对不上。"""


def pack(peer: Peer, now: datetime) -> int:
    """把等着的内容成包，返回成了几包。"""
    made = 0
    while _pack_one(peer, now):
        made += 1
    return made


def _pack_one(peer: Peer, now: datetime) -> bool:
    with transaction.atomic():
        peer = Peer.objects.select_for_update().get(pk=peer.pk)
        rows = list(waiting(peer).order_by("id")[:MOST_ENTRIES])
        wanted = {digest for row in rows for digest in row.files}
        here = EvidenceFile.objects.filter(pk__in=wanted, erased_at=None)
        sizes = dict(here.values_list("pk", "size"))
        chosen: list[OutgoingEntry] = []
        total = words = 0
        for row in rows:
            if gone := set(row.files) - set(sizes):  # 写下之后依法清除了的
                strip(row, (), gone)
            total += sum(sizes[digest] for digest in row.files)
            words += len(row.sealed.encode())
            if chosen and (total > MOST_BYTES or words > MOST_WORDS):
                break
            chosen.append(row)
        if not chosen:
            return False
        refs = {digest: FileRef(digest, sizes[digest]) for row in chosen for digest in row.files}
        parcel = Parcel(
            sender=identity.me(),
            receiver=peer.code,
            epoch=peer.out_epoch,
            seq=peer.out_seq + 1,
            previous=peer.out_last,
            at=stamp(now),
            receipt=(peer.in_epoch, peer.in_seq, peer.in_last),
            entries=tuple(_entry(row) for row in chosen),
            files=tuple(refs[digest] for digest in sorted(refs)),
        )
        head = json.loads(parcel.to_json())
        del head["entries"]
        made = Outgoing.objects.create(
            peer=peer,
            epoch=parcel.epoch,
            seq=parcel.seq,
            digest=parcel.digest(),
            head=head,
            signed=Signed.by(identity.signer(), PARCEL_MARK, parcel.to_json()).to_value(),
            created_at=now,
        )
        OutgoingEntry.objects.filter(pk__in=[one.pk for one in chosen]).update(parcel=made)
        peer.out_seq, peer.out_last = made.seq, made.digest
        peer.save(update_fields=["out_seq", "out_last"])
    return True


def waiting(peer: Peer) -> QuerySet[OutgoingEntry]:
    """还没有成包的；内容已经清掉的送不了，不在其中。"""
    return peer.entries.filter(parcel=None, cleared_at=None)


def _entry(row: OutgoingEntry) -> Entry:
    return Entry(row.uid, row.kind, json.loads(row.sealed))


def unacknowledged(peer: Peer) -> QuerySet[Outgoing]:
    """对方还没有说收到的包，按号；它收着而前面还缺的不用再送。"""
    peer.refresh_from_db(fields=["out_epoch", "acked", "held"])
    rows = Outgoing.objects.filter(peer=peer, epoch=peer.out_epoch, seq__gt=peer.acked)
    return rows.exclude(seq__in=peer.held).order_by("seq")


def name_of(row: Outgoing) -> str:
    """写成文件叫什么。"""
    return f"{row.head['from']}--{row.head['to']}--{row.epoch}-{row.seq:06}.zip"


@contextmanager
def written(row: Outgoing) -> Iterator[Path]:
    """写到临时文件，用完即删。内容对不上、材料不在了 → CannotWrite。"""
    path = files.workplace() / f"{random.token_hex(12)}.parcel"
    try:
        with path.open("xb") as out:
            path.chmod(0o600)
            write_to(row, out)
        yield path
    finally:
        path.unlink(missing_ok=True)


def write_to(row: Outgoing, out: BinaryIO) -> None:
    """写这一包；与成包时一字不差。内容对不上、材料不在了 → CannotWrite。"""
    entries = [_entry(one).to_value() for one in row.entries.order_by("id") if one.sealed]
    parcel = _rebuilt(row, entries)
    try:
        write_parcel(out, parcel, Signed.from_value(row.signed), _material)
    except (OSError, ValueError) as error:
        log.warning("第 %s 号包里的材料写不出来", row.seq, exc_info=True)
        say = f"第 {row.seq} 号包里的材料写不出来；已依法清除的，请用 jiezhi nodes renew 重起一轮"
        raise CannotWrite(say) from error


def _rebuilt(row: Outgoing, entries: list[Any]) -> Parcel:
    try:
        parcel = Parcel.from_json(encode({**row.head, "entries": entries}))
    except ValueError as error:
        raise CannotWrite(f"第 {row.seq} 号包的内容不成样：{error}") from error
    if parcel.digest() != row.digest:
        raise CannotWrite(f"第 {row.seq} 号包的内容与成包时不同：已清掉，或库被改动过")
    return parcel


def _material(ref: FileRef) -> BinaryIO:
    return files.path_of(ref.sm3).open("rb")


# ---- 回执 ----


def note(peer: Peer, kind: NoteKind, now: datetime) -> bytes:
    """给对方的小条：我连续收到你的第几号，另外收着哪些。"""
    peer.refresh_from_db(fields=["in_epoch", "in_seq", "in_last"])
    held = peer.incoming.filter(epoch=peer.in_epoch, seq__gt=peer.in_seq).order_by("seq")
    made = Note(
        kind=kind,
        sender=identity.me(),
        receiver=peer.code,
        at=stamp(now),
        epoch=peer.in_epoch,
        upto=peer.in_seq,
        last=peer.in_last,
        held=tuple(held.values_list("seq", flat=True)[:MAX_HELD]),
    )
    return made.sealed(identity.signer())


def acknowledge(
    peer: Peer,
    epoch: int,
    upto: int,
    last: str,
    held: tuple[int, ...],
    now: datetime,
    *,
    restored: bool = False,
) -> None:
    """对方说连续收到了第几号、那一包的摘要。须在事务里、`peer` 已锁住。

    比以前说的少：是迟到的旧回执，不理；`restored`（对方重起了一轮）时信它，少的重新送。
    那一号我没有发过、或者我发的不是那一包：本机多半是从备份恢复的，不算它收到，记下来等人处理。
    """
    if epoch < peer.out_epoch and not restored:
        return
    sent = Outgoing.objects.filter(peer=peer)
    mine = sent.filter(epoch=epoch, seq=upto, digest=last)
    if epoch > peer.out_epoch or (epoch == peer.out_epoch and upto and not mine.exists()):
        peer.trouble = (
            f"对方收到的第 {epoch} 轮第 {upto} 号不是本机现在的那一包：本机多半是从备份恢复的，"
            "请用 jiezhi nodes renew 重起一轮"
        )
        peer.save(update_fields=["trouble"])
        return
    if restored and _lost_by_peer(peer, epoch, upto, now):
        return
    if epoch < peer.out_epoch:
        upto, held = 0, ()
    if upto < peer.acked and not restored:
        return
    peer.acked, peer.held = upto, sorted(held)
    peer.save(update_fields=["acked", "held"])
    sent.filter(epoch=peer.out_epoch, seq__lte=upto, acked_at=None).update(acked_at=now)


def _lost_by_peer(peer: Peer, epoch: int, upto: int, now: datetime) -> bool:
    """对方恢复之后没有了的，改成没有送到。照原样送不了的（是以前几轮的、内容已经清掉的），重起一轮，返回真。"""
    after = Q(epoch=epoch, seq__gt=upto) | Q(epoch__gt=epoch)
    lost = Outgoing.objects.filter(after, peer=peer).exclude(acked_at=None).update(acked_at=None)
    cleared = peer.entries.filter(parcel__isnull=False, parcel__acked_at=None).exclude(cleared_at=None)
    if not lost or (epoch == peer.out_epoch and not cleared.exists()):
        return False
    start_over(peer, now, why="对方从较早的备份恢复，自动重起")
    return True


def take_note(peer: Peer, found: Note, now: datetime) -> None:
    """收下对方的小条（已经核对过签名）。"""
    with transaction.atomic():
        locked = Peer.objects.select_for_update().get(pk=peer.pk)
        acknowledge(locked, found.epoch, found.upto, found.last, found.held, now)
        Peer.objects.filter(pk=peer.pk).update(heard_at=now)


def start_over(peer: Peer, now: datetime, *, why: str, acting_officer: Officer | None = None) -> int:
    """重起一轮：对方没有说收到的内容重新成包，写管理记录。须在事务里、`peer` 已锁住。返回重新成包的条数。

    内容已经清掉的送不了，在那一条上写明，提醒人与对方核对。
    """
    old = {"epoch": peer.out_epoch, "seq": peer.out_seq, "acked": peer.acked}
    left = Outgoing.objects.filter(peer=peer, acked_at=None)
    entries = OutgoingEntry.objects.filter(parcel__in=left)
    lost = entries.exclude(cleared_at=None).update(parcel=None, refused=LOST)
    moved = entries.update(parcel=None)
    left.delete()
    # 轮次用时刻：从更早的备份再恢复一次，新的一轮也比以前的新。
    peer.out_epoch = max(peer.out_epoch + 1, int(now.timestamp()) // 60)
    peer.out_seq, peer.out_last, peer.acked, peer.held = 0, FIRST, 0, []
    peer.trouble = (
        f"对方没有收到而本机已清掉的 {lost} 条不能重送，请与对方核对（jiezhi nodes status）" if lost else ""
    )
    peer.save(update_fields=["out_epoch", "out_seq", "out_last", "acked", "held", "trouble"])
    outbound.put_hello(peer, now)
    write_record(
        "node.renew",
        "与节点重起一轮",
        peer,
        acting_officer=acting_officer,
        now=now,
        old=old,
        new={"epoch": peer.out_epoch},
        note=why,
    )
    return moved


def strip(row: OutgoingEntry, names: Collection[str], gone: Collection[str], *, hush: bool = False) -> bool:
    """从还没有送到的一条里拿掉：这些字段（含理由）、这些材料、对来件人说的话（`hush`）。返回有没有改。"""
    data = json.loads(row.sealed)
    fields = {name: value for name, value in data.get("fields", {}).items() if name not in names}
    for name, value in fields.items():
        if isinstance(value, list):
            fields[name] = [one for one in value if not isinstance(one, str) or one not in gone]
    if "fields" in data:
        data["fields"] = fields
    if "files" in data:
        data["files"] = [one for one in data["files"] if one["sm3"] not in gone]
    if REASON in names and "reason" in data:
        data["reason"] = ""
    if hush:
        data["told"] = []
    left = encode(data).decode()
    if left == row.sealed:
        return False
    row.sealed, row.files = left, [digest for digest in row.files if digest not in gone]
    row.save(update_fields=["sealed", "files"])
    return True
