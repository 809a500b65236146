"""文书和它的扫描件。内容冻结在办理记录里，这里只是制作到哪一步、文件在哪里。"""

from django.conf import settings
from django.db import models

from jiezhi.base.accounts.sealing import SealedModel
from jiezhi.base.casework.models import Case, Event, EvidenceFile

WAITING, MADE, SIGNED, VOID = "waiting", "made", "signed", "void"
STATES = [(WAITING, "待制作"), (MADE, "已制作"), (SIGNED, "已签回"), (VOID, "已作废")]
FILED, BLANK, ASIDE = "filed", "blank", "aside"
SETTLED = (BLANK, ASIDE)
"""扫描件的页没有归、也不用归的。"""


class Document(SealedModel):
    """一份文书。`event` 是制作它的那一步办理；`short` 印在二维码里，不含个人信息。"""

    case = models.ForeignKey(Case, models.PROTECT, related_name="documents")
    event = models.ForeignKey(Event, models.PROTECT, related_name="documents", verbose_name="办理记录")
    name = models.CharField("代号", max_length=48)
    title = models.CharField("题名", max_length=60)
    number = models.CharField("文号", max_length=80, blank=True)
    version = models.IntegerField("版本", default=1)
    short = models.CharField("文书短号", max_length=8, unique=True)
    code = models.CharField("核验码", max_length=10)
    docx = models.ForeignKey(
        EvidenceFile, models.PROTECT, null=True, related_name="+", verbose_name="Word 文件"
    )
    pdf = models.ForeignKey(
        EvidenceFile, models.PROTECT, null=True, related_name="+", verbose_name="PDF 文件"
    )
    pages = models.IntegerField("页数", null=True)
    uses = models.JSONField("用到的字段", default=list)
    state = models.CharField("状态", max_length=8, choices=STATES, default=WAITING)
    note = models.CharField("说明", max_length=200, blank=True, help_text="重出、作废的缘由")
    created_at = models.DateTimeField("列入制作时间")
    made_at = models.DateTimeField("制作时间", null=True)
    signed_at = models.DateTimeField("签回归卷时间", null=True)
    voided_at = models.DateTimeField("作废时间", null=True)

    class Meta:
        verbose_name = "文书"
        constraints = [
            models.UniqueConstraint(fields=["event", "name", "version"], name="one_document_each_version")
        ]
        indexes = [models.Index(fields=["case", "name"])]

    def __str__(self) -> str:
        return f"《{self.title}》{self.number}"

    @property
    def erased(self) -> bool:
        """已依法清除。"""
        return any(file is not None and file.erased_at is not None for file in (self.docx, self.pdf))


class Scan(SealedModel):
    """扫描件的一页：认出是哪份文书的，归了卷的；没有归的留在这里等人工归。"""

    digest = models.CharField("扫描件的摘要", max_length=64)
    file = models.ForeignKey(
        EvidenceFile, models.PROTECT, null=True, related_name="scans", verbose_name="扫描件",
        help_text="各页都有了去处、内容已另存进各件的，原件不再留",
    )  # fmt: skip
    page = models.IntegerField("第几页")
    document = models.ForeignKey(
        Document, models.PROTECT, null=True, related_name="scans", verbose_name="文书"
    )
    result = models.CharField("结果", max_length=24)
    say = models.CharField("说明", max_length=300, blank=True)
    filed = models.ForeignKey(
        Event, models.PROTECT, null=True, related_name="+", verbose_name="归卷的办理记录"
    )
    officer = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", verbose_name="归卷人"
    )
    at = models.DateTimeField("时间")

    class Meta:
        verbose_name = "扫描件"
        constraints = [models.UniqueConstraint(fields=["digest", "page"], name="one_scan_per_page")]

    def __str__(self) -> str:
        return f"第{self.page}页：{self.result}"
