"""Small, fixed material for the tests: a penalty case of six events with a file and an erasure."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from jiezhi.core.evidence import (
    GENESIS,
    Ed25519Signer,
    Opening,
    PackageSignature,
    PackageSource,
    Record,
    build,
    encode,
    link,
    prove_inclusion,
    seal,
    sm3_hex,
    write_package,
)
from jiezhi.core.evidence.layout import MANIFEST

CASE = "CF-2026-000017"
OFFICE = "春和街道办事处"
SIGNER = Ed25519Signer.from_seed(bytes(range(32)))
OTHER_SIGNER = Ed25519Signer.from_seed(b"\x07" * 32)
AT = datetime(2026, 11, 22, 1, 30, tzinfo=UTC)
DEFINITION = '{"matter":"enforcement.penalty","title":"行政处罚（普通程序）"}'
PHOTO = bytes(range(256)) * 2


def body(seq: int, case: str = CASE, /, **changes: Any) -> dict[str, Any]:
    at = datetime(2026, 11, 1, 1, 0, tzinfo=UTC) + timedelta(hours=seq)
    content: dict[str, Any] = {
        "v": 1,
        "case": case,
        "seq": seq,
        "matter": "enforcement.penalty",
        "definition": sm3_hex(DEFINITION.encode()),
        "action": f"step{seq}",
        "at": at.isoformat(),
        "recorded_at": (at + timedelta(minutes=5)).isoformat(),
        "actor": {"officer": "o-12", "post": "p-3"},
        "from": None if seq == 1 else f"s{seq - 1}",
        "to": f"s{seq}",
        "inputs": {},
        "files": [],
        "effects": {},
    }
    content.update(changes)
    return content


def chain_of(bodies: list[bytes]) -> list[Record]:
    previous, records = GENESIS, []
    for seq, data in enumerate(bodies, 1):
        digest = link(previous, data)
        records.append(Record(seq, previous, data, digest))
        previous = digest
    return records


def plain_chain(length: int = 6, case: str = CASE) -> list[Record]:
    return chain_of([encode(body(seq, case)) for seq in range(1, length + 1)])


def source(**changes: Any) -> PackageSource:
    """Event 2 collects cause and phone; event 3 a photograph; event 5 erases the phone."""
    cause_digest, cause = seal("cause", "擅自占用道路摆卖", b"a" * 16)
    phone_digest, _ = seal("phone", "13800000000", b"b" * 16)
    photo = sm3_hex(PHOTO)
    bodies = [body(seq) for seq in range(1, 7)]
    bodies[1]["inputs"] = {"cause": cause_digest, "phone": phone_digest}
    bodies[2]["files"] = [{"digest": photo, "name": "现场照片.jpg", "kind": "photo", "size": len(PHOTO)}]
    bodies[3]["recorded_at"] = "2026-11-04T09:00:00+08:00"
    for later in (4, 5):
        bodies[later]["at"] = bodies[later]["recorded_at"] = f"2026-11-04T09:0{later}:00+08:00"
    bodies[4]["effects"] = {"erase": [{"seq": 2, "fields": ["phone"]}]}
    records = chain_of([encode(item) for item in bodies])
    heads = [(f"CF-2026-0000{n}", n, bytes([n]) * 32) for n in range(10, 15)]
    heads.append((CASE, 4, records[3].digest))
    checkpoint = build(1, datetime(2026, 11, 5, tzinfo=UTC), None, heads, OFFICE, SIGNER)
    made = PackageSource(
        office=OFFICE,
        case={"uid": CASE, "title": "占道经营案", "number": "春街罚字〔2026〕17号"},
        records=records,
        definition=DEFINITION,
        openings={2: {"cause": cause}},
        erased={2: {"phone": {"by_seq": 5, "at": "2026-11-04T09:04:00+08:00"}}},
        files={photo: lambda: PHOTO},
        checkpoint=checkpoint,
        inclusion=prove_inclusion(heads, CASE),
    )
    return replace(made, **changes)


def opening(field: str, value: Any) -> tuple[str, Opening]:
    return seal(field, value, b"c" * 16)


def package(folder: Path, made: PackageSource | None = None, *, check: bool = True) -> Path:
    path = folder / "案卷.zip"
    write_package(path, made or source(), SIGNER, AT, check=check)
    return path


def members(path: Path) -> dict[str, bytes]:
    with zipfile.ZipFile(path) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def zip_bytes(contents: Mapping[str, bytes]) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in contents.items():
            archive.writestr(name, data)
    return stream.getvalue()


def relist(contents: dict[str, bytes]) -> dict[str, bytes]:
    """Bring the manifest's list in line with what is there: a careful forger's work."""
    import json

    manifest = json.loads(contents[MANIFEST])
    manifest["members"] = {
        name: {"sm3": sm3_hex(data), "size": len(data)} for name, data in contents.items() if name != MANIFEST
    }
    return {**contents, MANIFEST: encode(manifest)}


def rewrite(path: Path, change: Callable[[dict[str, bytes]], None], *, listed: bool = False) -> None:
    """Change the members of a package, leaving its signature file as it was."""
    contents = members(path)
    change(contents)
    path.write_bytes(zip_bytes(relist(contents) if listed else contents))


def resign(path: Path, signer: Ed25519Signer = SIGNER) -> None:
    """Sign the package as it now is."""
    data = path.read_bytes()
    unsigned = PackageSignature(
        file=path.name,
        sm3=sm3_hex(data),
        size=len(data),
        at="2026-11-22T09:30:00+08:00",
        office=OFFICE,
        algorithm=signer.algorithm,
        public_key=signer.public_key.hex(),
        signature="",
    )
    signed = replace(unsigned, signature=signer.sign(unsigned.signed_bytes()).hex())
    sig_path(path).write_bytes(signed.to_json())


def sig_path(path: Path) -> Path:
    return path.with_name(path.name + ".sig")
