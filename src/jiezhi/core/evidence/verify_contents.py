"""案卷包里面：清单、概况、办理记录、填报内容、附件、业务模板、存证点，逐项对。"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from jiezhi.core.evidence.canonical import Json, decode_canonical
from jiezhi.core.evidence.chain import GENESIS, Head, Record, verify_chain
from jiezhi.core.evidence.checkpoint import Checkpoint, Inclusion, check_inclusion, verify_checkpoint
from jiezhi.core.evidence.digest import is_hex
from jiezhi.core.evidence.disclosure import Disclosed, ErasureIndex, check_disclosure, index_erasures
from jiezhi.core.evidence.events import EventBody, check_bodies
from jiezhi.core.evidence.faults import FaultKind, Findings, show
from jiezhi.core.evidence.instants import from_iso, in_words
from jiezhi.core.evidence.layout import (
    CASE,
    CHECKPOINT,
    DEFINITION,
    EVENTS,
    FILES,
    MANIFEST,
    OPENINGS,
    REQUIRED,
    VERSION,
    PackageSignature,
)
from jiezhi.core.evidence.openings import Opening
from jiezhi.core.evidence.signing import fingerprint
from jiezhi.core.evidence.zipread import Archive


@dataclass(frozen=True, slots=True)
class _Manifest:
    case: str
    events: int
    head: Head
    members: Mapping[str, tuple[str, int]]


def check_contents(
    archive: Archive,
    signature: PackageSignature | None,
    trusted_key: bytes | None,
    findings: Findings,
    facts: dict[str, str | int | bool | None],
) -> None:
    """Check everything inside. Each part is checked even when another is missing or broken."""
    manifest = _read_manifest(archive, findings)
    _check_members(archive, manifest, findings)
    case = _read_case(archive, manifest, findings, facts)
    records = _read_records(archive, findings)
    if records is None or case is None:
        return
    facts["events"] = len(records)
    if not records:
        findings.fault(FaultKind.MISSING, EVENTS, "案卷包里没有一条办理记录。")
        return
    facts["head"] = records[-1].digest.hex()
    findings.extend(verify_chain(records, case=case, head=manifest.head if manifest else None))
    bodies = check_bodies(records, case, findings)
    erasures = index_erasures(bodies, findings, case)
    disclosed = _read_disclosed(archive, findings)
    if disclosed is not None:
        check_disclosure(bodies, disclosed, erasures, case, findings)
    _check_files(archive, bodies, erasures, case, findings, facts)
    _check_definition(archive, bodies, findings)
    _check_checkpoint(archive, records, case, signature, trusted_key, findings, facts)


def _json(archive: Archive, name: str, findings: Findings) -> Json | None:
    """Decoded canonical JSON of a member, None (reported, or reported before) when there is none."""
    data = archive.data(name)
    if data is None:
        return None
    try:
        value = decode_canonical(data)
    except ValueError:
        value = None
    if value is None:  # a bare null must not pass for "nothing to check"
        findings.fault(FaultKind.MEMBER_MALFORMED, name, f"“{name}”读不懂：不是规范写法，被改动或已损坏。")
    return value


def _read_manifest(archive: Archive, findings: Findings) -> _Manifest | None:
    value = _json(archive, MANIFEST, findings)
    if value is None:
        return None
    try:
        return _parse_manifest(value)
    except ValueError:
        findings.fault(FaultKind.MEMBER_MALFORMED, MANIFEST, "清单的写法不对，被改动。")
        return None


def _parse_manifest(value: Json) -> _Manifest:
    if type(value) is not dict or set(value) != {"v", "case", "events", "head", "members"}:
        raise ValueError
    case, events, head, listed = value["case"], value["events"], value["head"], value["members"]
    if value["v"] != VERSION or type(case) is not str or type(events) is not int or type(listed) is not dict:
        raise ValueError
    digest = GENESIS if head is None else bytes.fromhex(head) if type(head) is str and is_hex(head) else b""
    if not digest or events < 0:
        raise ValueError
    members = {}
    for name, item in listed.items():
        if type(item) is not dict or set(item) != {"sm3", "size"}:
            raise ValueError
        sm3, size = item["sm3"], item["size"]
        if type(sm3) is not str or not is_hex(sm3) or type(size) is not int or size < 0:
            raise ValueError
        members[name] = (sm3, size)
    return _Manifest(case, events, Head(events, digest), members)


def _check_members(archive: Archive, manifest: _Manifest | None, findings: Findings) -> None:
    listed = manifest.members if manifest else {}
    for name in sorted({*REQUIRED, *listed} - set(archive.names)):
        findings.fault(FaultKind.MEMBER_MISSING, name, f"包内缺“{show(name)}”：被抽走。")
    if manifest is None:
        return
    for name in archive.names:
        if name == MANIFEST:
            continue
        if name not in listed:
            say = f"“{show(name)}”不在清单里：是后加的。"
            findings.fault(FaultKind.MEMBER_EXTRA, name, say)
            continue
        member = archive.members.get(name)
        if member is not None and (member.digest.hex(), member.size) != listed[name]:
            say = f"“{show(name)}”与清单所载的摘要或大小不符：被改动。"
            findings.fault(FaultKind.MEMBER_ALTERED, name, say)


def _read_case(
    archive: Archive,
    manifest: _Manifest | None,
    findings: Findings,
    facts: dict[str, str | int | bool | None],
) -> str | None:
    value = _json(archive, CASE, findings)
    uid = value.get("uid") if type(value) is dict else None
    if type(uid) is not str or not uid:
        if value is not None:
            findings.fault(FaultKind.MEMBER_MALFORMED, CASE, "件的概况里没有编号。")
        uid = None
    if type(value) is dict and type(title := value.get("title")) is str:
        facts["title"] = show(title)
    if manifest is not None and uid is not None and uid != manifest.case:
        say = f"件的概况写的是{show(uid)}，清单写的是{show(manifest.case)}。"
        findings.fault(FaultKind.FOREIGN, CASE, say)
    case = manifest.case if manifest else uid
    if case is not None:
        facts["case"] = show(case)
    return case


def _read_records(archive: Archive, findings: Findings) -> list[Record] | None:
    data = archive.data(EVENTS)
    if data is None:
        return None
    lines = data.split(b"\n")
    if lines.pop() != b"":
        findings.fault(FaultKind.MEMBER_MALFORMED, EVENTS, "办理记录的最后一行不完整。")
    records = []
    for number, line in enumerate(lines, 1):
        try:
            records.append(_parse_record(line))
        except ValueError:
            say = f"第{number}行办理记录读不懂：不是规范写法，被改动或已损坏。"
            findings.fault(FaultKind.BODY_MALFORMED, f"{EVENTS}:{number}", say)
    return records


def _parse_record(line: bytes) -> Record:
    value = decode_canonical(line)
    if type(value) is not dict or set(value) != {"seq", "previous", "body", "digest"}:
        raise ValueError
    seq, previous, body, digest = value["seq"], value["previous"], value["body"], value["digest"]
    if type(seq) is not int or type(previous) is not str or type(body) is not str or type(digest) is not str:
        raise ValueError
    if not is_hex(previous) or not is_hex(digest):
        raise ValueError
    return Record(seq, bytes.fromhex(previous), body.encode(), bytes.fromhex(digest))


def _read_disclosed(archive: Archive, findings: Findings) -> dict[int, Disclosed] | None:
    value = _json(archive, OPENINGS, findings)
    if value is None:
        return None
    result: dict[int, Disclosed] = {}
    for key, item in value.items() if type(value) is dict else [("", None)]:
        try:
            seq, disclosed = _parse_disclosed(key, item)
        except ValueError:
            say = f"填报内容中“{show(key)}”一项的写法不对，被改动。"
            findings.fault(FaultKind.MEMBER_MALFORMED, OPENINGS, say)
            continue
        result[seq] = disclosed
    return result


def _parse_disclosed(key: str, item: Json) -> tuple[int, Disclosed]:
    if not (key.isascii() and key.isdigit()) or str(int(key[:16])) != key:
        raise ValueError
    if type(item) is not dict or set(item) != {"openings", "erased"}:
        raise ValueError
    opened, erased = item["openings"], item["erased"]
    if type(opened) is not dict or type(erased) is not dict:
        raise ValueError
    listed: dict[str, Mapping[str, Json]] = {}
    for name, entry in erased.items():
        if type(entry) is not dict:
            raise ValueError
        listed[name] = entry
    openings = {name: Opening.from_json(entry) for name, entry in opened.items()}
    return int(key), Disclosed(openings, listed)


def _check_files(
    archive: Archive,
    bodies: Mapping[int, EventBody],
    erasures: ErasureIndex,
    case: str,
    findings: Findings,
    facts: dict[str, str | int | bool | None],
) -> None:
    mentioned: set[str] = set()
    for seq, body in sorted(bodies.items()):
        for ref in body.files:
            label = f"第{seq}号办理记录的附件“{show(ref.name)}”"
            where, name = f"{case}#{seq}", FILES + ref.digest
            mentioned.add(name)
            member = archive.members.get(name)
            if member is None:
                erased_by = erasures.files.get(ref.digest)
                if erased_by is not None and name not in archive.unread:
                    findings.note(f"{label}已依法清除（见第{erased_by}号办理记录）。")
                elif name in archive.unread:
                    findings.fault(FaultKind.FILE_ALTERED, where, f"{label}已损坏或被改动。")
                else:
                    findings.fault(FaultKind.FILE_MISSING, where, f"{label}不在包里：被抽走。")
            elif (member.digest.hex(), member.size) != (ref.digest, ref.size):
                findings.fault(FaultKind.FILE_ALTERED, where, f"{label}与记录里的摘要或大小不符：被改动。")
    present = [name for name in archive.names if name.startswith(FILES)]
    facts["files"] = len(present)
    for name in present:
        if name not in mentioned:
            say = f"附件“{show(name)}”没有哪条办理记录提到：是后加的。"
            findings.fault(FaultKind.FILE_EXTRA, name, say)


def _check_definition(archive: Archive, bodies: Mapping[int, EventBody], findings: Findings) -> None:
    member = archive.members.get(DEFINITION)
    if member is None or not bodies:
        return
    digest = member.digest.hex()
    other = [seq for seq, body in sorted(bodies.items()) if body.definition != digest]
    if len(other) == len(bodies):
        say = "业务模板与各条办理记录所载的摘要都不符：被改动或换过。"
        findings.fault(FaultKind.DEFINITION_MISMATCH, DEFINITION, say)
    elif other:
        listed = "、".join(f"第{seq}号" for seq in other[:10]) + ("等" if len(other) > 10 else "")
        findings.note(f"{listed}办理记录是按业务模板的另一版本办理的，本包只附了其中一个版本。")


def _check_checkpoint(
    archive: Archive,
    records: list[Record],
    case: str,
    signature: PackageSignature | None,
    trusted_key: bytes | None,
    findings: Findings,
    facts: dict[str, str | int | bool | None],
) -> None:
    facts["covered_to"] = 0
    if CHECKPOINT not in archive.names:
        findings.note("本包没有附存证点：签出之前的改动，只能对照机构以外保存的存证点来排除。")
        return
    value = _json(archive, CHECKPOINT, findings)
    if value is None:
        return
    try:
        if type(value) is not dict or set(value) != {"checkpoint", "inclusion"}:
            raise ValueError
        cp, proof = Checkpoint.from_value(value["checkpoint"]), Inclusion.from_value(value["inclusion"])
    except ValueError:
        findings.fault(FaultKind.CHECKPOINT_MALFORMED, CHECKPOINT, "存证点或凭据的写法不对，被改动。")
        return
    problems = verify_checkpoint(cp)
    findings.extend(problems)
    if not check_inclusion(cp, proof):
        say = f"存证凭据在第{cp.number}号存证点里对不上：凭据或存证点被改动。"
        findings.fault(FaultKind.CHECKPOINT_PROOF, CHECKPOINT, say)
        return
    standing = {(record.seq, record.digest.hex()) for record in records}
    if proof.case != case or (proof.seq, proof.digest) not in standing:
        say = f"第{cp.number}号存证点所存的，不是本包的办理记录：存证之后记录被改过，或凭据是别的件的。"
        findings.fault(FaultKind.CHECKPOINT_PROOF, CHECKPOINT, say)
        return
    if problems:
        return
    facts["covered_to"], facts["checkpoint"], facts["checkpoint_at"] = proof.seq, cp.number, cp.at
    rest = len(records) - proof.seq
    tail = f"；其后{rest}条尚未存证" if rest > 0 else ""
    findings.note(
        f"第1至第{proof.seq}号办理记录已存于第{cp.number}号存证点（{in_words(from_iso(cp.at))}）{tail}。"
    )
    key = trusted_key.hex() if trusted_key is not None else signature.public_key if signature else None
    if key is not None and cp.public_key != key:
        mark = fingerprint(bytes.fromhex(cp.public_key))
        findings.note(f"存证点用的是另一把密钥（指纹{mark}），请向该单位核对。")
