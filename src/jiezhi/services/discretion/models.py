"""公布的裁量基准，和本单位照地方规定填的法定幅度。"""

from django.conf import settings
from django.db import models

from jiezhi.base.accounts.sealing import SealedModel


class Benchmark(SealedModel):
    """一条裁量基准的一个版本；公布后内容不改，换了内容就是新的一行。"""

    code = models.CharField("代号", max_length=80)
    title = models.CharField("名称", max_length=60)
    power = models.CharField("事项代码", max_length=40)
    party = models.CharField("对象", max_length=20)
    in_force = models.DateField("施行日")
    until = models.DateField("失效日（不含）", null=True)
    digest = models.CharField("内容摘要", max_length=64, unique=True)
    content = models.JSONField("内容")
    labels = models.JSONField("依据 → 给人看的写法", default=dict)
    published_at = models.DateTimeField("公布时间")
    is_current = models.BooleanField("现行", default=True)

    class Meta:
        verbose_name = "裁量基准"
        indexes = [models.Index(fields=["power", "party", "is_current"], name="benchmark_power")]
        constraints = [
            models.UniqueConstraint(
                fields=["code"], condition=models.Q(is_current=True), name="one_current_benchmark"
            )
        ]

    def __str__(self) -> str:
        return self.title


class LocalLimit(SealedModel):
    """条文没有写数额的，本单位照地方规定填的法定幅度（分）。改是另填一行，旧的留着。"""

    code = models.CharField("基准代号", max_length=80)
    low = models.BigIntegerField("最低（分）")
    high = models.BigIntegerField("最高（分）")
    source = models.CharField("依据（地方规定的名称和条号）", max_length=200)
    reason = models.CharField("理由", max_length=300)
    set_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+", verbose_name="谁填的"
    )
    set_at = models.DateTimeField("什么时候填的")
    is_current = models.BooleanField("现行", default=True)

    class Meta:
        verbose_name = "本单位填写的法定幅度"
        constraints = [
            models.UniqueConstraint(
                fields=["code"], condition=models.Q(is_current=True), name="one_local_limit"
            ),
            models.CheckConstraint(
                condition=models.Q(low__gte=0) & models.Q(high__gt=0) & models.Q(high__gte=models.F("low")),
                name="local_limit_order",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.code} {self.low}—{self.high}"
