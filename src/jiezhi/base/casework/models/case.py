"""件和它的索引行。件的每一列都能由办理记录重算（replay）。"""

import uuid

from django.conf import settings
from django.db import models
from django.db.models import F, Q

from jiezhi.base.casework.dialect import Place
from jiezhi.base.casework.models.matter import MatterVersion

# 列表筛选、排序要看的列：索引里都带上，列表不翻件的行。
LISTED = ("unit", "area_path", "matter", "state", "confidential")
OPEN = Q(closed_at=None)
SHUT = Q(closed_at__isnull=False, due_at=None)


def _index(name: str, condition: Q | None, *fields: str) -> models.Index:
    first = {one.removeprefix("-") for one in fields}
    more = [one for one in LISTED if one not in first]
    if condition is OPEN:
        more.append("warn_at")
    return models.Index(fields=[*fields, *more], condition=condition, name=name)


class Case(models.Model):
    """件：一个业务模板的一次办理。"""

    uid = models.UUIDField("全局标识", unique=True, default=uuid.uuid4, editable=False)
    number = models.CharField("编号", max_length=80, help_text="主办系统在外面的，就是对方的编号")
    matter = models.CharField("业务模板", max_length=80)
    version = models.ForeignKey(MatterVersion, models.PROTECT, verbose_name="模板版本", db_index=False)
    title = models.CharField("件名", max_length=200, blank=True)
    state = models.CharField("环节", max_length=48)
    done = models.JSONField("已做的法律含义", default=list)
    fields = models.JSONField("字段", default=dict)
    sealed = models.BinaryField("敏感字段（加密）", null=True)
    unit = models.ForeignKey(
        "registry.Unit",
        models.PROTECT,
        to_field="code",
        null=True,
        verbose_name="责任单位",
        db_index=False,
        related_name="+",
    )
    area = models.ForeignKey(
        "registry.Area",
        models.PROTECT,
        to_field="code",
        null=True,
        verbose_name="所在区域",
        db_index=False,
        related_name="+",
    )
    area_path = models.CharField("区域路径", max_length=200, blank=True)
    lon = models.FloatField("经度（WGS-84）", null=True)
    lat = models.FloatField("纬度（WGS-84）", null=True)
    cell = models.BigIntegerField("方格", null=True)
    tags = models.JSONField("标签", default=list)
    roles = models.JSONField("角色 → 人员", default=dict)
    seq = models.IntegerField("办理记录数（即版本）", default=0)
    head = models.BinaryField("最后一条的摘要", max_length=32)
    opened_at = models.DateTimeField("来件时间")
    changed_at = models.DateTimeField("环节变动时间")
    closed_at = models.DateTimeField("办结时间", null=True)
    due_at = models.DateTimeField("最近到期", null=True)
    warn_at = models.DateTimeField("开始提醒", null=True)
    parent = models.ForeignKey(
        "self", models.PROTECT, null=True, related_name="children", verbose_name="上级件"
    )
    slot = models.CharField("在上级件中的名称", max_length=48, blank=True)
    merged_into = models.ForeignKey(
        "self", models.PROTECT, null=True, related_name="merged", verbose_name="并入"
    )
    host_system = models.CharField("主办系统", max_length=60, blank=True)
    confidential = models.BooleanField("限指定人员", default=False)
    place = models.GeneratedField(
        expression=Place(F("opened_at"), F("id")),
        output_field=models.BigIntegerField(),
        db_persist=True,
        verbose_name="排位",
    )

    class Meta:
        verbose_name = "件"
        indexes = [
            # 在办的（几千到几万），快到期的在前。
            _index("case_open", OPEN, "due_at", "-place"),
            _index("case_open_unit", OPEN, "unit", "due_at", "-place"),
            _index("case_open_area", OPEN, "area_path", "due_at", "-place"),
            _index("case_open_step", OPEN, "matter", "state", "due_at", "-place"),
            models.Index(fields=["cell", "matter"], condition=OPEN, name="case_open_cell"),
            # 办结的（十之九以上），后来的在前；办结之后时限都停了，没有到期。
            _index("case_shut", SHUT, "-place"),
            _index("case_shut_unit", SHUT, "unit", "-place"),
            _index("case_shut_area", SHUT, "area_path", "-place"),
            _index("case_shut_matter", SHUT, "matter", "-place"),
            _index("case_shut_step", SHUT, "matter", "state", "-place"),
            models.Index(
                fields=["due_at", "-place"],
                condition=Q(closed_at__isnull=False, due_at__isnull=False),
                name="case_shut_due",
            ),
            # 由角色、筛选值、词找到件之后，核对看得见看不见只翻它。
            models.Index(
                fields=["id", "closed_at", "due_at", *LISTED, "warn_at", "place"], name="case_listed"
            ),
            models.Index(fields=["matter", "-place"], name="case_matter"),
        ]
        constraints = [
            models.UniqueConstraint(fields=["number", "host_system"], name="one_case_per_number"),
        ]

    def __str__(self) -> str:
        return f"{self.number} {self.title}"


