"""双方怎样认件：凭件号、凭记对方编号的字段、凭清单上的我方编号。"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, time

from django.db.models import QuerySet

from jiezhi.base.casework.models import Case, CaseField, Event
from jiezhi.connect.systems.comparing import chunks
from jiezhi.connect.systems.queries import Register, definition_of
from jiezhi.connect.systems.reading import Theirs
from jiezhi.core.calendar import CHINA
from jiezhi.core.procedure.external import source_of

_USED = (
    "uid", "number", "matter", "state", "fields", "unit", "opened_at", "closed_at", "done", "confidential",
    "seq", "host_system",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Mine:
    """应当在对方清单上的一件（轻的，不带内容）。`key` 是双方认件的编号，没有登记的为空。"""

    pk: int
    uid: str
    number: str
    key: str
    matter: str
    confidential: bool


class Finder:
    """一个登记里的一种业务模板：找件。"""

    def __init__(self, register: Register, matter: str) -> None:
        self.register = register
        self.matter = matter
        self.listed = register.decl.matters[matter]
        self.definition = definition_of(matter)
        self.key = register.key_of(matter)

    def by_number(self, numbers: Iterable[str]) -> dict[str, list[Case]]:
        """对方编号 → 件（记重了的不止一件）。"""
        return self._find(self.key, list(numbers))

    def by_other(self, rows: Iterable[Theirs]) -> dict[str, list[Case]]:
        """还没有登记对方编号的：凭清单上的我方编号、文号认。对方编号 → 件。"""
        waiting = {row.number: row for row in rows}
        found: dict[str, list[Case]] = {}
        for column, key in self.listed.also.items():
            texts: dict[str, list[str]] = defaultdict(list)
            for number, row in waiting.items():
                if number not in found and (text := str(row.values.get(column) or "")):
                    texts[text].append(number)
            cases = self._find(None if key == "number" else key, list(texts), anywhere=True)
            for text, those in cases.items():
                for number in texts[text]:
                    found[number] = those
        return found

    def _find(self, key: str | None, texts: list[str], *, anywhere: bool = False) -> dict[str, list[Case]]:
        found: dict[str, list[Case]] = defaultdict(list)
        for some in chunks(texts):
            rows = (
                Case.objects.filter(matter=self.matter)
                .select_related("unit")
                .only(*_USED, "unit__code", "unit__name")
            )
            if key is None:
                rows = rows.filter(number__in=some)
                if not anywhere:
                    rows = rows.filter(host_system=self.register.decl.title)
                for case in rows:
                    found[case.number].append(case)
                continue
            listed = CaseField.objects.filter(name=key, text__in=some, case__matter=self.matter)
            pairs = list(listed.values_list("case_id", "text"))
            cases = {case.pk: case for case in rows.filter(pk__in=[pk for pk, _ in pairs])}
            for pk, text in sorted(pairs):
                found[text].append(cases[pk])
        return found

    def inside(self, since: date, until: date, *, whole: bool) -> list[Mine]:
        """这一期应当在对方清单上的件；`whole` 为真是全部在册的，不分期。"""
        rows = Case.objects.filter(matter=self.matter).exclude(state__in=self.listed.except_)
        if self.key is None:
            rows = rows.filter(host_system=self.register.decl.title)
        if not whole:
            rows = self._dated(rows, since, until)
        kept = self._numbers(rows) if self.key else {}
        return [
            Mine(pk, str(uid), number, kept.get(pk, "") if self.key else number, self.matter, confidential)
            for pk, uid, number, confidential in rows.order_by("pk").values_list(
                "pk", "uid", "number", "confidential"
            )
        ]

    def _numbers(self, rows: QuerySet[Case]) -> dict[int, str]:
        found = CaseField.objects.filter(name=self.key, case__in=rows.order_by().values("pk"))
        return dict(found.values_list("case_id", "text"))

    def _dated(self, rows: QuerySet[Case], since: date, until: date) -> QuerySet[Case]:
        source = source_of(self.listed.dated)
        assert source is not None
        if source.kind == "field":
            dated = CaseField.objects.filter(name=source.name, text__gte=since.isoformat())
            return rows.filter(pk__in=dated.filter(text__lt=until.isoformat()).values("case"))
        start, end = (datetime.combine(day, time(), CHINA) for day in (since, until))
        if source.kind == "means":
            actions = [
                name for name, one in self.definition.matter.actions.items() if source.name in one.means
            ]
            events = Event.objects.filter(action__in=actions, at__gte=start, at__lt=end)
            return rows.filter(pk__in=events.values("case"))
        return rows.filter(**{f"{source.kind}__gte": start, f"{source.kind}__lt": end})
