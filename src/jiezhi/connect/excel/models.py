"""导入的批次、逐行的结果，和再导入时看到对方改了的列。"""

from django.conf import settings
from django.db import models

from jiezhi.base.accounts.sealing import SealedModel


class ImportRun(SealedModel):
    """一次导入：哪个文件、怎样对上列、导到哪里了。断电后从 `last_row` 接着导。"""

    class Status(models.TextChoices):
        WAITING = "未开始"
        RUNNING = "进行中"
        DONE = "已完成"
        BROKEN = "已中断"

    matter = models.CharField("业务模板", max_length=80)
    layout = models.CharField("来表", max_length=48)
    system = models.CharField("主办系统", max_length=60)
    file_name = models.CharField("文件名", max_length=200)
    sm3 = models.CharField("文件的 SM3 摘要", max_length=64, db_index=True)
    stored = models.CharField("留存的原件（在 imports 目录里）", max_length=100, blank=True)
    sheet = models.JSONField("表的样子")
    columns = models.JSONField("列的对应：我们的列 → 表里的列名", default=dict)
    notes = models.JSONField("读表时的提醒", default=list)
    dry_run = models.BooleanField("只是试导", default=False)
    total = models.IntegerField("数据行数", default=0)
    opened = models.IntegerField("新开", default=0)
    repeated = models.IntegerField("已有", default=0)
    refused = models.IntegerField("没有导入", default=0)
    skipped = models.IntegerField("跳过", default=0)
    last_row = models.IntegerField("导到第几行", default=0)
    status = models.CharField("状态", max_length=8, choices=Status.choices, default=Status.WAITING)
    why = models.CharField("中断的缘由", max_length=400, blank=True)
    started_at = models.DateTimeField("开始")
    finished_at = models.DateTimeField("完成", null=True)
    officer = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+", verbose_name="导入人"
    )

    class Meta:
        verbose_name = "导入"
        indexes = [models.Index(fields=["-started_at"])]

    def __str__(self) -> str:
        return f"{self.file_name}({self.status})"

    @property
    def rows(self) -> int:
        """已经处理的行数。"""
        return self.opened + self.repeated + self.refused + self.skipped


class ImportRow(SealedModel):
    """一行的结果。`row` 是它在表里的行号（从 1 数）。"""

    class Outcome(models.TextChoices):
        OPENED = "新开"
        REPEATED = "已有"
        REFUSED = "没有导入"
        SKIPPED = "跳过"

    run = models.ForeignKey(ImportRun, models.CASCADE, related_name="results", db_index=False)
    row = models.IntegerField("行号")
    outcome = models.CharField("结果", max_length=8, choices=Outcome.choices)
    number = models.CharField("编号", max_length=80, blank=True)
    case = models.UUIDField("件的全局标识", null=True)
    problems = models.JSONField("问题", default=list)
    note = models.CharField("说明", max_length=400, blank=True)

    class Meta:
        verbose_name = "导入的一行"
        constraints = [models.UniqueConstraint(fields=["run", "row"], name="one_result_per_row")]
        indexes = [models.Index(fields=["run", "outcome", "row"])]

    def __str__(self) -> str:
        return f"第 {self.row} 行：{self.outcome}"


class SheetChange(SealedModel):
    """再导入时看到对方改了的一列：原来、现在（加密存，依法清除时一并清）。

    跟着对方走的列已经办过（`event`）；其余的等人更正或写明不采用。处理过的“现在”是以后比较的底子。
    """

    class Status(models.TextChoices):
        WAITING = "待处理"
        FOLLOWED = "已跟着改"
        CORRECTED = "已更正"
        DISMISSED = "不采用"
        REPLACED = "又改了"
        GONE = "已改回"

    run = models.ForeignKey(ImportRun, models.CASCADE, related_name="changes")
    row = models.IntegerField("行号")
    case = models.UUIDField("件的全局标识")
    matter = models.CharField("业务模板", max_length=80)
    system = models.CharField("哪个系统", max_length=60)
    number = models.CharField("对方编号", max_length=80)
    column = models.CharField("列", max_length=60)
    field = models.CharField("字段", max_length=48)
    part = models.CharField("字段的哪一部分", max_length=48, blank=True)
    sealed = models.BinaryField("原来和现在（加密）")
    status = models.CharField("怎样了", max_length=8, choices=Status.choices, default=Status.WAITING)
    found_at = models.DateTimeField("看到的时间")
    event = models.IntegerField("第几号办理记录", null=True)
    led = models.BooleanField("随之要办的已办", default=False)
    said = models.CharField("说明", max_length=400, blank=True)
    settled_at = models.DateTimeField("处理时间", null=True)
    officer = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+", verbose_name="谁处理的"
    )

    class Meta:
        verbose_name = "对方改了"
        indexes = [
            models.Index(fields=["case", "field"]),
            models.Index(fields=["system", "status", "-id"]),
        ]

    def __str__(self) -> str:
        return f"{self.number} {self.column}（{self.status}）"
