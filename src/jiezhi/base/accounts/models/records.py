"""管理记录与敏感信息查看记录：只能追加。

网络日志留存不少于 6 个月（网络安全法（2016）§21，已核对（旧版））；个人信息的影响评估和处理记录至少 3 年
（个人信息保护法 §56，已核对）。本系统不自动删除这两类记录。
"""

from django.conf import settings
from django.db import models
from django.db.models import Q

from jiezhi.base.accounts.append_only import AppendOnlyModel
from jiezhi.base.accounts.sealing import SealedModel


class AdminRecord(AppendOnlyModel, SealedModel):
    """管理记录：谁在何时把什么从什么改成什么。口令和明文敏感信息从不写入。"""

    at = models.DateTimeField("时间", db_index=True)
    officer = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        verbose_name="办理人",
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="+",
        help_text="空表示安装或系统自动",
    )
    action = models.CharField("代码", max_length=64)
    title = models.CharField("做了什么", max_length=64)
    target_kind = models.CharField("对象种类", max_length=64)
    target_id = models.CharField("对象编号", max_length=64)
    target_label = models.CharField("对象", max_length=200)
    old = models.JSONField("原来", default=dict)
    new = models.JSONField("现在", default=dict)
    note = models.CharField("说明", max_length=500, blank=True, default="")

    class Meta:
        verbose_name = verbose_name_plural = "管理记录"
        ordering = ("-id",)
        indexes = (
            models.Index(fields=("target_kind", "target_id", "id"), name="adminrecord_target"),
            models.Index(fields=("officer", "id"), name="adminrecord_officer"),
            models.Index(fields=("action", "id"), name="adminrecord_action"),
        )
        constraints = (
            models.CheckConstraint(
                condition=~Q(action="") & ~Q(target_kind=""), name="adminrecord_action_and_target"
            ),
        )

    def __str__(self) -> str:
        return f"{self.title} {self.target_label}"


class SensitiveRead(AppendOnlyModel, SealedModel):
    """敏感信息查看记录：谁在何时因何查看了谁的哪一项。先落库，后给值。"""

    at = models.DateTimeField("时间", db_index=True)
    officer = models.ForeignKey(
        settings.AUTH_USER_MODEL, verbose_name="查看人", on_delete=models.PROTECT, related_name="+"
    )
    target_kind = models.CharField("对象种类", max_length=64)
    target_id = models.CharField("对象编号", max_length=64)
    field = models.CharField("项目代码", max_length=64)
    field_title = models.CharField("项目", max_length=64)
    reason = models.CharField("原因", max_length=300)
    case_number = models.CharField("因办理哪一件", max_length=100, blank=True, default="")

    class Meta:
        verbose_name = verbose_name_plural = "敏感信息查看记录"
        ordering = ("-id",)
        indexes = (
            models.Index(fields=("target_kind", "target_id", "id"), name="sensitiveread_target"),
            models.Index(fields=("officer", "id"), name="sensitiveread_officer"),
        )
        constraints = (models.CheckConstraint(condition=~Q(reason=""), name="sensitiveread_reason_given"),)

    def __str__(self) -> str:
        return f"{self.field_title} {self.target_kind} {self.target_id}"
