"""权责清单：事项和它的各版。

版本的内容一经写下就不再改（修订就是新的一版），变的只有状态和起止。同一事项同时至多一版生效，
也至多一版在起草、审核中。没有依据、没有授权的权力不得行使：law-facts §0.4，推导。
"""

from __future__ import annotations

from typing import Any, ClassVar

from django.conf import settings
from django.db import models
from django.db.models import F, Q

from jiezhi.base.accounts.errors import AppendOnlyError
from jiezhi.base.accounts.sealing import SealedModel, SealedQuerySet
from jiezhi.base.registry.models.areas import CODE
from jiezhi.base.registry.models.units import Unit
from jiezhi.core.evidence.canonical import encode
from jiezhi.core.evidence.digest import sm3_hex
from jiezhi.core.procedure.powers import CLASSES, DUTIES


class PowerStatus(models.TextChoices):
    DRAFT = "draft", "草稿"
    REVIEW = "review", "待审核"
    READY = "ready", "待公布"
    IN_FORCE = "in_force", "生效"
    ENDED = "ended", "废止"
    DROPPED = "dropped", "已改稿"


OPEN = (PowerStatus.DRAFT, PowerStatus.REVIEW, PowerStatus.READY)
PUBLISHED = (PowerStatus.IN_FORCE, PowerStatus.ENDED)
CONTENT = (
    "power_id", "number", "title", "class_name", "duty", "bases", "authorisation", "unit_id", "matter",
    "params", "fee", "note", "source", "drafted_by_id", "drafted_at", "digest",
)  # fmt: skip
_FROZEN = "事项的版本写下就不能改，请修订成新的一版"


class Power(SealedModel):
    """事项：代码唯一，`status` 是现在的状态（有生效的版本就是生效，否则看最后一版）。"""

    code = models.CharField("代码", max_length=40, unique=True, validators=[CODE])
    status = models.CharField("状态", max_length=10, choices=PowerStatus.choices, default=PowerStatus.DRAFT)

    class Meta:
        verbose_name = verbose_name_plural = "事项"
        ordering = ("code",)
        constraints = (
            models.CheckConstraint(condition=Q(status__in=PowerStatus.values), name="power_status_known"),
        )

    def __str__(self) -> str:
        return self.code


class PowerVersionQuerySet(SealedQuerySet["PowerVersion"]):
    def update(self, **kwargs: Any) -> int:
        if set(kwargs) & {*CONTENT, "power", "unit", "drafted_by"}:
            raise AppendOnlyError(_FROZEN)
        return super().update(**kwargs)

    def delete(self) -> Any:
        raise AppendOnlyError(_FROZEN)


