"""用文件交换：写到一个文件夹、从一个文件夹读，经网闸或光盘摆渡。多拷几遍、次序乱了都无妨。"""

from __future__ import annotations

import shutil
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from jiezhi.connect.nodes import identity, packing, receiving
from jiezhi.connect.nodes.models import Peer
from jiezhi.core.durable import replacing
from jiezhi.core.parcels import Refused, Verdict
from jiezhi.core.parcels.notes import MAX_NOTE

NOTE = "huizhi.json"


@dataclass(slots=True)
class Imported:
    """读了一个文件夹：新收下几包、收着等前面的几包、以前收过的几包、回执几张；不收的（文件名，缘由）。"""

    taken: int = 0
    held: int = 0
    repeated: int = 0
    notes: int = 0
    refused: list[tuple[str, str]] = field(default_factory=list)


def export(peer: Peer, folder: Path, now: datetime) -> list[Path]:
    """把对方没有说收到的包和一张回执写到 `folder`；返回写了哪些。写到一半断电只留下临时名的文件。"""
    folder.mkdir(parents=True, exist_ok=True)
    packing.pack(peer, now)
    made: list[Path] = []
    for row in packing.unacknowledged(peer):
        target = folder / packing.name_of(row)
        with packing.written(row) as path, path.open("rb") as stream, replacing(target) as out:
            shutil.copyfileobj(stream, out)
        made.append(target)
    # 收过对方的东西，或者送出去的还没有回执，都带一张：对方凭它知道哪些不用再送。
    target = folder / f"{identity.me()}--{peer.code}--{NOTE}"
    with replacing(target) as out:
        out.write(packing.note(peer, "receipt", now))
    return [*made, target]


def take(folder: Path, now: datetime) -> Imported:
    """读 `folder` 里给我的包和回执；别的文件不看。文件留在原处，由拷的人清理。"""
    found = Imported()
    mine = identity.me()
    for path in sorted(folder.iterdir()):
        parts = path.name.split("--")
        if path.name.startswith(".") or len(parts) != 3 or parts[0] == mine or not path.is_file():
            continue
        try:
            if parts[2] == NOTE:
                with path.open("rb") as stream:
                    receiving.receive_note(stream.read(MAX_NOTE + 1), via="file", now=now)
                found.notes += 1
            elif path.suffix == ".zip":
                with path.open("rb") as stream:
                    done = receiving.receive(stream, path.stat().st_size, via="file", now=now)
                found.taken += done.verdict in (Verdict.NEXT, Verdict.RENEWED)
                found.held += done.verdict is Verdict.HOLD
                found.repeated += done.verdict is Verdict.REPEAT
        except Refused as refused:
            found.refused.append((path.name, str(refused)))
    return found
