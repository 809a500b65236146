"""存证点：某一时刻全部件的链头，汇成一个树根，签名，一个接一个；打印、导出到机构之外后，之前的记录就改不动了。"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, fields
from datetime import datetime

from jiezhi.core.evidence.canonical import Json, decode_canonical, encode
from jiezhi.core.evidence.chain import GENESIS
from jiezhi.core.evidence.digest import is_hex, sm3_hex
from jiezhi.core.evidence.faults import Fault, FaultKind
from jiezhi.core.evidence.instants import from_iso, in_words, to_iso
from jiezhi.core.evidence.merkle import inclusion_proof, root, verify_inclusion
from jiezhi.core.evidence.signing import ALGORITHMS, Signer, fingerprint, verify_signature

_Report = Callable[[FaultKind, str], None]
CaseHead = tuple[str, int, bytes]
"""(case uid, number of its last event, digest of that event)"""


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """A signed checkpoint. Digests, key and signature are lower-case hexadecimal, `at` is ISO 8601 text.

    previous: `digest_of` the checkpoint before, 64 zeros for the first.
    """

    number: int
    at: str
    previous: str
    tree_size: int
    root: str
    office: str
    algorithm: str
    public_key: str
    signature: str

    def to_json(self) -> bytes:
        """Canonical bytes: what is exported, and what the next checkpoint refers to."""
        return encode(asdict(self))

    @classmethod
    def from_json(cls, data: bytes) -> Checkpoint:
        """Strict reverse of `to_json`: exactly these items, well-formed, canonical bytes; else ValueError."""
        return cls.from_value(decode_canonical(data))

    @classmethod
    def from_value(cls, value: Json) -> Checkpoint:
        """As `from_json`, from decoded JSON."""
        if type(value) is not dict or set(value) != {item.name for item in fields(cls)}:
            raise ValueError("存证点的项目不对")
        checkpoint = cls(**value)  # type: ignore[arg-type]  # types are checked on the next line
        if problem := _malformed(checkpoint):
            raise ValueError(problem)
        return checkpoint

    def signed_bytes(self) -> bytes:
        """What the signature covers: everything but the signature."""
        content = asdict(self)
        del content["signature"]
        return encode(content)


def _malformed(cp: Checkpoint) -> str | None:
    texts = (cp.at, cp.previous, cp.root, cp.office, cp.algorithm, cp.public_key, cp.signature)
    if any(type(text) is not str for text in texts):
        return "存证点有的项目不是文字"
    if type(cp.number) is not int or cp.number < 1 or type(cp.tree_size) is not int or cp.tree_size < 0:
        return "存证点的编号或件数不对"
    if not (is_hex(cp.previous) and is_hex(cp.root)):
        return "存证点的摘要写法不对"
    if not all(is_hex(text, len(text) // 2) and text for text in (cp.public_key, cp.signature)):
        return "存证点的公钥或签名写法不对"
    try:
        from_iso(cp.at)
    except ValueError:
        return "存证点的时间不对"
    return None


def digest_of(checkpoint: Checkpoint) -> str:
    """SM3 of the checkpoint's canonical bytes, signature included (hexadecimal)."""
    return sm3_hex(checkpoint.to_json())


def _leaf(head: CaseHead) -> bytes:
    case, seq, digest = head
    if len(digest) != 32 or seq < 1:
        raise ValueError("链头不对")
    return encode([case, seq, digest.hex()])


def leaves_of(heads: Sequence[CaseHead]) -> list[bytes]:
    """The tree's leaves: canonical([case, number, digest]), sorted by case uid.

    ValueError when a case occurs twice.
    """
    ordered = sorted(heads, key=lambda head: head[0])
    if any(a[0] == b[0] for a, b in zip(ordered, ordered[1:], strict=False)):
        raise ValueError("同一件出现两个链头")
    return [_leaf(head) for head in ordered]


