"""验案卷包：不联网、不用数据库，说清哪一处被改动、抽走或添入。拿到什么样的文件都不会出错中断。"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from jiezhi.core.evidence.digest import sm3_file
from jiezhi.core.evidence.faults import Fault, FaultKind, Findings, show
from jiezhi.core.evidence.instants import from_iso, in_words
from jiezhi.core.evidence.layout import LIMITS, SIGNATURE_SUFFIX, Limits, PackageSignature
from jiezhi.core.evidence.signing import ALGORITHMS, fingerprint, verify_signature
from jiezhi.core.evidence.verify_contents import check_contents
from jiezhi.core.evidence.zipread import read_archive

Fact = str | int | bool | None


@dataclass(frozen=True, slots=True)
class Report:
    """Outcome of a verification.

    ok: no fault at all. faults: what is wrong, and where. notes: what a reader should know although nothing
    is wrong. facts: what the package says of itself (case, title, events, head, files, office, signed_at,
    algorithm, fingerprint, key_trusted, covered_to, checkpoint, checkpoint_at, backed by the checks above
    only when ok); those that couldn't be read are absent.
    """

    ok: bool
    faults: tuple[Fault, ...]
    notes: tuple[str, ...]
    facts: Mapping[str, Fact]


def verify_package(
    path: str | os.PathLike[str], *, trusted_key: bytes | None = None, limits: Limits = LIMITS
) -> Report:
    """Verify X.zip with X.zip.sig beside it. Never raises on what the files hold.

    trusted_key: the office's public key, known from elsewhere; without it the signature only shows that the
    package fits the key enclosed, and a note gives the fingerprint to compare. When the outer signature or
    digest fails, the inside is still examined, to name what was altered, removed or inserted.
    """
    findings = Findings()
    facts: dict[str, Fact] = {}
    name = os.path.basename(os.fspath(path))
    try:
        _verify(Path(path), name, trusted_key, limits, findings, facts)
    except Exception as error:  # the last resort: a verifier that stops half-way must say "not verified"
        say = f"核验中途无法继续（{type(error).__name__}），不能认定为完好。"
        findings.fault(FaultKind.PACKAGE_UNREADABLE, name, say)
    findings.close()
    return Report(not findings.faults, tuple(findings.faults), tuple(findings.notes), facts)


def _verify(
    path: Path,
    name: str,
    trusted_key: bytes | None,
    limits: Limits,
    findings: Findings,
    facts: dict[str, Fact],
) -> None:
    signature = _read_signature(path, name, trusted_key, limits, findings, facts)
    if not path.is_file():  # also keeps us from waiting on a pipe or device
        findings.fault(FaultKind.PACKAGE_UNREADABLE, name, "找不到案卷包文件，或它不是普通文件。")
        return
    with open(path, "rb") as file:
        size = os.fstat(file.fileno()).st_size
        if size > limits.package:
            findings.fault(FaultKind.TOO_LARGE, name, "案卷包大得不正常，不予打开。")
            return
        whole = _check_whole(file, size, name, signature, findings)
        archive = read_archive(file, size, name, limits, findings)
    if archive is None:
        return
    before = len(findings.faults)
    check_contents(archive, signature, trusted_key, findings, facts)
    if not whole and len(findings.faults) == before and not archive.unread:
        findings.note(
            "包内各项与清单相符、办理记录前后相接，但压缩包的字节与签名时不同："
            "改动在说明、概况、清单等处，或被重新压缩过。它不是当时签出的那一份。"
        )


def _read_signature(
    path: Path,
    name: str,
    trusted_key: bytes | None,
    limits: Limits,
    findings: Findings,
    facts: dict[str, Fact],
) -> PackageSignature | None:
    beside = Path(str(path) + SIGNATURE_SUFFIX)
    where = name + SIGNATURE_SUFFIX
    if not beside.is_file():
        findings.fault(FaultKind.SIGNATURE_MISSING, where, "缺签名文件：请把同名的“.sig”文件放在一起。")
        return None
    with open(beside, "rb") as file:
        data = file.read(limits.signature + 1)
    try:
        if len(data) > limits.signature:
            raise ValueError
        signature = PackageSignature.from_json(data)
    except ValueError:
        findings.fault(FaultKind.SIGNATURE_MALFORMED, where, "签名文件不是规范写法，被改动或已损坏。")
        return None
    key = bytes.fromhex(signature.public_key)
    facts["office"] = show(signature.office)
    facts["signed_at"] = signature.at
    facts["algorithm"] = show(signature.algorithm)
    facts["fingerprint"] = fingerprint(key)
    facts["key_trusted"] = trusted_key is not None and key == trusted_key
    if signature.algorithm not in ALGORITHMS:
        say = f"签名算法“{show(signature.algorithm)}”不认识，请用新版程序核验。"
        findings.fault(FaultKind.SIGNATURE_WRONG, where, say)
    elif not verify_signature(
        signature.algorithm, key, signature.signed_bytes(), bytes.fromhex(signature.signature)
    ):
        findings.fault(FaultKind.SIGNATURE_WRONG, where, "签名不符：签名文件被改动。")
    if trusted_key is None:
        findings.note(
            f"未指定可信公钥：签名只能说明案卷包与随附的公钥一致。请向“{show(signature.office)}”"
            f"当面或用电话核对公钥指纹：{fingerprint(key)}。"
        )
    elif key != trusted_key:
        say = (
            f"签名用的不是可信公钥：随附的指纹是{fingerprint(key)},"
            f"可信的是{fingerprint(trusted_key)}。可能是别人重新签的。"
        )
        findings.fault(FaultKind.KEY_UNTRUSTED, where, say)
    if signature.file != name:
        findings.note(f"签出时文件名是“{show(signature.file)}”，现已改名；改名不影响内容。")
    return signature


def _check_whole(
    file: BinaryIO, size: int, name: str, signature: PackageSignature | None, findings: Findings
) -> bool:
    """The package as a whole against the signature file; True when the same, or nothing to compare with."""
    if signature is None:
        return True
    digest = sm3_file(file).hex()
    if size == signature.size and digest == signature.sm3:
        return True
    signed_at = in_words(from_iso(signature.at))
    if size < signature.size:
        change = f"少了{signature.size - size}字节"
    elif size > signature.size:
        change = f"多了{size - signature.size}字节"
    else:
        change = "大小相同而内容不同"
    say = f"压缩包与{signed_at}签出时不同（{change}）：被改动。"
    findings.fault(FaultKind.PACKAGE_ALTERED, name, say)
    return False
