"""拨着钟走：到了时刻的一步经唯一的门办，到期的时限、后续发送按时发生；一天一个事务，断了从第二天接着走。"""

from __future__ import annotations

import heapq
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta

from django.db import transaction
from django.db.models import Max

from jiezhi.base.archive.actions import make_checkpoint
from jiezhi.base.casework import outbox
from jiezhi.base.casework.actions import act_many, merge
from jiezhi.base.casework.models import Delivery, Event
from jiezhi.base.casework.outcome import Outcome, Result, refuse
from jiezhi.core.calendar import CHINA
from jiezhi.demo.year.life import Fork, Life, Step, Story, Stuck

WAKE = timedelta(minutes=15)
"""同一阵的各步成批办，最多等这么久再登记、再做后续发送。"""
LOTS = 5_000
PAPERS = "document"
UNPRINTED = "演示的一年不排版这么早的文书"
KEEP_PAPERS = timedelta(days=3)
"""最后这几天的文书留给 worker 排版，更早的略过：几千份要排几个钟头。"""


@dataclass(frozen=True)
class Start:
    """一个经过从什么时候开始；到那时才造它。"""

    at: datetime
    begin: Callable[[], tuple[Life, Story]]


@dataclass(order=True)
class _Waiting:
    now: datetime
    order: int
    life: Life = field(compare=False)
    story: Story = field(compare=False)
    step: Step = field(compare=False)


class Driver:
    """`done` 办成了几步，`stuck` 没有办成的话（应当没有）。"""

    def __init__(self, starts: Iterable[Start], until: datetime, prefix: str) -> None:
        self._starts = sorted(starts, key=lambda one: one.at)
        self.first = self._starts[0].at.astimezone(CHINA).date()
        self._next = 0
        self._until = until
        self._heap: list[_Waiting] = []
        self._order = 0
        self.done = 0
        self.stuck: list[str] = []
        last = Event.objects.filter(key__startswith=prefix).aggregate(last=Max("recorded_at"))["last"]
        self._resume = last.astimezone(CHINA).date() + timedelta(days=1) if last else None
        self._known = _known(prefix) if last else {}

    def run(self, on_day: Callable[[date], None]) -> None:
        """走到头；每走完一天叫一次 `on_day`。"""
        day = self.first
        while day <= self._until.date():
            if self._resume and day < self._resume:
                self._day(day, live=False)
            else:
                with transaction.atomic():
                    self._day(day, live=True)
                self._known.clear()
            on_day(day)
            day += timedelta(days=1)

    # ---- 一天 ----

    def _day(self, day: date, *, live: bool) -> None:
        midnight = datetime.combine(day, time(0, 0, 20), CHINA)
        end = min(midnight + timedelta(days=1), self._until)
        while self._next < len(self._starts) and self._starts[self._next].at < end:
            life, story = self._starts[self._next].begin()
            self._next += 1
            self._advance(life, story, None)
        if live:
            self._overnight(midnight)
        while self._heap and self._heap[0].now < end:
            last = min(self._heap[0].now + WAKE, end)
            moment = midnight
            while self._heap and self._heap[0].now < last:
                moment = self._take(last, moment, live)
            if live:
                following = max(self._heap[0].now if self._heap else end, moment)
                outbox.drain(min(moment + timedelta(seconds=40), following), limit=LOTS, slow=0)
        if live:
            late = end - KEEP_PAPERS if end >= self._until - KEEP_PAPERS else end
            waiting = Delivery.objects.filter(kind=PAPERS, done_at=None, not_before__lt=late)
            waiting.update(done_at=end, result=UNPRINTED)

    def _overnight(self, now: datetime) -> None:
        """零点：到期的时限都在这时届满；连带引起的也做完，排版除外。每月做一个存证点。"""
        outbox.fire_clocks(now, limit=LOTS)
        while outbox.drain(now, limit=LOTS, slow=0).done:
            pass
        if now.day == 1 and Event.objects.exists():
            make_checkpoint(now=now)

    # ---- 一步 ----

    def _take(self, last: datetime, moment: datetime, live: bool) -> datetime:
        """`last` 之前的各步成批办（合并单独办），返回办到了什么时刻。"""
        batch = [heapq.heappop(self._heap)]
        while (
            self._heap
            and self._heap[0].now < last
            and not (batch[0].step.others or self._heap[0].step.others)
        ):
            batch.append(heapq.heappop(self._heap))
        moment = max(moment, batch[-1].now)
        steps = [one.step for one in batch]
        results = self._ask(steps, moment) if live else [self._before(step) for step in steps]
        for one, result in zip(batch, results, strict=True):
            self._advance(one.life, one.story, result)
        return moment

    def _ask(self, steps: list[Step], moment: datetime) -> list[Result]:
        self.done += len(steps)
        head = steps[0]
        if not head.others:
            return act_many([step.entry for step in steps], now=moment)
        assert head.officer is not None
        reason = head.entry.reason
        found = merge(head.entry.case, head.others, acting_officer=head.officer, reason=reason, now=moment)
        return [next((one for one in found if not one.ok), found[-1])]

    def _before(self, step: Step) -> Result:
        """断之前办过的一步，照当时的结果。"""
        if step.others:
            return Outcome(step.entry.case, "", 0, "", repeated=True)
        return self._known.get(step.entry.key or "") or refuse(step.entry.action, "before", "断之前没有办成")

    def _advance(self, life: Life, story: Story, result: Result | None) -> None:
        """交还结果，取下一步。"""
        try:
            step = story.send(result) if result is not None else next(story)
            while isinstance(step, Fork):
                self._advance(step.life, step.story, None)
                step = next(story)
        except StopIteration:
            return
        except Stuck as stuck:
            self.stuck.append(f"{life.key} {stuck}")
            return
        self._order += 1
        heapq.heappush(self._heap, _Waiting(step.now, self._order, life, story, step))


def _known(prefix: str) -> dict[str, Outcome]:
    rows = Event.objects.filter(key__startswith=prefix).values_list(
        "key", "case__uid", "case__number", "seq", "to_state"
    )
    return {
        str(key): Outcome(str(uid), number, seq, state, repeated=True)
        for key, uid, number, seq, state in rows.iterator()
    }
