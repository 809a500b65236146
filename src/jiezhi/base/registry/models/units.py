"""单位与任职。"""

from django.conf import settings
from django.db import models
from django.db.models import F, Q

from jiezhi.base.accounts.models import Post
from jiezhi.base.accounts.sealing import SealedModel
from jiezhi.base.registry.models.areas import CODE, Area


class UnitKind(models.TextChoices):
    INTERNAL = "internal", "内设"
    COMMUNITY = "community", "社区"
    EXTERNAL = "external", "外部"
    SUPERIOR = "superior", "上级"


class Unit(SealedModel):
    """单位。`path` 由各级代码连成，如 `/office/law/`。"""

    code = models.CharField("代码", max_length=40, unique=True, validators=[CODE])
    name = models.CharField("名称", max_length=100)
    short = models.CharField("简称", max_length=40, blank=True, default="")
    kind = models.CharField("种类", max_length=16, choices=UnitKind.choices)
    parent = models.ForeignKey(
        "self", verbose_name="上级", null=True, blank=True, on_delete=models.PROTECT, related_name="children"
    )
    path = models.CharField(max_length=250, unique=True, editable=False)
    is_active = models.BooleanField("在用", default=True)

    class Meta:
        verbose_name = verbose_name_plural = "单位"
        ordering = ("path",)
        constraints = (
            models.CheckConstraint(condition=~Q(code="") & ~Q(name=""), name="unit_code_name_given"),
            models.CheckConstraint(condition=Q(kind__in=UnitKind.values), name="unit_kind_known"),
            models.CheckConstraint(
                condition=Q(path__startswith="/") & Q(path__endswith="/"), name="unit_path_form"
            ),
        )

    def __str__(self) -> str:
        return self.short or self.name


class Appointment(SealedModel):
    """任职：某人在 [valid_from, valid_to) 于某单位任某岗位；`area` 为空表示不限区域。"""

    officer = models.ForeignKey(
        settings.AUTH_USER_MODEL, verbose_name="人员", on_delete=models.PROTECT, related_name="appointments"
    )
    post = models.ForeignKey(Post, verbose_name="岗位", on_delete=models.PROTECT, related_name="appointments")
    unit = models.ForeignKey(Unit, verbose_name="单位", on_delete=models.PROTECT, related_name="appointments")
    area = models.ForeignKey(
        Area,
        verbose_name="区域",
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="appointments",
    )
    valid_from = models.DateTimeField("起")
    valid_to = models.DateTimeField("止", null=True, blank=True)

    class Meta:
        verbose_name = verbose_name_plural = "任职"
        ordering = ("officer_id", "valid_from", "id")
        indexes = (models.Index(fields=("post", "unit", "area"), name="appointment_post_unit_area"),)
        constraints = (
            models.CheckConstraint(
                condition=Q(valid_to=None) | Q(valid_to__gt=F("valid_from")), name="appointment_order"
            ),
            models.UniqueConstraint(
                fields=("officer", "post", "unit", "area"),
                condition=Q(valid_to=None, area__isnull=False),
                name="appointment_open_once",
            ),
            models.UniqueConstraint(
                fields=("officer", "post", "unit"),
                condition=Q(valid_to=None, area=None),
                name="appointment_open_once_anywhere",
            ),
        )

    def __str__(self) -> str:
        return f"{self.officer} {self.unit} {self.post}"
