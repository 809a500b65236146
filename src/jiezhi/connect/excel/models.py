"""导入的批次和逐行的结果。"""

from django.conf import settings
from django.db import models


class ImportRun(models.Model):
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


class ImportRow(models.Model):
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
