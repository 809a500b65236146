"""分派规则：哪一类、哪一片的件由哪个单位承办。"""

from __future__ import annotations

from django.core.validators import RegexValidator
from django.db import models
from django.db.models import F, Q

from jiezhi.base.accounts.sealing import SealedModel

PATTERN = RegexValidator(
    r"^(?:\*|[^\s/*]+(?:/[^\s/*]+)*(?:/\*)?)\Z",
    "类别写法不对：写完整类别（如 城乡建设/市容环境），或上级加“/*”（如 城乡建设/*），或只写“*”表示全部",
)


class Rule(SealedModel):
    """分派规则的一段历史：[valid_from, valid_to),valid_to 为空表示现行；止等于起的从未用过。

    改规则是结束旧行、另起新行，所以“当时为什么派给他”总查得到。只经 actions.py 写，否则缓存不知道变了。
    """

    category = models.CharField(
        "类别", max_length=160, validators=[PATTERN], help_text="完整类别，或“上级/*”，或“*”"
    )
    area = models.ForeignKey(
        "registry.Area",
        models.PROTECT,
        null=True,
        blank=True,
        verbose_name="区域",
        help_text="空为不限区域",
        related_name="+",
    )
    matter = models.CharField("业务模板", max_length=80, blank=True, help_text="空为不限")
    unit = models.ForeignKey("registry.Unit", models.PROTECT, verbose_name="承办单位", related_name="+")
    automatic = models.BooleanField("可以自动派出", default=False)
    priority = models.SmallIntegerField("优先", default=0, help_text="同样具体时，大的优先")
    valid_from = models.DateTimeField("起")
    valid_to = models.DateTimeField("止", null=True, blank=True)
    note = models.CharField("说明", max_length=200, blank=True, help_text="依据或约定，会写进派单理由")

    class Meta:
        verbose_name = verbose_name_plural = "分派规则"
        ordering = ("category", "area_id", "-priority", "id")
        indexes = (models.Index(fields=("category", "valid_to"), name="rule_category"),)
        constraints = (
            models.CheckConstraint(condition=~Q(category=""), name="rule_category_given"),
            models.CheckConstraint(
                condition=Q(valid_to=None) | Q(valid_to__gte=F("valid_from")), name="rule_order"
            ),
            models.UniqueConstraint(
                fields=("category", "area", "matter", "unit"),
                condition=Q(valid_to=None, area__isnull=False),
                name="rule_current_once",
            ),
            models.UniqueConstraint(
                fields=("category", "matter", "unit"),
                condition=Q(valid_to=None, area=None),
                name="rule_current_once_anywhere",
            ),
        )

    def __str__(self) -> str:
        where = self.area.name if self.area_id and self.area else "全街道"
        return f"{self.category}({where})→ {self.unit}"
