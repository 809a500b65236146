"""区域（区—街道—社区—网格—楼栋）、区域边界的历史，以及地点。"""

from django.core.validators import RegexValidator
from django.db import models
from django.db.models import F, Q
from django.utils import timezone

from jiezhi.base.accounts.sealing import SealedModel

CODE = RegexValidator(r"^[0-9A-Za-z_-]{1,40}\Z", "代码只用数字、字母、横线或下划线，最多 40 位")


class AreaLevel(models.TextChoices):
    DISTRICT = "district", "区"
    STREET = "street", "街道"
    COMMUNITY = "community", "社区"
    GRID = "grid", "网格"
    BUILDING = "building", "楼栋"

    @property
    def rank(self) -> int:
        """从大到小的次序：区 0 … 楼栋 4。"""
        return list(type(self)).index(self)


class Area(SealedModel):
    """区域。代码须从民政、统计部门当年的表导入，程序里不写死（law-facts §19 警示，已核对(网)）。

    `path` 由各级代码中去掉上级前缀的部分连成，如 `/990101001/001/007/`;一片区域的下级都以它的 path 开头。
    """

    code = models.CharField("代码", max_length=40, unique=True, validators=[CODE])
    name = models.CharField("名称", max_length=100)
    level = models.CharField("级别", max_length=16, choices=AreaLevel.choices)
    parent = models.ForeignKey(
        "self", verbose_name="上级", null=True, blank=True, on_delete=models.PROTECT, related_name="children"
    )
    path = models.CharField(max_length=200, unique=True, editable=False)
    depth = models.PositiveSmallIntegerField(editable=False)
    is_active = models.BooleanField("在用", default=True)

    class Meta:
        verbose_name = verbose_name_plural = "区域"
        ordering = ("path",)
        indexes = (models.Index(fields=("level", "is_active"), name="area_level"),)
        constraints = (
            models.CheckConstraint(condition=~Q(code="") & ~Q(name=""), name="area_code_name_given"),
            models.CheckConstraint(condition=Q(level__in=AreaLevel.values), name="area_level_known"),
            models.CheckConstraint(
                condition=Q(path__startswith="/") & Q(path__endswith="/") & Q(depth__gte=1),
                name="area_path_form",
            ),
            models.CheckConstraint(
                condition=Q(parent=None, depth=1) | Q(parent__isnull=False, depth__gt=1),
                name="area_depth_parent",
            ),
        )

    def __str__(self) -> str:
        return self.name


def path_and_above(path: str) -> list[str]:
    """`/a/b/c/` → [`/a/b/c/`, `/a/b/`, `/a/`]。"""
    parts = path.strip("/").split("/")
    return [f"/{'/'.join(parts[:count])}/" for count in range(len(parts), 0, -1)]


class AreaVersion(SealedModel):
    """区域边界的一段历史：[valid_from, valid_to),valid_to 为空表示现行。坐标 WGS-84，先经后纬。"""

    area = models.ForeignKey(Area, verbose_name="区域", on_delete=models.PROTECT, related_name="versions")
    geometry = models.JSONField("边界")
    valid_from = models.DateTimeField("起")
    valid_to = models.DateTimeField("止", null=True, blank=True)
    reason = models.CharField("原因", max_length=300)

    class Meta:
        verbose_name = verbose_name_plural = "区域边界"
        ordering = ("area_id", "valid_from")
        constraints = (
            models.UniqueConstraint(
                fields=("area",), condition=Q(valid_to=None), name="areaversion_one_current"
            ),
            models.UniqueConstraint(fields=("area", "valid_from"), name="areaversion_start"),
            models.CheckConstraint(
                condition=Q(valid_to=None) | Q(valid_to__gt=F("valid_from")), name="areaversion_order"
            ),
            models.CheckConstraint(condition=~Q(reason=""), name="areaversion_reason_given"),
        )

    def __str__(self) -> str:
        return f"{self.area} {timezone.localtime(self.valid_from):%Y-%m-%d} 起"


class PlaceKind(models.TextChoices):
    RESIDENCE = "residence", "住宅"
    SHOP = "shop", "商铺"
    FIRM = "firm", "企业"
    PUBLIC = "public", "公共场所"
    SITE = "site", "工地"
    FACILITY = "facility", "设施"
    OTHER = "other", "其他"


class Place(SealedModel):
    """地点：有地址，多数有门牌编码和坐标。坐标 WGS-84。"""

    doorplate = models.CharField("门牌编码", max_length=40, null=True, blank=True, unique=True)
    address = models.CharField("地址", max_length=200)
    address_key = models.CharField(max_length=200, db_index=True, editable=False)
    lon = models.FloatField("经度", null=True, blank=True)
    lat = models.FloatField("纬度", null=True, blank=True)
    area = models.ForeignKey(
        Area, verbose_name="网格", null=True, blank=True, on_delete=models.PROTECT, related_name="places"
    )
    kind = models.CharField("种类", max_length=16, choices=PlaceKind.choices, default=PlaceKind.OTHER)
    is_active = models.BooleanField("在用", default=True)

    class Meta:
        verbose_name = verbose_name_plural = "地点"
        ordering = ("address_key", "id")
        constraints = (
            models.CheckConstraint(condition=~Q(address="") & ~Q(address_key=""), name="place_address_given"),
            # 空门牌一律存 NULL，否则两个没有门牌的地点会互相冲突。
            models.CheckConstraint(
                condition=Q(doorplate=None) | ~Q(doorplate=""), name="place_doorplate_form"
            ),
            models.CheckConstraint(condition=Q(kind__in=PlaceKind.values), name="place_kind_known"),
            models.CheckConstraint(
                condition=Q(lon=None, lat=None)
                | Q(lon__isnull=False, lat__isnull=False, lon__range=(-180, 180), lat__range=(-90, 90)),
                name="place_coordinates",
            ),
        )

    def __str__(self) -> str:
        return self.address
