"""外部系统的登记、对账的结果和说明。对账的结果只追加，不改。"""

from django.conf import settings
from django.db import models

from jiezhi.base.accounts.append_only import AppendOnlyModel
from jiezhi.base.accounts.sealing import SealedModel


class SystemEntry(SealedModel):
    """一个外部系统的登记：随包的内容，和本单位改过的（有就用它）。"""

    code = models.CharField("代号", max_length=48, primary_key=True)
    title = models.CharField("名称", max_length=60, unique=True)
    shipped = models.JSONField("随包的内容", null=True)
    local = models.JSONField("本单位改过的内容", null=True)
    text = models.TextField("本单位改过的原文", blank=True)
    faults = models.JSONField("本单位改过的哪里与现在的业务模板不合", default=list)
    since = models.DateField("从哪天起登记（对账从这一天的那一期算起）")
    changed_at = models.DateTimeField("最近变动")
    officer = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+", verbose_name="谁改的"
    )

    class Meta:
        verbose_name = "外部系统"

    def __str__(self) -> str:
        return self.title


class ReconcileRun(AppendOnlyModel, SealedModel):
    """一次对账：哪份清单、哪一期、结论。`result` 是结果的摘要：同一份清单、两边都没有变，重对还是它。"""

    system = models.CharField("外部系统代号", max_length=48)
    title = models.CharField("外部系统", max_length=60)
    sheet = models.CharField("清单", max_length=48)
    sheet_title = models.CharField("清单的名称", max_length=60)
    file_name = models.CharField("文件名", max_length=200)
    sm3 = models.CharField("文件的 SM3 摘要", max_length=64)
    rules = models.CharField("照哪一版登记对的（摘要）", max_length=64)
    since = models.DateField("从哪天起（含）")
    until = models.DateField("到哪天止（不含）")
    theirs = models.IntegerField("对方几件")
    ours = models.IntegerField("本单位几件")
    same = models.IntegerField("相符几件")
    counts = models.JSONField("各类几件")
    unchecked = models.JSONField("没有比的：缘由 → 几件", default=dict)
    notes = models.JSONField("读表时的提醒", default=list)
    conclusion = models.CharField("结论", max_length=400)
    result = models.CharField("结果的摘要", max_length=64)
    at = models.DateTimeField("对账时间")
    officer = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+", verbose_name="谁对的"
    )

    class Meta:
        verbose_name = "对账"
        indexes = [models.Index(fields=["system", "-at"])]

    def __str__(self) -> str:
        return f"{self.title} {self.since}—{self.until}"


class ReconcileItem(AppendOnlyModel, SealedModel):
    """对账的一处不符。`mark` 是这处不符的摘要：以后对出同样的一处，以前的说明还算数。"""

    class Kind(models.TextChoices):
        ONLY_THERE = "那边有这边没有"
        ONLY_HERE = "这边有那边没有"
        DIFFERENT = "两边都有而不一样"
        DOUBTFUL = "清单里看不懂的行"

    run = models.ForeignKey(ReconcileRun, models.PROTECT, related_name="items", db_index=False)
    place = models.IntegerField("第几处")
    kind = models.CharField("哪一类", max_length=10, choices=Kind.choices)
    number = models.CharField("对方编号", max_length=80, blank=True)
    ours = models.CharField("本单位编号", max_length=80, blank=True)
    matter = models.CharField("业务模板", max_length=80, blank=True)
    case = models.UUIDField("件的全局标识", null=True)
    row = models.IntegerField("清单的第几行", null=True)
    details = models.JSONField("差在哪：什么、对方、本单位", default=list)
    mark = models.CharField("这处不符的摘要", max_length=64)

    class Meta:
        verbose_name = "对账的一处不符"
        constraints = [models.UniqueConstraint(fields=["run", "place"], name="one_item_per_place")]
        indexes = [models.Index(fields=["mark"])]

    def __str__(self) -> str:
        return f"{self.kind} {self.number or self.ours}"


class ReconcileNote(AppendOnlyModel, SealedModel):
    """一处不符的说明：谁、什么时候、为什么。再说明是再加一条，以最后一条为准。"""

    item = models.ForeignKey(ReconcileItem, models.PROTECT, related_name="notes")
    system = models.CharField("外部系统代号", max_length=48)
    mark = models.CharField("说明的是哪处不符", max_length=64)
    text = models.CharField("缘由", max_length=400)
    at = models.DateTimeField("时间")
    officer = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", verbose_name="谁说明的"
    )

    class Meta:
        verbose_name = "不符的说明"
        indexes = [models.Index(fields=["system", "mark"])]

    def __str__(self) -> str:
        return self.text[:40]
