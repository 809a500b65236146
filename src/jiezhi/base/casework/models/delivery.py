"""后续发送（提交之后的事）、通知、编号。"""

from django.conf import settings
from django.db import models

from jiezhi.base.accounts.sealing import SealedModel
from jiezhi.base.casework.models.case import Case
from jiezhi.base.casework.models.event import Event


class Delivery(models.Model):
    """后续发送：与办理同一事务写下，提交后由 worker 做；`key` 保证同一件事只排一次。"""

    case = models.ForeignKey(Case, models.PROTECT, null=True, related_name="deliveries", db_index=False)
    event = models.ForeignKey(Event, models.PROTECT, null=True, related_name="+", db_index=False)
    kind = models.CharField("种类", max_length=40)
    key = models.CharField("标识", max_length=160, unique=True)
    payload = models.JSONField("内容", default=dict)
    not_before = models.DateTimeField("最早何时做")
    attempts = models.IntegerField("试过几次", default=0)
    done_at = models.DateTimeField("做完", null=True)
    result = models.CharField("结果", max_length=400, blank=True)

    class Meta:
        verbose_name = "后续发送"
        indexes = [
            models.Index(
                fields=["not_before", "id"], condition=models.Q(done_at=None), name="delivery_waiting"
            ),
            models.Index(fields=["case"]),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.key}"


class Notice(SealedModel):
    """通知：给工作人员的进站内消息；给来件人的列为待发，由短信、公众号通道取走或导出。

    不说某一件的（对账到期、推送暂停）`case` 为空，`title` 说是什么事，`link` 是点开去哪里（本系统的网址，可空）。
    """

    unsealed = frozenset({"read_at"})  # 只是自己看过没有

    delivery = models.ForeignKey(Delivery, models.PROTECT, related_name="notices")
    case = models.ForeignKey(Case, models.PROTECT, null=True, related_name="notices")
    title = models.CharField("题目", max_length=80, blank=True, default="")
    link = models.CharField("去处", max_length=200, blank=True, default="")
    officer = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="notices", verbose_name="收件人员"
    )
    to_reporter = models.BooleanField("发给来件人", default=False)
    text = models.TextField("内容")
    created_at = models.DateTimeField("产生时间")
    read_at = models.DateTimeField("已读时间", null=True)

    class Meta:
        verbose_name = "通知"
        indexes = [models.Index(fields=["officer", "read_at", "-created_at"])]

    def __str__(self) -> str:
        return self.text[:40]


class NumberSeries(models.Model):
    """号段：每个单位、每种、每年一行。"""

    key = models.CharField("号段", max_length=160, primary_key=True)
    last = models.IntegerField("最后发出的序号", default=0)

    class Meta:
        verbose_name = "号段"

    def __str__(self) -> str:
        return f"{self.key}:{self.last}"


class NumberIssue(SealedModel):
    """发出的每一个号；作废的留号、注明理由。"""

    series = models.ForeignKey(NumberSeries, models.PROTECT, related_name="issues")
    n = models.IntegerField("序号")
    text = models.CharField("编号", max_length=80)
    case = models.ForeignKey(Case, models.PROTECT, null=True, related_name="+")
    issued_at = models.DateTimeField("发出时间")
    voided_at = models.DateTimeField("作废时间", null=True)
    void_reason = models.CharField("作废理由", max_length=200, blank=True)
    voided_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+", verbose_name="谁作废的"
    )

    class Meta:
        verbose_name = "已发编号"
        constraints = [
            models.UniqueConstraint(fields=["series", "n"], name="no_number_twice"),
            models.UniqueConstraint(fields=["series", "text"], name="no_text_twice"),
        ]

    def __str__(self) -> str:
        return self.text


class NumberLease(SealedModel):
    """租用的号段：预先租给人员（或他手上的设备），现场没有网络时编号用；用剩的归还时逐个作废。"""

    series = models.ForeignKey(NumberSeries, models.PROTECT, related_name="leases", verbose_name="号段")
    first = models.IntegerField("起")
    last = models.IntegerField("止")
    pattern = models.CharField("编号样式", max_length=120, help_text="只剩 {n} 没有填的格式")
    officer = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, related_name="number_leases", verbose_name="租给谁"
    )
    device = models.CharField("设备", max_length=80, blank=True)
    leased_at = models.DateTimeField("租出时间")
    valid_until = models.DateTimeField("有效到（不含）")
    leased_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+", verbose_name="谁租出的"
    )
    returned_at = models.DateTimeField("归还时间", null=True)
    returned_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+", verbose_name="谁办的归还"
    )

    class Meta:
        verbose_name = "租用的号段"
        constraints = [
            models.CheckConstraint(
                condition=models.Q(first__gte=1, last__gte=models.F("first")), name="lease_in_order"
            ),
            models.UniqueConstraint(fields=["series", "first"], name="no_lease_twice"),
        ]

    def __str__(self) -> str:
        return f"{self.series_id}：{self.first}—{self.last}"


class Checkpoint(SealedModel):
    """检查点：某一时刻全部件的链头合成的树根，签名、相链，可导出、可打印。"""

    number = models.IntegerField("序号", unique=True)
    at = models.DateTimeField("时间")
    content = models.JSONField("内容")
    heads = models.BinaryField("当时的链头（压缩）")

    class Meta:
        verbose_name = "检查点"

    def __str__(self) -> str:
        return f"检查点 {self.number}"
