"""工作人员各自的偏好：存下来的筛选、列表显示哪些列、“我的工作”看到什么时候。与件无关，丢了不影响办理。"""

from django.conf import settings
from django.db import models
from django.db.models import Q

from jiezhi.base.accounts.fields import EncryptedTextField


class SavedView(models.Model):
    """存下来的筛选：一个名字，一段网址（“?”之后的部分）。里面可能有查找的姓名电话，所以加密。"""

    officer = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.CASCADE, related_name="+", verbose_name="谁的", db_index=False
    )
    name = models.CharField("名称", max_length=40)
    address = EncryptedTextField("筛选")
    is_default = models.BooleanField("打开待办时先用它", default=False)
    created_at = models.DateTimeField("存下的时间")

    class Meta:
        verbose_name = "存下来的筛选"
        constraints = [
            models.UniqueConstraint(fields=["officer", "name"], name="one_view_per_name"),
            models.UniqueConstraint(
                fields=["officer"], condition=Q(is_default=True), name="one_default_view_each"
            ),
        ]

    def __str__(self) -> str:
        return self.name


class Preference(models.Model):
    """一个人的偏好。`columns` 是列表显示的列，空为缺省的；`looked_at` 是“我的工作”里的变化看到什么时候。"""

    officer = models.OneToOneField(
        settings.AUTH_USER_MODEL, models.CASCADE, primary_key=True, related_name="+", verbose_name="谁的"
    )
    columns = models.JSONField("列表的列", default=list)
    looked_at = models.DateTimeField("变化看到什么时候", null=True)

    class Meta:
        verbose_name = "个人偏好"

    def __str__(self) -> str:
        return f"{self.officer_id} 的偏好"
