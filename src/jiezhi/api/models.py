"""接口令牌。令牌本身不进库，只存摘要；绑定一名人员，看得见什么、能办什么就是这个人的。"""

from datetime import datetime

from django.conf import settings
from django.db import models
from django.utils import timezone

from jiezhi.base.accounts.sealing import SealedModel

SCOPES: dict[str, str] = {
    "cases:read": "看件",
    "cases:open": "登记新件",
    "cases:act": "办理",
    "files:read": "取材料",
    "files:write": "传材料",
    "registry:read": "看区域、单位、权责清单、指南和业务模板",
    "hooks:manage": "管理推送",
}


class ApiToken(SealedModel):
    """一个令牌。停用的留着，不删。"""

    unsealed = frozenset({"last_used_at"})  # 读的路上记的，只看用没用

    officer = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, related_name="api_tokens", verbose_name="谁的"
    )
    name = models.CharField("用途", max_length=80)
    prefix = models.CharField("开头几位", max_length=16, unique=True)
    digest = models.CharField("摘要", max_length=64, unique=True)
    scopes = models.JSONField("范围", default=list)
    created_at = models.DateTimeField("建立时间", default=timezone.now)
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+", verbose_name="谁建的"
    )
    expires_at = models.DateTimeField("到期时间")
    revoked_at = models.DateTimeField("停用时间", null=True)
    last_used_at = models.DateTimeField("最后使用（约十分钟记一次）", null=True)

    class Meta:
        verbose_name = "接口令牌"
        ordering = ("-pk",)

    def __str__(self) -> str:
        return f"{self.prefix}…（{self.name}）"

    def usable(self, now: datetime) -> bool:
        """现在还能不能用：没有停用、没有到期、人还在岗。"""
        return self.revoked_at is None and now < self.expires_at and self.officer.is_active
