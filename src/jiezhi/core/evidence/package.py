"""写案卷包：一个压缩包加一个签名文件，拿到哪里都能核验。"""

from __future__ import annotations

import os
import secrets
import zipfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from datetime import datetime
from pathlib import Path
from typing import IO, BinaryIO

from jiezhi.core.durable import creating, flush
from jiezhi.core.evidence.canonical import Json, encode
from jiezhi.core.evidence.chain import Record
from jiezhi.core.evidence.checkpoint import Checkpoint, Inclusion
from jiezhi.core.evidence.digest import hasher, is_hex, sm3_file, sm3_hex
from jiezhi.core.evidence.faults import Fault
from jiezhi.core.evidence.instants import in_words, to_iso
from jiezhi.core.evidence.layout import (
    CASE,
    CHECKPOINT,
    DEFINITION,
    EVENTS,
    FILES,
    LIMITS,
    MANIFEST,
    OPENINGS,
    README,
    SIGNATURE_SUFFIX,
    VERSION,
    PackageSignature,
    readme_text,
)
from jiezhi.core.evidence.openings import Opening
from jiezhi.core.evidence.signing import Signer, fingerprint

FileSource = Callable[[], bytes | Path]
"""Gives a file's bytes, or the path to read them from. Called once, while the package is written."""


@dataclass(frozen=True, slots=True)
class PackageSource:
    """Everything a case package holds.

    office: name of the office that signs. case: header, must hold "uid" (text); "title" is shown to readers.
    records: the whole chain from 1. openings, erased: per event number, per field; an erased field is
    {"by_seq": number of the erasing event, "at": ISO 8601}. files: by digest (hexadecimal), every file the
    events mention. definition: text of the procedure; its SM3 over UTF-8 is an event's `definition`.
    checkpoint and inclusion come together or not at all.
    """

    office: str
    case: Mapping[str, Json]
    records: Sequence[Record]
    definition: str
    openings: Mapping[int, Mapping[str, Opening]] = field(default_factory=dict)
    erased: Mapping[int, Mapping[str, Mapping[str, Json]]] = field(default_factory=dict)
    files: Mapping[str, FileSource] = field(default_factory=dict)
    checkpoint: Checkpoint | None = None
    inclusion: Inclusion | None = None


class PackageRefused(ValueError):
    """The package would not verify, so it is not signed. `faults` says why."""

    def __init__(self, faults: Sequence[Fault]) -> None:
        super().__init__("案卷包未签出：" + " ".join(fault.say for fault in faults[:5]))
        self.faults = tuple(faults)


def write_package(
    path: str | os.PathLike[str], source: PackageSource, signer: Signer, at: datetime, *, check: bool = True
) -> PackageSignature:
    """Write X.zip and X.zip.sig beside it; both or neither, durably, replacing what was there.

    path: of the zip; its folder must exist. at: aware datetime of signing. The same input gives the same
    bytes (with the same zlib). check: verify the finished package before it appears under its name, and
    refuse (PackageRefused) to put the office's signature to one that fails; False only to hand a damaged
    case to investigators as it is. Raises ValueError for inconsistent input, OSError from the disk.
    """
    target = Path(path)
    token = secrets.token_hex(6)
    temporary = target.with_name(f".{target.name}.{token}.tmp")
    temporary_signature = Path(str(temporary) + SIGNATURE_SUFFIX)
    try:
        with creating(temporary, 0o666) as stream:
            _write_zip(stream, source, signer, at)
        signature = _sign(temporary, target.name, source.office, signer, at)
        with creating(temporary_signature, 0o666) as stream:
            stream.write(signature.to_json())
        if check:
            from jiezhi.core.evidence.verify_package import verify_package

            report = verify_package(temporary, trusted_key=signer.public_key)
            if not report.ok:
                raise PackageRefused(report.faults)
        # The signature last: a crash in between leaves a pair that fails, never one that wrongly passes.
        os.replace(temporary, target)
        os.replace(temporary_signature, str(target) + SIGNATURE_SUFFIX)
        flush(target.parent)
    finally:
        temporary.unlink(missing_ok=True)
        temporary_signature.unlink(missing_ok=True)
    return signature


def _sign(path: Path, name: str, office: str, signer: Signer, at: datetime) -> PackageSignature:
    with open(path, "rb") as stream:
        digest = sm3_file(stream).hex()
    unsigned = PackageSignature(
        file=name,
        sm3=digest,
        size=path.stat().st_size,
        at=to_iso(at),
        office=office,
        algorithm=signer.algorithm,
        public_key=signer.public_key.hex(),
        signature="",
    )
    return replace(unsigned, signature=signer.sign(unsigned.signed_bytes()).hex())


