"""人员与岗位。"""

from typing import ClassVar

from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.core.validators import RegexValidator
from django.db import models
from django.db.models import Q
from django.db.models.functions import Lower
from django.utils import timezone

from jiezhi.base.accounts import secrets
from jiezhi.base.accounts.fields import EncryptedTextField
from jiezhi.base.accounts.sealing import SealedModel, SealedQuerySet

CODE = RegexValidator(r"^[a-z][a-z0-9_]*\Z", "代码以小写字母开头，只用小写字母、数字和下划线")
LOGIN = RegexValidator(r"^[a-z0-9][a-z0-9._-]{1,63}\Z", "登录名用 2 到 64 位小写字母、数字、点、横线或下划线")


class StaffKind(models.TextChoices):
    """用工性质。只有编制内人员可以签批（执法证条件为在编在职：广东省行政执法证管理办法，已核对(网)）。"""

    ESTABLISHED = "established", "编制"
    CONTRACT = "contract", "合同制"
    AUXILIARY = "auxiliary", "辅助"
    VOLUNTEER = "volunteer", "志愿"


class OfficerManager(BaseUserManager["Officer"]):
    def get_queryset(self) -> SealedQuerySet["Officer"]:
        return SealedQuerySet(self.model, using=self._db)


class Officer(SealedModel, AbstractBaseUser):
    """人员：能登录、能办理的人。能办什么由任职（registry.Appointment）决定，这里没有权限位。"""

    unsealed = frozenset({"last_login"})  # 每次登录都变，只记何时来过

    login = models.CharField("登录名", max_length=64, unique=True, validators=[LOGIN])
    name = models.CharField("姓名", max_length=64, db_index=True)
    phone = EncryptedTextField("电话", mask=secrets.mask_phone)
    phone_index = models.CharField(max_length=64, blank=True, default="", db_index=True, editable=False)
    phone_tail = models.CharField(max_length=64, blank=True, default="", db_index=True, editable=False)
    title = models.CharField("职务", max_length=64, blank=True, default="")
    staff_kind = models.CharField("用工性质", max_length=16, choices=StaffKind.choices)
    is_active = models.BooleanField("在岗", default=True)
    must_change_password = models.BooleanField("下次登录须改口令", default=False)
    created_at = models.DateTimeField("建立时间", default=timezone.now, editable=False)
    left_at = models.DateTimeField("离岗时间", null=True, blank=True)

    USERNAME_FIELD = "login"
    REQUIRED_FIELDS: ClassVar[list[str]] = ["name"]
    objects: ClassVar[OfficerManager] = OfficerManager()  # type: ignore[assignment]

    class Meta:
        verbose_name = verbose_name_plural = "人员"
        ordering = ("login",)
        constraints = (
            # 登录名一律小写：否则换个大小写就能绕开“输错 5 次锁定”。
            models.CheckConstraint(
                condition=Q(login=Lower("login")) & ~Q(login=""), name="officer_login_lower"
            ),
            models.CheckConstraint(condition=~Q(name=""), name="officer_name_given"),
            models.CheckConstraint(
                condition=Q(staff_kind__in=StaffKind.values), name="officer_staff_kind_known"
            ),
            models.CheckConstraint(
                condition=Q(is_active=True, left_at=None) | Q(is_active=False, left_at__isnull=False),
                name="officer_left_at_with_inactive",
            ),
        )

    def __str__(self) -> str:
        return self.name

    @property
    def may_sign(self) -> bool:
        """能否签批：在岗，且为编制内人员（合同制、辅助、志愿人员不签）。"""
        return self.is_active and self.staff_kind == StaffKind.ESTABLISHED

    @property
    def masked_phone(self) -> str:
        return secrets.mask_phone(self.phone)

    def get_full_name(self) -> str:
        return self.name

    def get_short_name(self) -> str:
        return self.name


class Post(SealedModel):
    """岗位：一类职责。谁在哪个单位、哪片区域任这个岗位，见 registry.Appointment。"""

    code = models.CharField("代码", max_length=64, unique=True, validators=[CODE])
    title = models.CharField("名称", max_length=64)
    description = models.CharField("说明", max_length=300, blank=True, default="")
    signs = models.BooleanField("需要签批", default=False, help_text="需要签批的岗位只能由编制内人员担任")
    is_active = models.BooleanField("在用", default=True)

    class Meta:
        verbose_name = verbose_name_plural = "岗位"
        ordering = ("code",)
        constraints = (
            models.CheckConstraint(condition=~Q(code="") & ~Q(title=""), name="post_code_title_given"),
        )

    def __str__(self) -> str:
        return self.title
