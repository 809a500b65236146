"""计时规则: what each statute means by 日, and when the last day rolls.

How a period is counted here （法律事实的核对状态 in brackets）:

- Does the starting day count? No （首日不计）: the first day is the day after. 民诉法（2023）§85 （已核对）.
- Is a written 日 a working day? Per statute: `REGIMES`, with its article and status.
- The last day is not a working day and the statute lets it roll: it rolls to the next working day, whoever
  is bound. 民诉法（2023）§85, 复议法§88 （已核对）.
- The same, the statute is silent, the period gives time to or protects a party: it rolls （推导）.
- The same, the statute is silent, the period binds the office (90日 to decide): it does not roll; the office
  gets no day the law does not give （推导）.
- A period in working days ends on a working day: nothing to roll.
- A period in hours runs to the minute and never rolls.
- Months and years end on the same day number, or on the month's last day where there is none （推导）.

在途不计 (posted before expiry is in time, 民诉法§85, 已核对) concerns the moment an act counts as done, not
the length of a period: who records the act records the day of posting.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from types import MappingProxyType
from typing import overload

from .durations import Annual, Duration, Unit

Amounts = frozenset[int] | range

AS_WRITTEN: Amounts = frozenset()
EVERY_DAY: Amounts = range(1, sys.maxsize)


def up_to(n: int) -> Amounts:
    """The amounts 1 to n （“十日以内”）."""
    return range(1, n + 1)


class Rolling(StrEnum):
    """Does a last day that is not a working day roll: always, where it favours the party, or never."""

    ALWAYS = "always"
    PARTY = "party"
    NEVER = "never"


class Status(StrEnum):
    """核对状态 of a statement about the law."""

    CHECKED = "已核对"
    CHECKED_ON_WEB = "已核对(网)"
    UNCHECKED = "待核"
    DERIVED = "推导"


@dataclass(frozen=True, slots=True)
class Regime:
    """How one statute counts.

    `reads_as_working`: the written numbers of 日 that are working days. `alternative`: another reading which
    an office may choose once its legal officer has confirmed it (see `configured`); None where the text
    leaves no choice. `article`, `status`: where that comes from and how far it was checked; `note` in
    Chinese, for the settings page.
    """

    name: str
    title: str
    law: str
    article: str
    status: Status
    reads_as_working: Amounts = AS_WRITTEN
    roll_last: Rolling = Rolling.PARTY
    first_day_excluded: bool = True
    alternative: Amounts | None = None
    note: str = ""

    @overload
    def effective(self, duration: Duration) -> Duration: ...
    @overload
    def effective(self, duration: Annual) -> Annual: ...
    def effective(self, duration: Duration | Annual) -> Duration | Annual:
        """The period as it is counted: 5日 becomes 5个工作日 where this statute says so, all else is
        unchanged.
        """
        if (
            isinstance(duration, Duration)
            and duration.unit is Unit.DAY
            and duration.amount in self.reads_as_working
        ):
            return Duration(duration.amount, Unit.WORKDAY)
        return duration

    def rolls(self, favours_party: bool) -> bool:
        """True when a last day that is no working day moves to the next one."""
        return self.roll_last is Rolling.ALWAYS or (self.roll_last is Rolling.PARTY and favours_party)


_ALL = (
    Regime(
        name="penalty-2021",
        title="行政处罚",
        law="行政处罚法（2021）",
        article="§85",
        status=Status.CHECKED,
        reads_as_working=frozenset({2, 3, 5, 7}),
        note="二日、三日、五日、七日是工作日，其余按自然日。",
    ),
    Regime(
        name="licence-2019",
        title="行政许可",
        law="行政许可法（2019）",
        article="§82",
        status=Status.CHECKED,
        reads_as_working=EVERY_DAY,
        note="行政机关实施许可的期限全部按工作日。",
    ),
    Regime(
        name="coercion-2011",
        title="行政强制",
        law="行政强制法（2011）",
        article="§69",
        status=Status.CHECKED,
        reads_as_working=up_to(10),
        note="十日以内是工作日，30日、3个月按自然日。",
    ),
    Regime(
        name="review-2023",
        title="行政复议",
        law="行政复议法（2023）",
        article="§88",
        status=Status.CHECKED,
        reads_as_working=frozenset({3, 5, 7, 10}),
        roll_last=Rolling.ALWAYS,
        note="三日、五日、七日、十日是工作日，其余按自然日；没有规定的按民事诉讼法期间计算。",
    ),
    Regime(
        name="litigation-2017",
        title="行政诉讼",
        law="行政诉讼法（2017）",
        article="§67、§101",
        status=Status.CHECKED,
        roll_last=Rolling.ALWAYS,
        note="没有工作日的定义，按自然日；期间适用民事诉讼法。",
    ),
    Regime(
        name="petition-2022",
        title="信访",
        law="信访工作条例（2022）",
        article="§22—§36",
        status=Status.CHECKED,
        note="写明“工作日”的才是工作日。",
    ),
    Regime(
        name="disclosure-2019",
        title="政府信息公开",
        law="政府信息公开条例（2019）",
        article="§26、§30、§32—§34",
        status=Status.CHECKED,
        note="写明“工作日”的才是工作日。",
    ),
    Regime(
        name="decision-2019",
        title="重大行政决策",
        law="重大行政决策程序暂行条例（2019）",
        article="§15、§26",
        status=Status.CHECKED,
        note="公开征求意见30日是自然日，合法性审查写明7个工作日。",
    ),
    Regime(
        name="mediation-2010",
        title="人民调解、司法确认",
        law="人民调解法（2010）、民事诉讼法（2023）",
        article="人民调解法§33、民事诉讼法§205",
        status=Status.CHECKED,
        note="申请司法确认30日是自然日，自协议生效之日起。",
    ),
    Regime(
        name="civil-2023",
        title="民事诉讼、送达",
        law="民事诉讼法（2023）",
        article="§85",
        status=Status.CHECKED,
        roll_last=Rolling.ALWAYS,
        note="按自然日，首日不计，末日是休假日的顺延。",
    ),
    Regime(
        name="labour-2007",
        title="劳动争议调解仲裁",
        law="劳动争议调解仲裁法（2007）",
        article="全文",
        status=Status.CHECKED,
        alternative=frozenset({3, 5, 10}),
        note="本法没有定义工作日，按自然日；办案规则把三日、五日、十日定为工作日，待核，核实后可以改选。",
    ),
    Regime(
        name="legal-aid-2021",
        title="法律援助",
        law="法律援助法（2021）",
        article="§43、§49",
        status=Status.UNCHECKED,
        alternative=frozenset({3, 5, 7}),
        note="条文已核对，“日”的口径待核：从严按自然日，核实后可以改选工作日。",
    ),
    Regime(
        name="sz-credit-2022",
        title="深圳社会信用",
        law="深圳社会信用条例（2022）",
        article="§51、§82",
        status=Status.CHECKED,
        note="写明“工作日”的才是工作日。",
    ),
    Regime(
        name="sz-dispute-2022",
        title="深圳矛盾纠纷多元化解",
        law="深圳矛盾纠纷多元化解条例（2022）",
        article="§25、§45、§46",
        status=Status.CHECKED,
        note="调解30日是自然日，移送和受理写明“工作日”。",
    ),
    Regime(
        name="office",
        title="内部规定、合同约定",
        law="",
        article="",
        status=Status.DERIVED,
        note="照写的算，首日不计。",
    ),
)

#: Every regime by name.
REGIMES: Mapping[str, Regime] = MappingProxyType({regime.name: regime for regime in _ALL})


def configured(alternatives: Iterable[str]) -> Mapping[str, Regime]:
    """`REGIMES` in which the named ones use their other reading (a setting the legal officer has confirmed).

    ValueError for a name that does not exist or whose text leaves no choice.
    """
    chosen = dict(REGIMES)
    for name in alternatives:
        regime = REGIMES.get(name)
        if regime is None or regime.alternative is None:
            choices = "、".join(r.name for r in _ALL if r.alternative is not None)
            raise ValueError(f"“{name}”没有可以改选的算法，可以改选的有：{choices}。")
        chosen[name] = replace(regime, reads_as_working=regime.alternative)
    return MappingProxyType(chosen)