def _texts(source: PackageSource, signer: Signer, at: datetime) -> dict[str, bytes]:
    uid = source.case.get("uid")
    if not isinstance(uid, str) or not uid:
        raise ValueError("件的概况里没有编号（uid）")
    if (source.checkpoint is None) != (source.inclusion is None):
        raise ValueError("存证点与存证凭据应一并提供")
    lines = [
        encode(
            {"seq": r.seq, "previous": r.previous.hex(), "body": r.body.decode(), "digest": r.digest.hex()}
        )
        for r in source.records
    ]
    disclosed: dict[str, Json] = {}
    for seq in sorted(set(source.openings) | set(source.erased)):
        disclosed[str(seq)] = {
            "openings": {name: o.to_json() for name, o in source.openings.get(seq, {}).items()},
            "erased": {name: dict(item) for name, item in source.erased.get(seq, {}).items()},
        }
    made, mark = in_words(at), fingerprint(signer.public_key)
    readme = readme_text(source.case, len(lines), len(source.files), source.office, made, mark)
    texts = {
        CASE: encode(dict(source.case)),
        EVENTS: b"".join(line + b"\n" for line in lines),
        OPENINGS: encode(disclosed),
        DEFINITION: source.definition.encode(),
        README: readme.encode(),
    }
    if source.checkpoint is not None and source.inclusion is not None:
        texts[CHECKPOINT] = encode(
            {"checkpoint": asdict(source.checkpoint), "inclusion": source.inclusion.to_value()}
        )
    return texts


def _write_zip(stream: BinaryIO | IO[bytes], source: PackageSource, signer: Signer, at: datetime) -> None:
    texts = _texts(source, signer, at)
    names = sorted([*texts, MANIFEST, *(FILES + digest for digest in source.files)])
    if len(names) > LIMITS.members:
        raise ValueError("附件太多，一个案卷包装不下")
    listed: dict[str, Json] = {name: _entry(sm3_hex(data), len(data)) for name, data in texts.items()}
    total = sum(len(data) for data in texts.values())
    with zipfile.ZipFile(stream, "w", allowZip64=False) as archive:
        for name in names:  # every "files/…" sorts before the manifest, which must list them
            if name == MANIFEST:
                _put_text(archive, name, _manifest(source, listed))
            elif name in texts:
                _put_text(archive, name, texts[name])
            else:
                digest = name.removeprefix(FILES)
                if not is_hex(digest):
                    raise ValueError("附件的摘要写法不对")
                size = _put_file(archive, name, digest, source.files[digest]())
                listed[name] = _entry(digest, size)
                total += size
            if total > LIMITS.inflated or stream.tell() > LIMITS.package:
                raise ValueError("案卷太大，一个案卷包装不下")


def _entry(digest: str, size: int) -> dict[str, Json]:
    return {"sm3": digest, "size": size}


def _manifest(source: PackageSource, listed: dict[str, Json]) -> bytes:
    last = source.records[-1] if source.records else None
    return encode(
        {
            "v": VERSION,
            "case": source.case["uid"],
            "events": len(source.records),
            "head": last.digest.hex() if last else None,
            "members": listed,
        }
    )


def _info(name: str, packed: bool) -> zipfile.ZipInfo:
    info = zipfile.ZipInfo(name, (1980, 1, 1, 0, 0, 0))
    info.create_system = 3
    info.external_attr = 0o100644 << 16
    info.compress_type = zipfile.ZIP_DEFLATED if packed else zipfile.ZIP_STORED
    return info


def _put_text(archive: zipfile.ZipFile, name: str, data: bytes) -> None:
    if len(data) > LIMITS.text:
        raise ValueError(f"{name}太大，一个案卷包装不下")
    archive.writestr(_info(name, packed=True), data, compresslevel=6)


def _put_file(archive: zipfile.ZipFile, name: str, digest: str, given: bytes | Path) -> int:
    work, size = hasher(), 0
    info = _info(name, packed=False)  # photographs and PDF don't shrink
    if isinstance(given, bytes):
        work.update(given)
        size = len(given)
        archive.writestr(info, given)
    else:
        info.file_size = given.stat().st_size
        with open(given, "rb") as stream, archive.open(info, "w") as out:
            while chunk := stream.read(1 << 20):
                work.update(chunk)
                size += len(chunk)
                out.write(chunk)
    if work.digest().hex() != digest:
        raise ValueError(f"附件的内容与摘要不符：{digest[:16]}…")
    return size
