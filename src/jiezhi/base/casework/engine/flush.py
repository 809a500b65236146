"""把一次事务里办成的写库：同类的行一条语句写完。"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from typing import TYPE_CHECKING, Any

from jiezhi.base.accounts import secrets
from jiezhi.base.casework import search
from jiezhi.base.casework.engine import fastsql, rows
from jiezhi.base.casework.models import (
    Case,
    CaseField,
    CaseParty,
    CaseRole,
    Clock,
    ClockEntry,
    Delivery,
    Event,
    EvidenceUse,
    Payload,
)
from jiezhi.core.evidence.canonical import plain_json
from jiezhi.core.procedure.fields import FieldType
from jiezhi.core.procedure.view import CaseView, ClockView

if TYPE_CHECKING:
    from jiezhi.base.casework.engine.loading import Loaded
    from jiezhi.base.casework.engine.work import Work

ClockKey = tuple[str, str, str, int]  # 件、时限、当事人标识、第几轮
CASE_COLUMNS = [
    "title", "state", "done", "fields", "sealed", "unit", "area", "area_path", "lon", "lat", "cell", "tags", "roles", "seq",
    "head", "changed_at", "closed_at", "due_at", "warn_at", "merged_into",
]  # fmt: skip
DELIVERY_COLUMNS = (
    "case_id", "event_id", "kind", "key", "payload", "not_before", "attempts", "done_at", "result",
)  # fmt: skip
CLOCK_COLUMNS = [
    "status",
    "limit",
    "due_at",
    "warn_at",
    "ended_at",
    "provisional",
    "pauses",
    "extensions",
    "void",
    "fired_at",
]


def _place(loaded: Loaded) -> int:
    return search.place_at(loaded.row.opened_at, loaded.row.pk)


def _texts(loaded: Loaded, view: CaseView) -> tuple[str, ...]:
    title = rows.title_of(view.fields, loaded.definition.matter)
    return search.texts_of(view.number, title, view.fields, loaded.definition)


class Buffer:
    """待写的行。"""

    def __init__(self, work: Work) -> None:
        self.work = work
        self.touched: dict[str, Loaded] = {}
        self.events: list[
            tuple[Loaded, Event, dict[str, Any], list[dict[str, Any]], list[dict[str, Any]]]
        ] = []
        self.deliveries: list[tuple[Loaded, Event, str, str, dict[str, Any]]] = []
        self.written: dict[str, set[str]] = {}
        self._warns: dict[tuple[str, str, datetime, datetime], datetime | None] = {}

    def event(
        self,
        loaded: Loaded,
        before: CaseView,
        event: Event,
        openings: dict[str, Any],
        files: list[dict[str, Any]],
        values: dict[str, Any],
        ops: list[dict[str, Any]],
    ) -> None:
        """收下一条办理记录。"""
        uid = loaded.view.uid
        self.touched[uid] = loaded
        self.written.setdefault(uid, set()).update(values)
        self.events.append((loaded, event, openings, files, ops))

    def delivery(self, loaded: Loaded, event: Event, kind: str, key: str, payload: dict[str, Any]) -> None:
        """收下一条后续发送。"""
        self.deliveries.append((loaded, event, kind, key[:160], payload))

    def size(self) -> tuple[int, int]:
        """现在收下了多少条办理记录、多少条后续发送；`undo` 用。"""
        return len(self.events), len(self.deliveries)

    def undo(self, size: tuple[int, int]) -> None:
        """退回到收下 `size` 那么多的时候。"""
        del self.events[size[0] :], self.deliveries[size[1] :]
        self.touched, self.written = {}, {}
        for loaded, _, openings, _, _ in self.events:
            self.touched[loaded.view.uid] = loaded
            self.written.setdefault(loaded.view.uid, set()).update(openings)

    def flush(self) -> None:
        """按先后写库：件、时限、办理记录、内容、其余。"""
        if not self.events:
            return
        fresh = [item for item in self.touched.values() if item.stored is None]
        known = [item for item in self.touched.values() if item.stored is not None]
        for loaded in self.touched.values():
            if loaded.changed is not None:
                self._change(loaded, loaded.changed)
            self._fill(loaded)
        if fresh:
            self._insert(fresh)
        fastsql.update_many([item.row for item in known], CASE_COLUMNS)
        clocks = self._clocks()
        for loaded, event, *_ in self.events:
            event.case_id = loaded.row.pk
        fastsql.insert([item[1] for item in self.events])
        self._payloads()
        self._entries(clocks)
        self._roles()
        self._indexes()
        self._texts()
        self._evidence()
        fastsql.insert_values(
            Delivery,
            DELIVERY_COLUMNS,
            [
                (loaded.row.pk, event.pk, kind, key, payload, self.work.now, 0, None, "")
                for loaded, event, kind, key, payload in self.deliveries
                # 同一事务里又往前走了的，进环节时的自动办理已经轮不到，不排。
                if kind != "auto" or loaded.view.state == event.to_state
            ],
        )
        for loaded in self.touched.values():
            loaded.stored = loaded.view
            loaded.bodies, loaded.changed = [], None
        self.events, self.deliveries, self.touched, self.written = [], [], {}, {}

    def _fill(self, loaded: Loaded) -> None:
        rows.fill_case(loaded.row, loaded.view, loaded.definition)
        loaded.row.head = loaded.head
        loaded.row.area_path = self.work.look.area_path(loaded.view.area)
        live = rows.office_clocks(loaded.view, loaded.definition)
        loaded.row.due_at = min((clock.due_at for clock in live), default=None)
        warns = [self._warn(loaded, clock) for clock in live]
        loaded.row.warn_at = min((moment for moment in warns if moment), default=None)
        if loaded.view.merged_into:
            loaded.row.merged_into = self.work.loaded[loaded.view.merged_into].row

    def _change(self, loaded: Loaded, clocks: dict[str, str]) -> None:
        """换版：时限的行改名，索引行全部照新版重做。"""
        pk, stored = loaded.row.pk, loaded.stored
        assert stored is not None
        Case.objects.filter(pk=pk).update(version=loaded.row.version)
        table = {}
        for (name, key, number), row in loaded.clocks.items():
            row.name = clocks.get(name, name)
            table[(row.name, key, number)] = row
            if row.name != name:
                Clock.objects.filter(pk=row.pk).update(name=row.name)
        loaded.clocks = table
        CaseField.objects.filter(case=pk).delete()
        CaseParty.objects.filter(case=pk).delete()
        self.written[loaded.view.uid] |= set(loaded.definition.matter.fields)
        views = [replace(clock, name=clocks.get(clock.name, clock.name)) for clock in stored.clocks]
        loaded.stored = replace(stored, clocks=views, fields={}, tags=frozenset())

    def _warn(self, loaded: Loaded, clock: ClockView) -> datetime | None:
        key = (loaded.definition.digest, clock.name, clock.started_at, clock.due_at)
        if key not in self._warns:
            self._warns[key] = rows.warn_at(loaded.definition, clock, self.work.table)
        return self._warns[key]

    def _insert(self, fresh: list[Loaded]) -> None:
        # 上级件先写：子件要它的主键。
        waiting = fresh
        while waiting:
            ready: list[Loaded] = []
            later: list[Loaded] = []
            for item in waiting:
                parent = self.work.loaded.get(item.view.parent or "")
                (later if parent and parent.row.pk is None else ready).append(item)
                if parent and parent.row.pk is not None:
                    item.row.parent = parent.row
            fastsql.insert([item.row for item in ready])
            waiting = later

    def _clocks(self) -> dict[ClockKey, int]:
        """写时限；返回各时限的主键，流水要用。"""
        new: list[tuple[Any, ...]] = []
        new_keys: list[ClockKey] = []
        changed: list[Clock] = []
        table: dict[ClockKey, int] = {}
        for uid, loaded in self.touched.items():
            before = {(c.name, c.key, c.round): c for c in (loaded.stored.clocks if loaded.stored else [])}
            for view in loaded.view.clocks:
                key = (view.name, view.key, view.round)
                if key not in before:
                    new.append(rows.clock_values(loaded.row.pk, view, self._warn(loaded, view)))
                    new_keys.append((uid, *key))
                    continue
                row = loaded.clocks.get(key)
                if row is None:  # 这次事务里先前写下的
                    row = Clock.objects.get(
                        case=loaded.row.pk, name=view.name, key=view.key, round=view.round
                    )
                    loaded.clocks[key] = row
                table[(uid, *key)] = row.pk
                if before[key] != view or loaded.changed is not None:
                    rows.fill_clock(row, view, self._warn(loaded, view))
                    changed.append(row)
        table |= zip(new_keys, fastsql.insert_values(Clock, rows.CLOCK_ALL, new), strict=True)
        fastsql.update_many(changed, CLOCK_COLUMNS)
        return table

    def _payloads(self) -> None:
        waiting = [(event, openings) for _, event, openings, _, _ in self.events if openings]
        if waiting:
            sealed = secrets.encrypt_many(plain_json(item) for _, item in waiting)
            fastsql.insert_values(
                Payload,
                ("event_id", "sealed", "erased"),
                [(event.pk, data, {}) for (event, _), data in zip(waiting, sealed, strict=True)],
            )

    def _entries(self, clocks: dict[ClockKey, int]) -> None:
        entries = []
        for loaded, event, _, _, ops in self.events:
            for op in ops:
                name = op["to"] if op["op"] == "rename" else op["clock"]
                clock = clocks[(loaded.view.uid, name, op.get("key", ""), op.get("round", 1))]
                due = datetime.fromisoformat(op["due"]) if "due" in op else None
                at = datetime.fromisoformat(op["at"])
                words = (op.get("amount", ""), op.get("reason", ""))
                entries.append((clock, event.pk, op["op"], at, *words, due))
        columns = ("clock_id", "event_id", "kind", "at", "amount", "reason", "due_at")
        fastsql.insert_values(ClockEntry, columns, entries)

    def _roles(self) -> None:
        new = []
        for loaded in self.touched.values():
            view, stored = loaded.view, loaded.stored
            old, live = stored.roles if stored else {}, view.closed_at is None
            if stored is not None and old and (stored.closed_at is None) != live:
                CaseRole.objects.filter(case=loaded.row.pk).update(open=live)
            if old == view.roles:
                continue
            if old:
                gone = [role for role in old if old[role] != view.roles.get(role)]
                CaseRole.objects.filter(case=loaded.row.pk, role__in=gone).delete()
            for role, people in view.roles.items():
                if people != old.get(role):
                    new += [(loaded.row.pk, role, int(one), live, _place(loaded)) for one in people]
        fastsql.insert_values(CaseRole, ("case_id", "role", "officer_id", "open", "place"), new)

    def _indexes(self) -> None:
        values, parties = [], []
        for uid, loaded in self.touched.items():
            names = sorted(self.written.get(uid, ()))
            found = rows.index_values(loaded.view, loaded.definition, names)
            indexes = rows.party_indexes(loaded.view, loaded.definition, names)
            old_tags = loaded.stored.tags if loaded.stored else frozenset()
            if loaded.view.tags != old_tags:
                found += [("tag", tag, None) for tag in sorted(loaded.view.tags)]
                names = [*names, "tag"]
            if loaded.stored is not None:
                matter = loaded.definition.matter.fields
                before = loaded.stored.fields
                stale = [
                    name
                    for name in names
                    if name == "tag" or (name in matter and matter[name].indexed and name in before)
                ]
                if stale:
                    CaseField.objects.filter(case=loaded.row.pk, name__in=stale).delete()
                parted = [name for name in names if name in matter and matter[name].type is FieldType.PARTY]
                if parted:
                    CaseParty.objects.filter(case=loaded.row.pk, field__in=parted).delete()
            found += self._unique(loaded)
            pk = loaded.row.pk
            values += [(pk, *item, _place(loaded)) for item in found]
            parties += [(pk, *item) for item in indexes]
        fastsql.insert_values(CaseField, ("case_id", "name", "text", "number", "place"), values)
        fastsql.insert_values(CaseParty, ("case_id", "field", "kind", "index", "tail"), parties)

    def _unique(self, loaded: Loaded) -> list[tuple[str, str, int | None]]:
        matter, view, stored = loaded.definition.matter, loaded.view, loaded.stored
        if not matter.unique_open:
            return []
        now = rows.unique_mark(matter, view.fields, view.closed_at is not None)
        was = rows.unique_mark(matter, stored.fields, stored.closed_at is not None) if stored else ""
        if was and was != now:
            CaseField.objects.filter(case=loaded.row.pk, name=rows.UNIQUE).delete()
        return [(rows.UNIQUE, now, None)] if now and now != was else []

    def _texts(self) -> None:
        """件的文字变了的，换全文索引的那一行。限指定人员的件不进。"""
        changed = []
        for loaded in self.touched.values():
            if loaded.row.confidential:
                continue
            texts = _texts(loaded, loaded.view)
            if loaded.stored is None or loaded.changed is not None or texts != _texts(loaded, loaded.stored):
                changed.append(search.row_of(loaded.row, texts))
        search.write(changed)

    def _evidence(self) -> None:
        uses = [
            (event.pk, loaded.row.pk, item["digest"], item["name"])
            for loaded, event, _, files, _ in self.events
            for item in files
        ]
        fastsql.insert_values(EvidenceUse, ("event_id", "case_id", "file_id", "field"), uses)