def build(
    number: int,
    at: datetime,
    previous: Checkpoint | str | None,
    heads: Sequence[CaseHead],
    office: str,
    signer: Signer,
) -> Checkpoint:
    """Make and sign checkpoint `number` (from 1) over the heads of all cases.

    at: aware datetime, written as Beijing time to the second. previous: the checkpoint before (or its
    `digest_of`), None for the first. heads: in any order, each case once. Raises ValueError when these
    don't hold or the number doesn't follow the previous checkpoint's.
    """
    if isinstance(previous, Checkpoint):
        if number != previous.number + 1:
            raise ValueError("存证点编号应接续前一个")
        previous = digest_of(previous)
    leaves = leaves_of(heads)
    unsigned = Checkpoint(
        number=number,
        at=to_iso(at),
        previous=GENESIS.hex() if previous is None else previous,
        tree_size=len(leaves),
        root=root(leaves).hex(),
        office=office,
        algorithm=signer.algorithm,
        public_key=signer.public_key.hex(),
        signature="00",
    )
    if problem := _malformed(unsigned):
        raise ValueError(problem)
    signature = signer.sign(unsigned.signed_bytes()).hex()
    return Checkpoint(**{**asdict(unsigned), "signature": signature})


def verify_checkpoint(
    cp: Checkpoint, previous_cp: Checkpoint | None = None, heads: Sequence[CaseHead] | None = None
) -> list[Fault]:
    """Check a checkpoint: form, signature; against the one before it and the heads as they were, where given.

    The signature is checked with the key the checkpoint itself carries: whether that key is the office's must
    be known from elsewhere (`fingerprint`). Returns the faults; never raises.
    """
    faults: list[Fault] = []

    def fault(kind: FaultKind, say: str) -> None:
        faults.append(Fault(kind, f"存证点{cp.number}", f"第{cp.number}号存证点：{say}"))

    if problem := _malformed(cp):
        fault(FaultKind.CHECKPOINT_MALFORMED, f"{problem}。")
        return faults
    if cp.algorithm not in ALGORITHMS:
        fault(FaultKind.CHECKPOINT_SIGNATURE, "签名算法不认识，请用新版程序核验。")
    else:
        try:
            signed = cp.signed_bytes()
        except ValueError:
            fault(FaultKind.CHECKPOINT_MALFORMED, "含有写不出的字符。")
            return faults
        key, signature = bytes.fromhex(cp.public_key), bytes.fromhex(cp.signature)
        if not verify_signature(cp.algorithm, key, signed, signature):
            fault(FaultKind.CHECKPOINT_SIGNATURE, "签名不符，内容被改动。")
    if cp.number == 1 and cp.previous != GENESIS.hex():
        fault(FaultKind.CHECKPOINT_ORDER, "是首个存证点，却写有前一个。")
    if cp.number > 1 and cp.previous == GENESIS.hex():
        fault(FaultKind.CHECKPOINT_ORDER, "不是首个存证点，却没有接续前一个。")
    if previous_cp is not None:
        _check_previous(cp, previous_cp, fault)
    if heads is not None:
        _check_heads(cp, heads, fault)
    return faults


def _check_previous(cp: Checkpoint, previous_cp: Checkpoint, fault: _Report) -> None:
    try:
        digest = digest_of(previous_cp)
    except (TypeError, ValueError):
        digest = ""
    if not digest or _malformed(previous_cp):
        fault(FaultKind.CHECKPOINT_ORDER, "所给的前一存证点不成样，无法对照。")
        return
    if cp.number != previous_cp.number + 1:
        fault(FaultKind.CHECKPOINT_ORDER, f"编号没有接续第{previous_cp.number}号，其间有缺或有多。")
    if cp.previous != digest:
        fault(FaultKind.CHECKPOINT_ORDER, f"接不上第{previous_cp.number}号，那一个被换过或被改过。")
    if from_iso(cp.at) < from_iso(previous_cp.at):
        fault(FaultKind.CHECKPOINT_ORDER, f"时间早于第{previous_cp.number}号。")


def _check_heads(cp: Checkpoint, heads: Sequence[CaseHead], fault: _Report) -> None:
    try:
        leaves = leaves_of(heads)
    except (TypeError, ValueError):
        fault(FaultKind.CHECKPOINT_ROOT, "所给的链头有重复或不成样，无法对照。")
        return
    if len(leaves) != cp.tree_size:
        fault(FaultKind.CHECKPOINT_ROOT, f"当时有{cp.tree_size}件，现有{len(leaves)}件：有件被删去或添入。")
    elif root(leaves).hex() != cp.root:
        fault(FaultKind.CHECKPOINT_ROOT, "各件的办理记录与当时不符：有件的记录在存证之后被改过。")


