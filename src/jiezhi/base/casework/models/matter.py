"""公布的业务模板版本。"""

from django.db import models


class MatterVersion(models.Model):
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


class CodeList(models.Model):
    """代码表，如诉求类别；由业务模板包带来。"""

    name = models.CharField("代号", max_length=48, primary_key=True)
    title = models.CharField("名称", max_length=60)
    codes = models.JSONField("代码 → 名称")

    class Meta:
        verbose_name = "代码表"

    def __str__(self) -> str:
        return self.title
