"""公布的业务模板版本。"""

from django.conf import settings
from django.db import models

from jiezhi.base.accounts.sealing import SealedModel


class MatterVersion(SealedModel):
    """业务模板的一个版本：展开、代入参数后的全部内容，按摘要存；公布后不再改。"""

    matter = models.CharField("业务模板", max_length=80)
    title = models.CharField("名称", max_length=60)
    class_name = models.CharField("类别", max_length=40)
    trade = models.CharField("怎样称呼一件", max_length=10)
    digest = models.CharField("内容摘要", max_length=64, unique=True)
    content = models.BinaryField("内容")
    published_at = models.DateTimeField("公布时间")
    is_current = models.BooleanField("现行", default=True)

    class Meta:
        verbose_name = "业务模板版本"
        indexes = [models.Index(fields=["matter", "is_current"])]
        constraints = [
            models.UniqueConstraint(
                fields=["matter"], condition=models.Q(is_current=True), name="one_current_version"
            )
        ]

    def __str__(self) -> str:
        return f"{self.title}({self.published_at:%Y-%m-%d})"


class CodeList(SealedModel):
    """代码表，如诉求类别；由业务模板包带来。"""

    name = models.CharField("代号", max_length=48, primary_key=True)
    title = models.CharField("名称", max_length=60)
    codes = models.JSONField("代码 → 名称")

    class Meta:
        verbose_name = "代码表"

    def __str__(self) -> str:
        return self.title


class ParamSetting(SealedModel):
    """本单位把业务模板的一个参数调成了多少；没有这一行就是用模板的缺省值。历次调整见管理记录。"""

    matter = models.CharField("业务模板", max_length=80)
    name = models.CharField("参数", max_length=48)
    value = models.CharField("取值", max_length=80)
    set_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+", verbose_name="谁调的"
    )
    set_at = models.DateTimeField("什么时候调的")
    reason = models.CharField("理由", max_length=300)

    class Meta:
        verbose_name = "参数调整"
        constraints = [models.UniqueConstraint(fields=["matter", "name"], name="one_setting_per_param")]

    def __str__(self) -> str:
        return f"{self.matter} {self.name}"
