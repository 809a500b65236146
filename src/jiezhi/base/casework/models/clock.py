"""时限和它的流水。"""

from django.db import models

from jiezhi.base.casework.models.case import Case
from jiezhi.base.casework.models.event import Event


class Clock(models.Model):
    """件上的一个时限（某一轮、某个当事人）。due_at 是不含在内的终点。"""

    case = models.ForeignKey(Case, models.CASCADE, related_name="clocks", db_index=False)
    name = models.CharField("时限", max_length=80)
    key = models.CharField("当事人标识", max_length=64, blank=True)
    round = models.IntegerField("第几轮", default=1)
    status = models.CharField("状态", max_length=8)
    limit = models.CharField("期限", max_length=20, blank=True)
    started_at = models.DateTimeField("起算")
    due_at = models.DateTimeField("到期")
    warn_at = models.DateTimeField("开始提醒", null=True)
    ended_at = models.DateTimeField("停止", null=True)
    provisional = models.BooleanField("暂定（当年放假安排未公布）", default=False)
    pauses = models.JSONField("扣除的时间", default=list)
    extensions = models.JSONField("延长", default=list)
    void = models.BooleanField("不算数（重新告知之前的）", default=False)
    fired_at = models.DateTimeField("已按届满处理", null=True)

    class Meta:
        verbose_name = "时限"
        constraints = [
            models.UniqueConstraint(fields=["case", "name", "key", "round"], name="one_clock_each")
        ]
        indexes = [
            # 只收还没有按届满处理的：照到期的先后取，处理一批就走一批，不用每次重排。
            models.Index(fields=["status", "due_at"], condition=models.Q(fired_at=None), name="clock_due"),
            models.Index(fields=["status"], condition=models.Q(provisional=True), name="clock_provisional"),
        ]

    def __str__(self) -> str:
        return f"{self.name}#{self.round}"


class ClockEntry(models.Model):
    """时限流水：每次起算、扣除、恢复、延长、停止、重算各一行。"""

    clock = models.ForeignKey(Clock, models.CASCADE, related_name="entries")
    event = models.ForeignKey(Event, models.PROTECT, related_name="+")
    kind = models.CharField("变动", max_length=8)
    at = models.DateTimeField("时刻")
    amount = models.CharField("延长多久", max_length=20, blank=True)
    reason = models.CharField("缘由", max_length=200, blank=True)
    due_at = models.DateTimeField("变动后的到期", null=True)

    class Meta:
        verbose_name = "时限流水"

    def __str__(self) -> str:
        return f"{self.kind} {self.at:%Y-%m-%d}"
