"""一条办理记录的正文写了什么：读出并核对格式。链只管前后相接，这里管内容是否成样。"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from jiezhi.core.evidence.canonical import Json, decode_canonical
from jiezhi.core.evidence.chain import Record
from jiezhi.core.evidence.digest import is_hex
from jiezhi.core.evidence.faults import FaultKind, Findings, show
from jiezhi.core.evidence.instants import from_iso, in_words, span_in_words

VERSION = 1
BACKFILLED_AFTER = timedelta(hours=24)
"""An event recorded later than this after it happened is named as back-filled （补录）."""


@dataclass(frozen=True, slots=True)
class FileRef:
    """A file an event brings in."""

    digest: str
    name: str
    kind: str
    size: int


@dataclass(frozen=True, slots=True)
class Erasure:
    """What an event lawfully erased: fields (and files, by digest) of an earlier event."""

    seq: int
    fields: tuple[str, ...]
    files: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class EventBody:
    """The content of an event, checked. Times are aware."""

    case: str
    seq: int
    matter: str
    definition: str
    action: str
    at: datetime
    recorded_at: datetime
    actor: Mapping[str, Json]
    from_state: str | None
    to_state: str
    inputs: Mapping[str, str]
    files: tuple[FileRef, ...]
    effects: Mapping[str, Json]
    erases: tuple[Erasure, ...]


class BodyError(ValueError):
    """The body is not laid out as an event; the message says what is wrong, in Chinese."""


def _dict(value: Json, what: str) -> dict[str, Json]:
    if type(value) is not dict:
        raise BodyError(f"{what}不成样")
    return value


def _list(value: Json, what: str) -> list[Json]:
    if type(value) is not list:
        raise BodyError(f"{what}不成样")
    return value


def _text(value: Json, what: str) -> str:
    if type(value) is not str or not value:
        raise BodyError(f"缺{what}")
    return value


def _number(value: Json, what: str, least: int) -> int:
    if type(value) is not int or value < least:
        raise BodyError(f"{what}不是合适的数")
    return value


def _hex(value: Json, what: str) -> str:
    if type(value) is not str or not is_hex(value):
        raise BodyError(f"{what}不是摘要")
    return value


def _time(value: Json, what: str) -> datetime:
    try:
        return from_iso(value)
    except ValueError as error:
        raise BodyError(f"{what}不是带时区的时刻") from error


def _file(value: Json) -> FileRef:
    item = _dict(value, "附件")
    if set(item) != {"digest", "name", "kind", "size"}:
        raise BodyError("附件的项目不对")
    name, kind = item["name"], item["kind"]
    if type(name) is not str or type(kind) is not str:
        raise BodyError("附件的名称或种类不是文字")
    return FileRef(_hex(item["digest"], "附件摘要"), name, kind, _number(item["size"], "附件大小", 0))


def _erasure(value: Json) -> Erasure:
    item = _dict(value, "清除")
    if not {"seq"} < set(item) <= {"seq", "fields", "files"}:
        raise BodyError("清除的项目不对")
    return Erasure(
        _number(item["seq"], "被清除记录的序号", 1),
        tuple(_text(name, "被清除的栏目") for name in _list(item.get("fields", []), "被清除的栏目")),
        tuple(_hex(digest, "被清除的附件") for digest in _list(item.get("files", []), "被清除的附件")),
    )


def parse_body(body: bytes) -> EventBody:
    """Read the canonical bytes of an event.

    Raises BodyError (a ValueError) for bytes that are not canonical, a version other than 1, or a required
    item missing or of the wrong type. Further top-level items are allowed: they are hashed like the rest.
    """
    try:
        content = decode_canonical(body)
    except ValueError as error:
        raise BodyError("正文不是规范写法") from error
    data = _dict(content, "正文")
    if data.get("v") != VERSION or type(data.get("v")) is not int:
        raise BodyError("正文版本不是1")
    before = data.get("from", 0)
    if before is not None and type(before) is not str:
        raise BodyError("缺原环节")
    effects = _dict(data.get("effects"), "随之发生")
    return EventBody(
        case=_text(data.get("case"), "件的编号"),
        seq=_number(data.get("seq"), "序号", 1),
        matter=_text(data.get("matter"), "业务模板"),
        definition=_hex(data.get("definition"), "业务模板摘要"),
        action=_text(data.get("action"), "办理动作"),
        at=_time(data.get("at"), "办理时间"),
        recorded_at=_time(data.get("recorded_at"), "录入时间"),
        actor=_dict(data.get("actor"), "办理人"),
        from_state=before,
        to_state=_text(data.get("to"), "现环节"),
        inputs={name: _hex(value, "填报摘要") for name, value in _dict(data.get("inputs"), "填报").items()},
        files=tuple(_file(item) for item in _list(data.get("files"), "附件")),
        effects=effects,
        erases=tuple(_erasure(item) for item in _list(effects.get("erase", []), "清除")),
    )


def check_bodies(records: Iterable[Record], case: str, findings: Findings) -> dict[int, EventBody]:
    """Read every body and check that it says it is this case and this number.

    Faults: what can't be read or contradicts the record. Notes: back-filled events, states that don't follow
    one another, times that go backwards. Returns the readable bodies by number (first one wins).
    """
    bodies: dict[int, EventBody] = {}
    before: EventBody | None = None
    for record in records:
        seq, where = record.seq, f"{case}#{record.seq}"
        try:
            body = parse_body(record.body)
        except BodyError as error:
            findings.fault(FaultKind.BODY_MALFORMED, where, f"第{seq}号办理记录读不懂：{error}。")
            before = None
            continue
        if body.case != case:
            say = f"第{seq}号办理记录属于另一件（{show(body.case)}）。"
            findings.fault(FaultKind.FOREIGN, where, say)
        if body.seq != seq:
            say = f"标为第{seq}号的办理记录，正文写的是第{body.seq}号。"
            findings.fault(FaultKind.RENUMBERED, where, say)
        _remark(body, before, findings)
        bodies.setdefault(seq, body)
        before = body
    return bodies


def _remark(body: EventBody, before: EventBody | None, findings: Findings) -> None:
    late = body.recorded_at - body.at
    if late > BACKFILLED_AFTER:
        findings.note(
            f"第{body.seq}号办理记录是补录：{in_words(body.at)}办理，{in_words(body.recorded_at)}录入，"
            f"晚了{span_in_words(late)}。"
        )
    elif late < timedelta(0):
        findings.note(f"第{body.seq}号办理记录的办理时间晚于录入时间，请核对。")
    if before is None:
        return
    if body.from_state is not None and body.from_state != before.to_state:
        findings.note(f"第{body.seq}号办理记录的原环节与第{before.seq}号的现环节不同，请对照业务模板核对。")
    if body.recorded_at < before.recorded_at:
        findings.note(f"第{body.seq}号办理记录的录入时间早于第{before.seq}号，请核对。")
