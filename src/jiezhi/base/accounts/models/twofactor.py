"""二次验证：密钥、用到了哪一步、恢复码的摘要、输错的次数。"""

from django.conf import settings
from django.db import models

from jiezhi.base.accounts.fields import EncryptedTextField
from jiezhi.base.accounts.sealing import SealedModel


class SecondFactor(SealedModel):
    """一个人的二次验证。`enabled_at` 为空是还在设置：生成了密钥，没有用动态码确认过。"""

    officer = models.OneToOneField(
        settings.AUTH_USER_MODEL,
        models.CASCADE,
        primary_key=True,
        related_name="second_factor",
        verbose_name="人员",
    )
    secret = EncryptedTextField("密钥")
    enabled_at = models.DateTimeField("启用时间", null=True)
    last_step = models.BigIntegerField("最近用过的时间步", default=0)
    recovery = models.JSONField("恢复码的摘要", default=list)
    failures = models.IntegerField("连续输错", default=0)
    locked_until = models.DateTimeField("锁到", null=True)

    class Meta:
        verbose_name = verbose_name_plural = "二次验证"

    def __str__(self) -> str:
        return f"{self.officer_id}"
