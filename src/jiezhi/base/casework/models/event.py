"""办理记录：只能追加，逐条相链。字段值放在加密的载荷里，可以依法清除而链仍可验证。"""

from django.conf import settings
from django.db import models

from jiezhi.base.accounts.append_only import AppendOnlyModel
from jiezhi.base.accounts.sealing import SealedModel
from jiezhi.base.casework.models.case import Case


class Event(AppendOnlyModel, SealedModel):
    """一条办理记录。`body` 是存下来的规范字节，`digest` = SM3(previous ‖ body)。

    各列都能由链核出来，只有认重复请求的两列不在规范字节里，由行印和摘要绑在一起。
    """

    unsealed = frozenset(
        {
            "case_id",
            "seq",
            "action",
            "at",
            "recorded_at",
            "officer_id",
            "from_state",
            "to_state",
            "previous",
            "body",
        }
    )

    case = models.ForeignKey(Case, models.PROTECT, related_name="events", db_index=False)
    seq = models.IntegerField("序号")
    action = models.CharField("动作", max_length=48)
    at = models.DateTimeField("发生时间")
    recorded_at = models.DateTimeField("登记时间")
    officer = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+")
    from_state = models.CharField("原环节", max_length=48, blank=True)
    to_state = models.CharField("新环节", max_length=48)
    previous = models.BinaryField("上一条摘要", max_length=32)
    body = models.BinaryField("规范内容")
    digest = models.BinaryField("摘要", max_length=32)
    key = models.CharField("请求标识", max_length=120, null=True, unique=True)
    request_digest = models.CharField("请求内容摘要", max_length=64, blank=True)

    class Meta:
        verbose_name = "办理记录"
        constraints = [models.UniqueConstraint(fields=["case", "seq"], name="one_event_per_seq")]
        indexes = [models.Index(fields=["action", "at"])]

    def __str__(self) -> str:
        return f"#{self.seq} {self.action}"


class Payload(models.Model):
    """办理记录的字段值和盐（加密）。依法清除时删去其中的值，摘要仍在办理记录里。"""

    event = models.OneToOneField(Event, models.PROTECT, primary_key=True, related_name="payload")
    sealed = models.BinaryField("加密内容")
    erased = models.JSONField("已依法清除的字段", default=dict)

    class Meta:
        verbose_name = "办理记录的内容"

    def __str__(self) -> str:
        return f"内容 {self.event_id}"


class EvidenceFile(SealedModel):
    """材料：按内容摘要存放，原件不改。EXIF 读出后记在这里，给公众的副本一律去掉。"""

    digest = models.CharField("SM3 摘要", max_length=64, primary_key=True)
    name = models.CharField("原文件名", max_length=200)
    mime = models.CharField("类型", max_length=80)
    kind = models.CharField("种类", max_length=12)
    size = models.BigIntegerField("字节数")
    width = models.IntegerField("宽", null=True)
    height = models.IntegerField("高", null=True)
    taken_at = models.DateTimeField("拍摄时间（照片自带）", null=True)
    lon = models.FloatField("拍摄经度（WGS-84）", null=True)
    lat = models.FloatField("拍摄纬度（WGS-84）", null=True)
    uploaded_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+")
    uploaded_at = models.DateTimeField("上传时间")
    erased_at = models.DateTimeField("依法清除时间", null=True)

    class Meta:
        verbose_name = "材料"

    def __str__(self) -> str:
        return self.name


class EvidenceUse(models.Model):
    """材料用在哪一步。"""

    event = models.ForeignKey(Event, models.PROTECT, related_name="evidence")
    case = models.ForeignKey(Case, models.PROTECT, related_name="evidence")
    file = models.ForeignKey(EvidenceFile, models.PROTECT, related_name="uses")
    field = models.CharField("字段", max_length=48)

    class Meta:
        verbose_name = "材料使用"

    def __str__(self) -> str:
        return f"{self.field}:{self.file_id[:8]}"
