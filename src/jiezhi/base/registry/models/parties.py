"""当事人、来件人。"""

from django.db import models
from django.db.models import Q
from django.utils import timezone

from jiezhi.base.accounts import secrets
from jiezhi.base.accounts.fields import EncryptedTextField
from jiezhi.base.accounts.sealing import SealedModel


class PartyKind(models.TextChoices):
    PERSON = "person", "个人"
    FIRM = "firm", "单位"


class IdentifierKind(models.TextChoices):
    NONE = "", "未填"
    RIC = "ric", "身份证"
    USCC = "uscc", "统一社会信用代码"
    OTHER = "other", "其他证件"


class Party(SealedModel):
    """当事人或来件人。证件号、电话、住址加密存放，按盲索引查找（整个值、后四位），显示时遮盖。

    依据：个人信息保护法（2021）§6 最小必要、§51 加密去标识（已核对）。
    """

    kind = models.CharField("种类", max_length=8, choices=PartyKind.choices)
    name = models.CharField("姓名或名称", max_length=100)
    name_key = models.CharField(max_length=100, db_index=True, editable=False)
    identifier_kind = models.CharField(
        "证件种类", max_length=8, choices=IdentifierKind.choices, blank=True, default=""
    )
    identifier = EncryptedTextField("证件号", mask=secrets.mask_id)
    identifier_index = models.CharField(max_length=64, blank=True, default="", editable=False)
    identifier_tail = models.CharField(max_length=64, blank=True, default="", db_index=True, editable=False)
    phone = EncryptedTextField("电话", mask=secrets.mask_phone)
    phone_index = models.CharField(max_length=64, blank=True, default="", db_index=True, editable=False)
    phone_tail = models.CharField(max_length=64, blank=True, default="", db_index=True, editable=False)
    address = EncryptedTextField("住址")
    created_at = models.DateTimeField("登记时间", default=timezone.now, editable=False)

    class Meta:
        verbose_name = verbose_name_plural = "当事人"
        ordering = ("id",)
        constraints = (
            models.CheckConstraint(condition=~Q(name="") & ~Q(name_key=""), name="party_name_given"),
            models.CheckConstraint(
                condition=(Q(kind="person") & ~Q(identifier_kind="uscc"))
                | (Q(kind="firm") & ~Q(identifier_kind="ric")),
                name="party_kind_fits_identifier",
            ),
            models.CheckConstraint(
                condition=Q(identifier_kind="", identifier_index="")
                | (Q(identifier_kind__in=["ric", "uscc", "other"]) & ~Q(identifier_index="")),
                name="party_identifier_with_kind",
            ),
            models.UniqueConstraint(
                fields=("identifier_index", "identifier_kind"),
                condition=~Q(identifier_index=""),
                name="party_identifier_once",
            ),
        )

    def __str__(self) -> str:
        return self.masked_name

    @property
    def masked_name(self) -> str:
        """个人只显示第一个字；单位名称不遮。"""
        return secrets.mask_name(self.name) if self.kind == PartyKind.PERSON else self.name

    @property
    def masked_phone(self) -> str:
        return secrets.mask_phone(self.phone)