class CaseRole(models.Model):
    """件上的角色由谁担任；查“我的件”用的索引，内容以件上的 roles 为准。"""

    case = models.ForeignKey(Case, models.CASCADE, related_name="role_rows", db_index=False)
    role = models.CharField("角色", max_length=48)
    officer = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", db_index=False)
    open = models.BooleanField("在办", default=True)
    place = models.BigIntegerField("件的排位")

    class Meta:
        verbose_name = "件上角色"
        constraints = [models.UniqueConstraint(fields=["case", "role", "officer"], name="one_seat_each")]
        indexes = [models.Index(fields=["officer", "open", "-place", "case"], name="role_listed")]

    def __str__(self) -> str:
        return f"{self.role}:{self.officer_id}"


class CaseField(models.Model):
    """声明为 indexed 的字段值（和标签），列表只能按这里筛选。"""

    case = models.ForeignKey(Case, models.CASCADE, related_name="index_rows", db_index=False)
    name = models.CharField("字段", max_length=48)
    text = models.CharField("文字值", max_length=200, blank=True)
    number = models.BigIntegerField("数值", null=True)
    place = models.BigIntegerField("件的排位")

    class Meta:
        verbose_name = "件的筛选值"
        indexes = [models.Index(fields=["name", "text", "-place", "case"], name="field_listed")]
        constraints = [
            models.UniqueConstraint(fields=["case", "name", "text"], name="one_value_each"),
            # 同时只能有一件：两人同时开也只成一件。
            models.UniqueConstraint(
                fields=["name", "text"], condition=models.Q(name="#unique"), name="one_open_case_each"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.name}={self.text}"


class CaseParty(models.Model):
    """当事人、来件人的盲索引：凭完整电话、证件号或后四位查件，库里没有明文。"""

    case = models.ForeignKey(Case, models.CASCADE, related_name="party_rows")
    field = models.CharField("字段", max_length=48)
    kind = models.CharField("索引种类", max_length=20)
    index = models.CharField("整值索引", max_length=64)
    tail = models.CharField("后四位索引", max_length=64, blank=True)

    class Meta:
        verbose_name = "当事人索引"
        indexes = [models.Index(fields=["index"]), models.Index(fields=["tail"])]

    def __str__(self) -> str:
        return f"{self.field}/{self.kind}"


class CaseText(models.Model):
    """件的文字：编号、件名、不保密的正文和地点切成的两字串，全文索引由它而来（见 search.py）。限指定人员的件没有。

    `id` 就是件的排位，所以按词找出来的本来就是后来的在前。
    """

    id = models.BigIntegerField("件的排位", primary_key=True)
    case = models.OneToOneField(Case, models.CASCADE, related_name="text")
    words = models.TextField("词")
    tail = models.CharField("倒写的编号", max_length=80, db_index=True)

    class Meta:
        verbose_name = "件的文字"

    def __str__(self) -> str:
        return f"{self.case_id}"