class PowerVersion(SealedModel):
    """事项的一版。

    `bases`、`authorisation` 是从法律名录解析后冻结的（core.procedure.powers 的 basis_line、authorisation_line）；
    `source` 是起草时写的原样。在 [valid_from, valid_to) 各日有效，按北京时间的日子算；`resolved` 是公布时
    代入参数、校验通过的业务模板版本的摘要，没有挂业务模板的为空串。`digest` 是内容的摘要。
    """

    power = models.ForeignKey(Power, verbose_name="事项", on_delete=models.PROTECT, related_name="versions")
    number = models.PositiveIntegerField("第几版")
    title = models.CharField("名称", max_length=60)
    class_name = models.CharField("类别", max_length=8, choices=[(one, one) for one in CLASSES])
    duty = models.CharField("职责类别", max_length=4, choices=[(one, one) for one in DUTIES])
    bases = models.JSONField("依据")
    authorisation = models.JSONField("授权", default=dict)
    unit = models.ForeignKey(
        Unit, verbose_name="责任单位", null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    matter = models.CharField("业务模板", max_length=80, blank=True, default="")
    params = models.JSONField("参数", default=dict)
    fee = models.CharField("收费", max_length=400, blank=True, default="")
    note = models.CharField("备注", max_length=400, blank=True, default="")
    source = models.JSONField("起草的原样")
    digest = models.CharField("内容摘要", max_length=64)
    status = models.CharField("状态", max_length=10, choices=PowerStatus.choices, default=PowerStatus.DRAFT)
    valid_from = models.DateField("起", null=True, blank=True)
    valid_to = models.DateField("止", null=True, blank=True, help_text="自这一天起不再有效")
    resolved = models.CharField("业务模板版本", max_length=64, blank=True, default="")
    drafted_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+", verbose_name="起草人"
    )
    drafted_at = models.DateTimeField("起草时间")
    reviewed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+", verbose_name="审核人"
    )
    reviewed_at = models.DateTimeField("审核时间", null=True, blank=True)
    opinion = models.CharField("审核意见", max_length=500, blank=True, default="")
    published_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+", verbose_name="公布人"
    )
    published_at = models.DateTimeField("公布时间", null=True, blank=True)
    ended_because = models.CharField("废止的理由", max_length=300, blank=True, default="")

    objects: ClassVar[models.Manager[PowerVersion]] = PowerVersionQuerySet.as_manager()

    class Meta:
        verbose_name = verbose_name_plural = "事项版本"
        ordering = ("power", "number")
        indexes = (models.Index(fields=("matter", "status"), name="powerversion_matter"),)
        constraints = (
            models.UniqueConstraint(fields=("power", "number"), name="powerversion_number"),
            models.UniqueConstraint(
                fields=("power",), condition=Q(status=PowerStatus.IN_FORCE), name="powerversion_one_in_force"
            ),
            models.UniqueConstraint(
                fields=("power",), condition=Q(status__in=OPEN), name="powerversion_one_open"
            ),
            models.CheckConstraint(
                condition=Q(status__in=PUBLISHED, valid_from__isnull=False)
                | (~Q(status__in=PUBLISHED) & Q(valid_from=None, valid_to=None)),
                name="powerversion_dates_when_published",
            ),
            models.CheckConstraint(
                condition=~Q(status=PowerStatus.IN_FORCE) | Q(valid_to=None),
                name="powerversion_in_force_open",
            ),
            models.CheckConstraint(
                condition=~Q(status=PowerStatus.ENDED) | Q(valid_to__gte=F("valid_from")),
                name="powerversion_order",
            ),
            models.CheckConstraint(
                condition=Q(status__in=PowerStatus.values), name="powerversion_status_known"
            ),
            models.CheckConstraint(condition=Q(class_name__in=CLASSES), name="powerversion_class_known"),
            models.CheckConstraint(condition=Q(duty__in=DUTIES), name="powerversion_duty_known"),
        )

    def __str__(self) -> str:
        return f"{self.title}（{self.power_id and self.power.code} 第{self.number}版）"

    def save(self, *args: Any, **kwargs: Any) -> None:
        if not self._state.adding and set(kwargs.get("update_fields") or CONTENT) & set(CONTENT):
            raise AppendOnlyError(_FROZEN)
        super().save(*args, **kwargs)

    def delete(self, *args: Any, **kwargs: Any) -> Any:
        raise AppendOnlyError(_FROZEN)

    @property
    def also(self) -> list[str]:
        """除了挂的，另外可以用的业务模板。"""
        found = self.source.get("also", [])
        return [found] if isinstance(found, str) else list(found)

    def content_digest(self) -> str:
        """按现在的内容算出的摘要；与 `digest` 不同就是被改过。"""
        return sm3_hex(
            encode(
                {
                    "power": self.power.code,
                    "number": self.number,
                    "title": self.title,
                    "class": self.class_name,
                    "duty": self.duty,
                    "bases": self.bases,
                    "authorisation": self.authorisation,
                    "unit": self.unit.code if self.unit else None,
                    "matter": self.matter,
                    "also": self.also,
                    "params": self.params,
                    "fee": self.fee,
                    "note": self.note,
                }
            )
        )
