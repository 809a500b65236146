"""查询码试错的次数。地址只存带钥匙的摘要：这里不留谁查过什么。"""

from django.db import models


class CodeMiss(models.Model):
    """一个地址（或全站合起来）在一段时间里试错了几次。过了这段时间从头数。"""

    kind = models.CharField("哪一种", max_length=8, choices=[("address", "地址"), ("office", "全站")])
    mark = models.CharField("带钥匙的摘要", max_length=64)
    count = models.IntegerField("试错次数", default=1)
    first_at = models.DateTimeField("从什么时候数起", db_index=True)

    class Meta:
        verbose_name = "查询码试错"
        constraints = [models.UniqueConstraint(fields=["kind", "mark"], name="one_count_each")]

    def __str__(self) -> str:
        return f"{self.kind} {self.count}"
