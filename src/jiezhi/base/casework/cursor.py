"""列表翻到哪一件：按排序键接着翻，前面新来了件、办完了件，后面的也不重、不漏。

排序键是到期和排位（见 listing.ORDER）。翻的当中改了到期的件挪了地方，可能再见到一次，也可能正好跳过去。
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from django.db.models import Q

from jiezhi.base.casework.models import Case


@dataclass(frozen=True, slots=True)
class Spot:
    """翻到的那一件的到期（没有为 None，带时区）和排位。"""

    due_at: datetime | None
    place: int

    @classmethod
    def of(cls, case: Case) -> Spot:
        """这一件的。"""
        return cls(case.due_at, case.place)

    @property
    def q(self) -> Q:
        """排在它后面的，作条件。"""
        if self.due_at is None:
            return Q(due_at=None, place__lt=self.place)
        return Q(due_at__gt=self.due_at) | Q(due_at=self.due_at, place__lt=self.place) | Q(due_at=None)
