"""灌一个大库，给测速用：直接写行，**不经过门**。用法：python bench/fill.py [--cases 20000] [--home 目录]

街道（单位、区域、人员、业务模板）是演示街道，真的；先从门里办出一百多件各种环节的样板，再照样板抄：一件的各行（件、
角色、筛选值、当事人索引、时限和流水、办理记录和内容、材料、文字）换上新的编号、地点、件名、来件人、日期。所以各列的
样子、各表的比例与真的一样，只是办理记录的链接不上（核验通不过），内容是样板的。三年里越近的越多；各业务、各单位、
各网格不均；在办的占百分之三左右，都在最近一个月。

没有给 --home 就建在临时目录里。PostgreSQL：bash tests/postgres.sh python bench/fill.py …
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import os
import random
import time
from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime, timedelta
from itertools import accumulate
from pathlib import Path
from typing import Any
from uuid import UUID

from common import demo_street
from fill_quickly import quickly
from fill_shapes import SHARES, TABLES, Row, Sample, read_samples
from fill_words import ASKS, GIVEN, SURNAMES, THINGS, WRONG

YEARS = 3
CHUNK = 4000


def main() -> None:
    given = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    given.add_argument("--cases", type=int, default=20_000)
    given.add_argument("--home", type=Path)
    asked = given.parse_args()
    fill(asked.cases, asked.home)


def fill(cases: int, home: Path | None = None) -> None:
    """建库、灌到约 `cases` 件。"""
    began = time.monotonic()
    demo_street(cases=True, home=home)
    from fill_samples import make_samples

    make_samples()
    print(f"样板 {time.monotonic() - began:.0f} 秒")
    began = time.monotonic()
    Copier(cases).run()
    print(f"灌 {cases:,} 件 {time.monotonic() - began:.0f} 秒；目录 {os.environ['JIEZHI_HOME']}")


class Copier:
    """照样板抄。"""

    def __init__(self, cases: int) -> None:
        from django.db import connection
        from django.utils import timezone

        from jiezhi.base.casework.models import Case
        from jiezhi.core.space import cell
        from jiezhi.demo.street import build_street

        self.real = connection
        self.rng = random.Random(5)
        self.now = timezone.now()
        self.left = cases - Case.objects.count()
        self.columns: dict[str, list[str]] = {}
        self.next: dict[str, int] = {}
        with connection.cursor() as cursor:
            for table in TABLES:
                every = connection.introspection.get_table_description(cursor, table)
                # 排位、词由数据库自己算。
                self.columns[table] = [
                    one.name
                    for one in every
                    if (table, one.name) not in {("casework_case", "place"), ("casework_casetext", "tokens")}
                ]
                if "id" in self.columns[table] and table != "casework_casetext":
                    cursor.execute(f"SELECT coalesce(max(id), 0) FROM {table}")
                    self.next[table] = cursor.fetchone()[0] + 1
            cursor.execute("SELECT code, path FROM registry_area WHERE level = 'grid'")
            paths = dict(cursor.fetchall())
        self.spots = [
            (one.label, one.code, one.grid, paths[one.grid], one.lon, one.lat, cell(one.lon, one.lat))
            for one in build_street().buildings
        ]
        busy = {grid: self.rng.expovariate(1) for grid in paths}
        self.spot_weights = list(accumulate(busy[one[2]] for one in self.spots))
        self.people = list(self._people(min(60_000, cases)))
        self.days: dict[tuple[str, int], str] = {}

    def _people(self, count: int) -> Iterator[tuple[Any, dict[str, tuple[str, str]]]]:
        """来件人：（加密的内容，各种索引）。"""
        from jiezhi.base.accounts import secrets

        known = []
        for _ in range(count):
            name = self.rng.choice(SURNAMES) + "".join(self.rng.choices(GIVEN, k=self.rng.choice([1, 2, 2])))
            known.append({"name": name, "phone": f"13{self.rng.randrange(10**9):09}"})
        sealed = secrets.encrypt_many(json.dumps({"reporter": one}, ensure_ascii=False) for one in known)
        for one, data in zip(known, sealed, strict=True):
            phone = (secrets.blind_index("phone", one["phone"]), secrets.tail_index("phone", one["phone"]))
            yield data, {"name": (secrets.blind_index("name", one["name"]), ""), "phone": phone}

    # ---- 抄 ----

    def batches(self) -> Iterator[dict[str, list[Row]]]:
        """一批一批的行，来件早的在前。"""
        samples = read_samples(self.real, self.columns, self.rng)
        live, ended = [one for one in samples if one.live], [one for one in samples if not one.live]
        # 在办的：大库里百分之三，小库里也有三千件，但不过四分之一。
        open_count = min(self.left // 4, max(self.left * 3 // 100, 3000))
        today, span = self.now.date(), YEARS * 365
        gaps = [int(span * (1 - self.rng.random() ** 0.6)) + 25 for _ in range(self.left - open_count)]
        gaps += [min(24, int(self.rng.expovariate(0.15))) for _ in range(open_count)]
        order = sorted(range(self.left), key=lambda n: -gaps[n])
        chosen = self.rng.choices(ended, [one.weight for one in ended], k=self.left - open_count)
        chosen += self.rng.choices(live, [one.weight for one in live], k=open_count)
        for start in range(0, self.left, CHUNK):
            rows: dict[str, list[Row]] = {table: [] for table in TABLES}
            for n in order[start : start + CHUNK]:
                self.copy(chosen[n], (today - timedelta(days=gaps[n]) - chosen[n].day).days, rows)
            yield rows

    def run(self) -> None:
        """造行在另一个进程里，这里只写。"""
        began = time.monotonic()
        queue: Any = multiprocessing.get_context("fork").Queue(3)
        batches = self.batches()
        first = next(batches)  # 样板先在这里读出来：子进程不碰数据库
        maker = multiprocessing.get_context("fork").Process(target=_make, args=(batches, queue), daemon=True)
        maker.start()
        done = 0
        with quickly(self.real, TABLES):
            rows: dict[str, list[Row]] | None = first
            while rows is not None:
                for table, values in rows.items():
                    self.write(table, values)
                done += len(rows["casework_case"])
                if done // CHUNK % 25 == 1:
                    print(f"  {done:,} 件，{time.monotonic() - began:.0f} 秒", flush=True)
                rows = queue.get()
            print(f"  行写完，{time.monotonic() - began:.0f} 秒；建索引…", flush=True)
        maker.join()
        self.check()
        print(f"  索引建好，{time.monotonic() - began:.0f} 秒", flush=True)

    def check(self) -> None:
        """抄的排位与数据库自己算的一样：不一样，按词找、按人找量的就不是真的。"""
        with self.real.cursor() as cursor:
            for table, column in (("casetext", "id"), ("caserole", "place"), ("casefield", "place")):
                cursor.execute(
                    f"SELECT count(*) FROM casework_{table} one JOIN casework_case c ON c.id = one.case_id"
                    f" WHERE c.place <> one.{column}"
                )
                wrong = cursor.fetchone()[0]
                assert not wrong, f"casework_{table} 有 {wrong} 行的排位不对"

    def copy(self, sample: Sample, days: int, rows: dict[str, list[Row]]) -> None:
        """抄一件，往后（负数往前）移 `days` 天。"""
        from jiezhi.base.casework import search

        base = dict(self.next)
        for table in self.next:
            self.next[table] += sample.sizes[table]
        pk = base["casework_case"]
        case = dict(sample.case)
        spot = self.rng.choices(self.spots, cum_weights=self.spot_weights)[0] if case["area_id"] else None
        person = self.rng.choice(self.people)
        case |= {"id": pk, "parent_id": None, "merged_into_id": None, "slot": ""}
        for name in ("opened_at", "changed_at", "closed_at", "due_at", "warn_at"):
            case[name] = self.later(case[name], days)
        stamp = self.moment(case["opened_at"])
        uid = UUID(
            int=(int(stamp.timestamp() * 1000) << 80) | (7 << 76) | (0b10 << 62) | self.rng.getrandbits(62)
        )
        case["uid"] = uid.hex if self.real.vendor == "sqlite" else uid
        letters = "".join(one for one in str(case["number"]) if one.isalpha() and one.isascii())
        case["number"] = f"{letters or 'Q'}{stamp.year}{pk:08}"
        fields = json.loads(case["fields"]) if isinstance(case["fields"], str) else dict(case["fields"])
        self.reword(case, fields, spot)
        if case["sealed"] is not None and sample.matter in SHARES:
            case["sealed"] = person[0]
        case["fields"] = json.dumps(fields, ensure_ascii=False)
        rows["casework_case"].append(list(case.values()))
        texts = search.texts_of(case["number"], case["title"], fields, sample.definition)
        place = search.place_at(stamp, pk)
        text = {
            "id": place,
            "case_id": pk,
            "words": search.words_of(texts),
            "tail": search.number_key(case["number"]),
        }
        rows["casework_casetext"].append([text[name] for name in self.columns["casework_casetext"]])
        files = [f"{self.rng.getrandbits(256):064x}" for _ in range(sample.files)]
        said = str(uid).encode()
        for table, found in sample.rows.items():
            out = rows[table]
            own = base.get(table, 0)
            for n, (shape, marks) in enumerate(found):
                row = shape.copy()
                for at, kind, more in marks:
                    if kind == "time":
                        row[at] = self.later(more, days)
                    elif kind == "id":
                        row[at] = own + n
                    elif kind == "case_id":
                        row[at] = pk
                    elif kind == "event_id":
                        row[at] = base["casework_event"] + more
                    elif kind == "clock_id":
                        row[at] = base["casework_clock"] + more
                    elif kind == "place":
                        row[at] = place
                    elif kind == "body":
                        row[at] = said.join(more)
                    elif kind == "file":
                        row[at] = files[more]
                    else:
                        what, tail, old = more
                        row[at] = person[1][what][tail] if what in person[1] else old
                out.append(row)

    def reword(self, case: dict[str, Any], fields: dict[str, Any], spot: Any) -> None:
        """换件名、正文和地点。"""
        if spot is not None:
            label, code, grid, path, lon, lat, cell = spot
            case |= {"area_id": grid, "area_path": path}
            if case["lon"] is not None:
                case |= {"lon": lon, "lat": lat, "cell": cell}
                address = {"address": label, "doorplate": code, "lon": lon, "lat": lat}
                fields |= {
                    name: address for name, one in fields.items() if isinstance(one, dict) and "lon" in one
                }
        where = spot[0] if spot else "社区"
        said = f"{where}{self.rng.choice(THINGS)}{self.rng.choice(WRONG)}，{self.rng.choice(ASKS)}"
        more = f"{self.rng.choice(THINGS)}也{self.rng.choice(WRONG)}，{self.rng.choice(ASKS)}。"
        for name in ("content", "subject", "title", "description", "purpose"):
            if isinstance(fields.get(name), str):
                fields[name] = said[:30] if name != "content" else f"{said}。{more}"
        if case["title"] and not fields.get("content", "").startswith(case["title"]):
            case["title"] = said[:60]

    # ---- 时刻 ----

    def later(self, value: Any, days: int) -> Any:
        if value is None:
            return None
        if isinstance(value, str):
            key = (value[:10], days)
            if key not in self.days:
                self.days[key] = (date.fromisoformat(value[:10]) + timedelta(days=days)).isoformat()
            return self.days[key] + value[10:]
        return value + timedelta(days=days)

    @staticmethod
    def moment(value: Any) -> datetime:
        """库里的时刻；SQLite 里存的是没有写时区的世界时。"""
        found = datetime.fromisoformat(value) if isinstance(value, str) else value
        return found if found.tzinfo else found.replace(tzinfo=UTC)

    # ---- 写 ----

    def write(self, table: str, values: Sequence[Row]) -> None:
        names = ", ".join(f'"{name}"' for name in self.columns[table])
        if self.real.vendor == "sqlite":
            marks = ", ".join("?" * len(self.columns[table]))
            self.real.connection.executemany(f"INSERT INTO {table} ({names}) VALUES ({marks})", values)
            return
        with self.real.cursor() as cursor, cursor.copy(f"COPY {table} ({names}) FROM STDIN") as copy:
            for row in values:
                copy.write_row(row)


def _make(batches: Iterator[dict[str, list[Row]]], queue: Any) -> None:
    for rows in batches:
        queue.put(rows)
    queue.put(None)


if __name__ == "__main__":
    main()
