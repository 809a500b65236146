"""件的行与重放结果逐列对照。每一处不同说明是哪一列、库里是什么、由办理记录重算应是什么。"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import models

from jiezhi.base.accounts import secrets
from jiezhi.base.accounts.errors import SecretError
from jiezhi.base.casework import search
from jiezhi.base.casework.bundles import Bundle, Shared, Stored
from jiezhi.base.casework.engine import rows
from jiezhi.base.casework.models import Case, Clock, Event
from jiezhi.core.procedure.clockwork import LOCAL
from jiezhi.core.procedure.definition import Definition
from jiezhi.core.procedure.view import CaseView, ClockView

HIDDEN = "（敏感内容，不显示）"
ABSENT = "（没有）"

# fill_case 算得出的列：直接用办理时写行的同一段程序再算一遍。
_FILLED = (
    "number", "state", "seq", "done", "tags", "roles", "opened_at", "changed_at", "closed_at", "title", "lon",
    "lat", "cell", "unit_id", "area_id",
)  # fmt: skip
_CLOCK = (
    "status", "limit", "started_at", "due_at", "ended_at", "provisional", "pauses", "extensions", "void",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Difference:
    """一处不同。`column` 如 `state`、`fields.subject`、`clocks.handle#1.due_at`;`seq` 是有关的办理记录号。"""

    column: str
    stored: Any
    recomputed: Any
    say: str
    seq: int | None = None


def label_of(model: type[models.Model], column: str) -> str:
    """一列给人看的名称。"""
    return str(getattr(model._meta.get_field(column.removesuffix("_id")), "verbose_name", column))


def show(value: Any) -> str:
    """一个值怎样说给人听（有界）。"""
    if value is None or value == "":
        return "空"
    if isinstance(value, datetime):
        return f"{value.astimezone(LOCAL):%Y-%m-%d %H:%M:%S}"
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str)
    return text if len(text) <= 60 else text[:60] + "…"


def _differ(column: str, title: str, stored: Any, recomputed: Any) -> Difference:
    say = f"“{title}”现为“{show(stored)}”，由办理记录重算应为“{show(recomputed)}”"
    return Difference(column, stored, recomputed, say)


def compare(bundle: Bundle, view: CaseView, shared: Shared) -> list[Difference]:
    """全部不同之处。"""
    found = list(_events(bundle))
    last = bundle.body(bundle.events[-1])
    definition = shared.definition(str(last["definition"]))
    if definition is None:
        say = "办理所用的业务模板版本不在库里，或内容被改过，其余各列无法重算"
        return [*found, Difference("version", bundle.row.version.digest, last["definition"], say)]
    found += _identity(bundle, view, definition, last)
    found += _columns(bundle, view, definition)
    found += _fields(bundle, view, definition)
    found += _lights(bundle, view, definition, shared)
    found += _clocks(bundle, view, definition, shared)
    found += _entries(bundle)
    found += _indexes(bundle, view, definition)
    found += _text(bundle, view, definition)
    return found


def _title(column: str) -> str:
    return label_of(Case, column)


def _identity(
    bundle: Bundle, view: CaseView, definition: Definition, last: dict[str, Any]
) -> Iterator[Difference]:
    row, event = bundle.row, bundle.events[-1]
    pairs: list[tuple[str, str, Any, Any]] = [
        ("uid", "全局标识", bundle.uid, view.uid),
        ("matter", "业务模板", row.matter, last["matter"]),
        ("version", "模板版本", row.version.digest, last["definition"]),
        ("confidential", "限指定人员", row.confidential, definition.matter.confidential),
        ("host_system", "主办系统", row.host_system, definition.matter.host_system or ""),
        ("head", "最后一条的摘要", bytes(row.head).hex(), bytes(event.digest).hex()),
        ("parent", "上级件", bundle.parent_uid, view.parent),
        ("merged_into", "并入", bundle.merged_uid, view.merged_into),
    ]
    for column, title, stored, computed in pairs:
        if stored != computed:
            yield _differ(column, title, stored, computed)
    claims = bundle.slot_claims
    if claims is None and row.slot:
        yield _differ("slot", _title("slot"), row.slot, "")
    elif claims is not None and claims != {row.slot}:
        yield _differ("slot", _title("slot"), row.slot, "、".join(sorted(claims)) or ABSENT)


def _columns(bundle: Bundle, view: CaseView, definition: Definition) -> Iterator[Difference]:
    shadow = Case()
    rows.fill_case(shadow, view, definition)
    for column in _FILLED:
        stored, computed = getattr(bundle.row, column), getattr(shadow, column)
        if stored != computed:
            yield _differ(column.removesuffix("_id"), _title(column), stored, computed)


def _fields(bundle: Bundle, view: CaseView, definition: Definition) -> Iterator[Difference]:
    matter = definition.matter.fields
    secret = {name for name in view.fields if name not in matter or matter[name].secret}
    plain = bundle.row.fields
    try:
        sealed = json.loads(secrets.decrypt(bytes(bundle.row.sealed))) if bundle.row.sealed else {}
    except (SecretError, ValueError):
        yield Difference("sealed", HIDDEN, HIDDEN, "“敏感字段”解不开：内容被改动，或数据钥匙不对")
        sealed = None
    for column, stored, names in (
        ("fields", plain, set(view.fields) - secret),
        ("sealed", sealed, secret),
    ):
        if stored is None:
            continue
        if not isinstance(stored, dict):
            yield Difference(column, HIDDEN, HIDDEN, f"“{_title(column)}”的写法不对，被改动")
            continue
        for name in sorted(names | set(stored)):
            old = stored.get(name, ABSENT)
            new = view.fields[name] if name in names else ABSENT
            if old == new:
                continue
            title = matter[name].title if name in matter else name
            if column == "sealed" or name in secret:
                say = f"“{title}”（敏感内容）与由办理记录重算的不同"
                yield Difference(f"{column}.{name}", HIDDEN, HIDDEN, say)
            else:
                yield _differ(f"{column}.{name}", title, old, new)


def _lights(bundle: Bundle, view: CaseView, definition: Definition, shared: Shared) -> Iterator[Difference]:
    row = bundle.row
    live = rows.office_clocks(view, definition)
    due = min((clock.due_at for clock in live), default=None)
    warns = [rows.warn_at(definition, clock, shared.table) for clock in live]
    warn = min((moment for moment in warns if moment), default=None)
    if row.due_at != due:
        yield _differ("due_at", _title("due_at"), row.due_at, due)
    if row.warn_at != warn and not _table_moved(bundle, shared):
        yield _differ("warn_at", _title("warn_at"), row.warn_at, warn)
    path = shared.area_path(view.area)
    if row.area_path != path:
        yield _differ("area_path", _title("area_path"), row.area_path, path)


def _table_moved(bundle: Bundle, shared: Shared) -> bool:
    """开件之后改过工作日表：按工作日算的“开始提醒”可能是照旧表算的，不当作改动。"""
    changed = shared.table_changed_at
    return changed is not None and changed >= bundle.events[0].recorded_at


def _clock_name(name: str, key: str, round_: int) -> str:
    return f"{name}{f'/{key}' if key else ''}#{round_}"


def _clocks(bundle: Bundle, view: CaseView, definition: Definition, shared: Shared) -> Iterator[Difference]:
    stored = {(clock.name, clock.key, clock.round): clock for clock in bundle.clocks}
    computed = {(clock.name, clock.key, clock.round): clock for clock in view.clocks}
    for key in sorted(set(stored) | set(computed)):
        column, decl = f"clocks.{_clock_name(*key)}", definition.matter.clocks.get(key[0])
        title = f"时限“{decl.title if decl else key[0]}”第{key[2]}轮"
        if key not in computed:
            yield Difference(column, key[0], ABSENT, f"{title}在办理记录里没有：是后加的")
        elif key not in stored:
            yield Difference(column, ABSENT, key[0], f"{title}不见了：被删去")
        else:
            yield from _clock(column, title, stored[key], computed[key], bundle, definition, shared)


def _clock(
    column: str,
    title: str,
    row: Clock,
    view: ClockView,
    bundle: Bundle,
    definition: Definition,
    shared: Shared,
) -> Iterator[Difference]:
    values = rows.clock_values(bundle.row.pk, view, rows.warn_at(definition, view, shared.table))
    shadow = Clock(**dict(zip(rows.CLOCK_ALL, values, strict=True)))
    names = [*_CLOCK] if _table_moved(bundle, shared) else [*_CLOCK, "warn_at"]
    for name in names:
        stored, computed = getattr(row, name), getattr(shadow, name)
        if name == "pauses":  # 同一时刻可有不同的写法
            stored, computed = _moments(stored), _moments(computed)
        if stored != computed:
            label = label_of(Clock, name)
            yield _differ(f"{column}.{name}", f"{title}的{label}", stored, computed)
    if row.fired_at is not None and row.fired_at < view.due_at:
        say = f"{title}还没有到期（{show(view.due_at)}），却记为 {show(row.fired_at)} 已按届满处理"
        yield Difference(f"{column}.fired_at", row.fired_at, None, say)


def _moments(pauses: Any) -> Any:
    try:
        return [[datetime.fromisoformat(one) if one else None for one in pair] for pair in pauses]
    except (TypeError, ValueError):
        return pauses


def _entries(bundle: Bundle) -> Iterator[Difference]:
    names = {clock.pk: (clock.name, clock.key, clock.round) for clock in bundle.clocks}
    expected: dict[tuple[str, str, int], list[tuple[Any, ...]]] = {}
    for event in bundle.events:
        for op in bundle.body(event)["effects"].get("clocks", []):
            due = datetime.fromisoformat(op["due"]) if "due" in op else None
            line = (
                event.pk,
                op["op"],
                datetime.fromisoformat(op["at"]),
                op.get("amount", ""),
                op.get("reason", ""),
                due,
            )
            clock = (op["clock"], op.get("key", ""), op.get("round", 1))
            if op["op"] == "rename":  # 换版改了名：以前的流水跟着走
                expected[(op["to"], *clock[1:])] = expected.pop(clock, [])
                clock = (op["to"], *clock[1:])
            expected.setdefault(clock, []).append(line)
    for pk, key in names.items():
        stored, computed = bundle.entries.get(pk, []), expected.get(key, [])
        if stored != computed:
            count = f"现有{len(stored)}行，应有{len(computed)}行"
            say = f"时限“{key[0]}”第{key[2]}轮的流水与办理记录不符（{count}）"
            yield Difference(f"clocks.{_clock_name(*key)}.entries", len(stored), len(computed), say)


def _indexes(bundle: Bundle, view: CaseView, definition: Definition) -> Iterator[Difference]:
    place, live = search.place_at(bundle.row.opened_at, bundle.row.pk), view.closed_at is None
    seats = Counter((role, str(one), live, place) for role, people in view.roles.items() for one in people)
    held = Counter((role, str(officer), *rest) for role, officer, *rest in bundle.roles)
    yield from _rows("role_rows", "件上角色", held, seats)
    names = sorted(definition.matter.fields)
    index = [*rows.index_values(view, definition, names), *(("tag", tag, None) for tag in sorted(view.tags))]
    mark = rows.unique_mark(definition.matter, view.fields, view.closed_at is not None)
    index += [(rows.UNIQUE, mark, None)] if mark else []
    # 同一字段同样文字只有一行（库的唯一约束），先写的在。
    unique = {(name, text): (name, text, number, place) for name, text, number in reversed(index)}
    yield from _rows("index_rows", "筛选值", Counter(bundle.index), Counter(unique.values()))
    parties = Counter(rows.party_indexes(view, definition, names))
    yield from _rows("party_rows", "当事人索引", Counter(bundle.parties), parties, hidden=True)
    uses = Counter(
        (event.pk, item["digest"], item["name"])
        for event in bundle.events
        for item in bundle.body(event)["files"]
    )
    yield from _rows("evidence", "材料使用", Counter(bundle.uses), uses)


def _text(bundle: Bundle, view: CaseView, definition: Definition) -> Iterator[Difference]:
    """全文索引的那一行；件名、编号照件的行（行本身另有核对）。"""
    texts = search.texts_of(bundle.row.number, bundle.row.title, view.fields, definition)
    place, _, *words = search.row_of(bundle.row, texts)
    expected = None if bundle.row.confidential else (place, *words)
    if bundle.text != expected:
        what = "少了" if bundle.text is None else "多出" if expected is None else "不是照件的文字建的"
        yield Difference("text", HIDDEN, HIDDEN, f"“件的文字”（全文索引）{what}，请用 jiezhi reindex 重建")


def _rows(
    column: str, title: str, stored: Counter[Any], computed: Counter[Any], *, hidden: bool = False
) -> Iterator[Difference]:
    extra, gone = stored - computed, computed - stored
    if not extra and not gone:
        return
    parts = []
    if extra:
        parts.append(f"多出{extra.total()}行" + ("" if hidden else f"({show(list(extra)[0])})"))
    if gone:
        parts.append(f"少了{gone.total()}行" + ("" if hidden else f"({show(list(gone)[0])})"))
    say = f"“{title}”的行与办理记录不符：{'，'.join(parts)}"
    shown: tuple[Any, Any] = (HIDDEN, HIDDEN) if hidden else (sorted(extra, key=str), sorted(gone, key=str))
    yield Difference(column, shown[0], shown[1], say)


def _events(bundle: Bundle) -> Iterator[Difference]:
    for event in bundle.events:
        body = bundle.body(event)
        for column, stored, computed in _event_columns(event, body):
            if stored != computed:
                title = label_of(Event, column)
                say = (
                    f"第{event.seq}号办理记录的“{title}”一列现为“{show(stored)}”，"
                    f"而存下的正文写的是“{show(computed)}”"
                )
                name = column.removesuffix("_id")
                yield Difference(f"events[{event.seq}].{name}", stored, computed, say, event.seq)


def _event_columns(event: Stored, body: dict[str, Any]) -> list[tuple[str, Any, Any]]:
    actor = str(body["actor"].get("id", ""))
    return [
        ("seq", event.seq, body["seq"]),
        ("action", event.action, body["action"]),
        ("at", event.at, datetime.fromisoformat(body["at"])),
        ("recorded_at", event.recorded_at, datetime.fromisoformat(body["recorded_at"])),
        ("officer_id", event.officer_id, int(actor) if actor.isdigit() else None),
        ("from_state", event.from_state, body["from"] or ""),
        ("to_state", event.to_state, body["to"]),
    ]
