"""工作列表的筛选，作条件。"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from functools import reduce
from operator import or_

from django.db.models import Exists, OuterRef, Q

from jiezhi.base.casework.cursor import Spot
from jiezhi.base.casework.models import CaseField
from jiezhi.base.casework.reach import Reach, under
from jiezhi.core.procedure.clockwork import LOCAL

NO_UNIT = "-"
TODAY = "今天到期"
Step = tuple[str, str, str]
"""业务模板、环节、区域路径（空为不限）。"""


def at_step(step: Step) -> Q:
    """停在这一处的。"""
    matter, state, path = step
    return Q(matter=matter, state=state) & under(path)


@dataclass(frozen=True, slots=True)
class Filters:
    """列表的筛选。`fields` 只能用声明为 indexed 的字段；`area` 是区域路径，含下级。

    `scope`：空为看得见的全部；mine 件上有他的（同 `mine`）；unit 本单位的；own 件上有他的和本单位的；
    desk 手上的（见 `Reach.desk`）。`unit` 写 NO_UNIT 是还没有单位的；`light` 另有 TODAY，按北京时间。
    `after`：只要排在它后面的。
    `steps`：只要停在这几处的在办件，（业务模板、环节、区域路径），几处取并集；区域空串为不限。
    """

    matter: str = ""
    state: str = ""
    unit: str = ""
    area: str = ""
    light: str = ""
    mine: bool = False
    open: bool | None = None
    words: str = ""
    fields: Mapping[str, str] | None = None
    scope: str = ""
    after: Spot | None = None
    steps: tuple[Step, ...] | None = None

    @property
    def range(self) -> str:
        """范围。"""
        return "mine" if self.mine else self.scope

    def q(self, moment: datetime) -> Q:
        """范围、字段、词之外的筛选，作条件。"""
        found = Q(**{name: value for name in ("matter", "state") if (value := getattr(self, name))})
        if self.unit:
            found &= Q(unit=None) if self.unit == NO_UNIT else Q(unit=self.unit)
        found &= under(self.area) & (self.after.q if self.after else Q())
        if self.steps is not None:
            found &= Q(closed_at=None) & reduce(or_, map(at_step, self.steps), Q(pk__in=()))
        if self.open is not None:
            found &= Q(closed_at__isnull=self.open)
        if self.light == "超期":
            found &= Q(due_at__lte=moment)
        elif self.light == "临期":
            found &= Q(warn_at__lte=moment, due_at__gt=moment)
        elif self.light == TODAY:
            tomorrow = moment.astimezone(LOCAL).date() + timedelta(days=1)
            found &= Q(due_at__gt=moment, due_at__lte=datetime.combine(tomorrow, time.min, LOCAL))
        elif self.light == "正常":
            found &= (Q(warn_at__gt=moment) | Q(warn_at=None)) & Q(due_at__gt=moment)
        return found

    def by_fields(self) -> Q:
        """筛选字段，作条件。"""
        found = Q()
        for name, value in (self.fields or {}).items():
            found &= Q(Exists(CaseField.objects.filter(case=OuterRef("pk"), name=name, text=value)))
        return found

    def scoped(self, reach: Reach) -> Q:
        """范围，作条件。"""
        match self.range:
            case "mine":
                return Q(reach.mine)
            case "unit":
                return Q(unit__in=reach.units)
            case "own":
                return Q(unit__in=reach.units) | Q(reach.mine)
            case "desk":
                return reach.desk
        return Q()
