"""网络推送：订阅，和每一次推送的日志。"""

from __future__ import annotations

from django.conf import settings
from django.db import models

from jiezhi.base.accounts.fields import EncryptedTextField
from jiezhi.base.accounts.sealing import SealedModel
from jiezhi.base.casework.models import Case, Event


class Subscription(SealedModel):
    """订阅：哪些件的哪些步骤推到哪里。只推绑定的人看得见的件，内容打码。"""

    class Status(models.TextChoices):
        ACTIVE = "active", "在用"
        PAUSED = "paused", "暂停"
        CLOSED = "closed", "已撤销"

    name = models.CharField("名称", max_length=60, unique=True)
    url = EncryptedTextField("地址", help_text="地址里可能带着对方给的口令，所以加密")
    host = models.CharField("推到哪台机器", max_length=260)
    secret = EncryptedTextField("密钥")
    old_secret = EncryptedTextField("换下来的密钥")
    old_until = models.DateTimeField("换下来的密钥用到", null=True)
    officer = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        related_name="+",
        verbose_name="绑定的人员",
        help_text="只推这个人看得见的件",
    )
    matters = models.JSONField("业务模板", default=list, help_text="空为全部；下同")
    actions = models.JSONField("动作", default=list)
    means = models.JSONField("法律含义", default=list)
    states = models.JSONField("环节", default=list)
    status = models.CharField("状态", max_length=8, choices=Status.choices, default=Status.ACTIVE)
    why = models.CharField("暂停的缘由", max_length=200, blank=True)
    failures = models.IntegerField("连续没有送到几次", default=0)
    failed_at = models.DateTimeField("最近一次没有送到", null=True)
    created_at = models.DateTimeField("建立时间")

    class Meta:
        verbose_name = "推送订阅"
        ordering = ("pk",)
        constraints = (
            models.CheckConstraint(
                condition=models.Q(status__in=["active", "paused", "closed"]),
                name="subscription_status_known",
            ),
        )

    def __str__(self) -> str:
        return self.name


class Attempt(SealedModel):
    """一次推送：什么时候、对方答了什么、用了多久。不存推了什么：要重发时照办理记录再写一遍。"""

    subscription = models.ForeignKey(
        Subscription, models.PROTECT, related_name="attempts", verbose_name="订阅", db_index=False
    )
    message = models.CharField("消息标识", max_length=80, db_index=True)
    case = models.ForeignKey(Case, models.PROTECT, null=True, related_name="+", verbose_name="件")
    event = models.ForeignKey(Event, models.PROTECT, null=True, related_name="+", db_index=False)
    at = models.DateTimeField("时间")
    by_hand = models.BooleanField("手动重发的", default=False)
    ok = models.BooleanField("送到了")
    status = models.IntegerField("状态码", null=True)
    millis = models.IntegerField("用时（毫秒）", default=0)
    error = models.CharField("没有送到的缘由", max_length=300, blank=True)
    answer = models.CharField("对方的答复（前 200 字）", max_length=200, blank=True)

    class Meta:
        verbose_name = "推送日志"
        indexes = (
            models.Index(fields=("subscription", "-id"), name="attempt_of_subscription"),
            models.Index(fields=("at",), name="attempt_at"),
        )

    def __str__(self) -> str:
        return f"{self.message} {self.status or self.error}"