@dataclass(frozen=True, slots=True)
class Inclusion:
    """Proof that a case stood at this event when a checkpoint was made."""

    case: str
    seq: int
    digest: str
    index: int
    path: tuple[str, ...]

    def to_value(self) -> dict[str, Json]:
        """As written in a package."""
        return {
            "case": self.case,
            "seq": self.seq,
            "digest": self.digest,
            "index": self.index,
            "path": list(self.path),
        }

    @classmethod
    def from_value(cls, value: Json) -> Inclusion:
        """Strict reverse of `to_value`; ValueError otherwise."""
        if type(value) is not dict or set(value) != {item.name for item in fields(cls)}:
            raise ValueError("存证凭据的项目不对")
        case, seq, digest, index = value["case"], value["seq"], value["digest"], value["index"]
        path = value["path"]
        if (
            type(case) is not str
            or type(seq) is not int
            or type(digest) is not str
            or type(index) is not int
            or type(path) is not list
        ):
            raise ValueError("存证凭据的项目不对")
        nodes = tuple(node for node in path if type(node) is str and is_hex(node))
        if not is_hex(digest) or len(nodes) != len(path) or len(path) > 64 or seq < 1:
            raise ValueError("存证凭据的写法不对")
        return cls(case, seq, digest, index, nodes)


def prove_inclusion(heads: Sequence[CaseHead], case: str) -> Inclusion:
    """The proof for one case among the heads a checkpoint was built from. KeyError when it isn't there."""
    ordered = sorted(heads, key=lambda head: head[0])
    for index, (uid, seq, digest) in enumerate(ordered):
        if uid == case:
            path = inclusion_proof(leaves_of(heads), index)
            return Inclusion(case, seq, digest.hex(), index, tuple(node.hex() for node in path))
    raise KeyError(case)


def check_inclusion(cp: Checkpoint, proof: Inclusion) -> bool:
    """Whether the proof holds in this checkpoint's tree (signature apart)."""
    try:
        leaf = _leaf((proof.case, proof.seq, bytes.fromhex(proof.digest)))
        path = [bytes.fromhex(node) for node in proof.path]
        expected = bytes.fromhex(cp.root)
    except ValueError:
        return False
    return verify_inclusion(leaf, proof.index, cp.tree_size, path, expected)


def _grouped(text: str) -> str:
    lines = [text[i : i + 32] for i in range(0, len(text), 32)]
    return "\n".join("    " + " ".join(line[i : i + 4] for i in range(0, len(line), 4)) for line in lines)


def printable(cp: Checkpoint) -> str:
    """The checkpoint as text for paper: everything needed to check it again years later, in fixed groups."""
    key = bytes.fromhex(cp.public_key)
    return "\n".join(
        [
            f"{cp.office} 办理记录存证点 第{cp.number}号",
            "",
            f"存证时间：{in_words(from_iso(cp.at))}（北京时间，{cp.at}）",
            f"涵盖件数：{cp.tree_size}件",
            "全部办理记录的总摘要（SM3）:",
            _grouped(cp.root),
            "前一存证点的摘要：" + ("无，这是首个存证点" if cp.previous == GENESIS.hex() else ""),
            *([] if cp.previous == GENESIS.hex() else [_grouped(cp.previous)]),
            "本存证点的摘要：",
            _grouped(digest_of(cp)),
            f"签名算法：{cp.algorithm}",
            f"公钥指纹：{fingerprint(key)}",
            "公钥：",
            _grouped(cp.public_key),
            "签名：",
            _grouped(cp.signature),
            "",
            "用途：请存放在本机构信息系统以外的地方（档案室、上级机关、公证机构）。日后有人改动存证时间之前",
            "的任何一条办理记录，由记录重新算出的总摘要就会与这张纸上的不同。",
            "",
            "打印人:            核对人:            日期：",
            "",
        ]
    )
