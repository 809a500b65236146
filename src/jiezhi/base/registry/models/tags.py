"""标签。诉求（投诉、举报、信访）永远不会变成一个人的标签。"""

from django.conf import settings
from django.db import models
from django.db.models import F, Q

from jiezhi.base.accounts.sealing import SealedModel
from jiezhi.base.registry.models.areas import CODE, Area, Place
from jiezhi.base.registry.models.parties import Party


class TagAbout(models.TextChoices):
    """标签说的是什么。"""

    PLACE = "place", "地点"
    AREA = "area", "区域"
    PARTY = "party", "当事人"


class TagSource(models.TextChoices):
    """标签由什么得来。"""

    REQUEST = "request", "诉求"
    PATROL = "patrol", "巡查"
    DECISION = "decision", "决定"
    REGISTER = "register", "登记"
    IMPORT = "import", "导入"


class Tag(SealedModel):
    code = models.CharField("代码", max_length=40, unique=True, validators=[CODE])
    name = models.CharField("名称", max_length=40)
    about = models.CharField("用于", max_length=8, choices=TagAbout.choices)
    source = models.CharField("来源", max_length=10, choices=TagSource.choices)
    description = models.CharField("说明", max_length=300, blank=True, default="")
    is_active = models.BooleanField("在用", default=True)

    class Meta:
        verbose_name = verbose_name_plural = "标签"
        ordering = ("code",)
        constraints = (
            models.CheckConstraint(condition=~Q(code="") & ~Q(name=""), name="tag_code_name_given"),
            models.CheckConstraint(condition=Q(about__in=TagAbout.values), name="tag_about_known"),
            models.CheckConstraint(condition=Q(source__in=TagSource.values), name="tag_source_known"),
            models.CheckConstraint(
                condition=~Q(about="party", source="request"), name="tag_request_never_about_party"
            ),
        )

    def __str__(self) -> str:
        return self.name


class TagLink(SealedModel):
    """贴在某个地点、区域或当事人上的标签（三者恰有其一）。取下不删行，只记取下的人和时间。

    当事人的标签必须有到期时间（个人信息保护法 §19 最短保存期限，已核对）。
    """

    tag = models.ForeignKey(Tag, verbose_name="标签", on_delete=models.PROTECT, related_name="links")
    source = models.CharField("来源", max_length=10, choices=TagSource.choices)
    place = models.ForeignKey(
        Place, null=True, blank=True, on_delete=models.PROTECT, related_name="tag_links"
    )
    area = models.ForeignKey(Area, null=True, blank=True, on_delete=models.PROTECT, related_name="tag_links")
    party = models.ForeignKey(
        Party, null=True, blank=True, on_delete=models.PROTECT, related_name="tag_links"
    )
    added_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    added_at = models.DateTimeField("贴上时间")
    expires_at = models.DateTimeField("到期时间", null=True, blank=True)
    note = models.CharField("说明", max_length=300, blank=True, default="")
    removed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    removed_at = models.DateTimeField("取下时间", null=True, blank=True)

    class Meta:
        verbose_name = verbose_name_plural = "贴上的标签"
        ordering = ("id",)
        constraints = (
            models.CheckConstraint(
                condition=Q(place__isnull=False, area=None, party=None)
                | Q(place=None, area__isnull=False, party=None)
                | Q(place=None, area=None, party__isnull=False),
                name="taglink_exactly_one_target",
            ),
            models.CheckConstraint(condition=Q(source__in=TagSource.values), name="taglink_source_known"),
            models.CheckConstraint(
                condition=Q(party=None) | ~Q(source="request"), name="taglink_request_never_on_party"
            ),
            models.CheckConstraint(
                condition=Q(party=None) | Q(expires_at__isnull=False), name="taglink_party_must_expire"
            ),
            models.CheckConstraint(
                condition=Q(expires_at=None) | Q(expires_at__gt=F("added_at")),
                name="taglink_expiry_after_added",
            ),
            models.CheckConstraint(
                condition=Q(removed_at=None) | Q(removed_at__gte=F("added_at")),
                name="taglink_removed_after_added",
            ),
            *(
                models.UniqueConstraint(
                    fields=("tag", target),
                    condition=Q(removed_at=None) & Q(**{f"{target}__isnull": False}),
                    name=f"taglink_once_per_{target}",
                )
                for target in ("place", "area", "party")
            ),
        )

    def __str__(self) -> str:
        return f"{self.tag} {self.place or self.area or self.party}"
