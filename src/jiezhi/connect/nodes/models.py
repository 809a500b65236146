"""节点：登记的对方、要送的、收到的、件的对应。

包里有个人信息：内容加密落库，对方确认收到（我方办完）三十天后清掉，只留摘要和序号。
"""

from __future__ import annotations

from django.db import models

from jiezhi.base.accounts.fields import EncryptedTextField
from jiezhi.base.accounts.sealing import SealedModel
from jiezhi.base.casework.models import Case, EvidenceFile
from jiezhi.core.parcels import FIRST


class Peer(SealedModel):
    """登记的另一个节点，和与它的往来到了哪里。

    `out_*` 是我发给它的：第几轮、发到几号、最后一包的摘要；`acked` 是它说连续收到了几号，`held` 是它收着而前面还缺的。
    `in_*` 是它发给我的：第几轮、连续收到几号、那一包的摘要。
    """

    class Kind(models.TextChoices):
        OUTSIDE = "outside", "外网收件节点"
        INSIDE = "inside", "内网办理节点"
        SUPERIOR = "superior", "上级（区级部门）"
        SUBORDINATE = "subordinate", "下级（街道）"

    class Status(models.TextChoices):
        NEW = "new", "待核对指纹"
        TRUSTED = "trusted", "在用"
        STOPPED = "stopped", "停用"

    code = models.CharField("节点代码", max_length=40, unique=True)
    name = models.CharField("名称", max_length=60)
    kind = models.CharField("是我的什么", max_length=12, choices=Kind.choices)
    status = models.CharField("状态", max_length=8, choices=Status.choices, default=Status.NEW)
    public_key = models.CharField("公钥", max_length=64)
    old_keys = models.JSONField("换下来的公钥", default=list)
    address = models.CharField("地址", max_length=300, blank=True, help_text="空为只用文件交换，或等它来取")
    unit = models.CharField(
        "对应的单位", max_length=64, blank=True, help_text="上级节点：件移送到这个单位就随包送去"
    )
    opens = models.CharField(
        "来件开成什么", max_length=80, blank=True, help_text="业务模板；外网、下级节点要写"
    )
    sensitive = models.BooleanField("送不送来件人的姓名电话", default=False)
    created_at = models.DateTimeField("登记时间")

    out_epoch = models.IntegerField("发到第几轮", default=1)
    out_seq = models.IntegerField("发到几号", default=0)
    out_last = models.CharField("最后一包的摘要", max_length=64, default=FIRST)
    acked = models.IntegerField("对方收到几号", default=0)
    held = models.JSONField("对方收着、前面还缺的", default=list)
    in_epoch = models.IntegerField("收到第几轮", default=1)
    in_seq = models.IntegerField("收到几号", default=0)
    in_last = models.CharField("收到的最后一包的摘要", max_length=64, default=FIRST)

    heard_at = models.DateTimeField("最近收到它的东西", null=True)
    trouble = models.CharField("连不上、对不上的缘由", max_length=300, blank=True)
    failures = models.IntegerField("连续几次没有连上", default=0)
    next_at = models.DateTimeField("下次什么时候连", null=True)

    class Meta:
        verbose_name = "节点"
        ordering = ("code",)

    def __str__(self) -> str:
        return f"{self.name}（{self.code}）"


class Outgoing(SealedModel):
    """发出的一包：清单里除内容之外的部分和签名；内容在 OutgoingEntry 里，合起来与当时一字不差。"""

    peer = models.ForeignKey(Peer, models.PROTECT, related_name="outgoing", db_index=False)
    epoch = models.IntegerField("第几轮")
    seq = models.IntegerField("第几号")
    digest = models.CharField("清单的摘要", max_length=64)
    head = models.JSONField("清单的其余部分")
    signed = models.JSONField("签名")
    created_at = models.DateTimeField("成包时间")
    acked_at = models.DateTimeField("对方收到", null=True)

    class Meta:
        verbose_name = "发出的包"
        constraints = [
            models.UniqueConstraint(fields=["peer", "epoch", "seq"], name="one_parcel_per_seq_out")
        ]

    def __str__(self) -> str:
        return f"{self.peer_id} {self.epoch}-{self.seq}"


class OutgoingEntry(SealedModel):
    """要送的一条。`parcel` 为空是还没有成包；清掉之后 `sealed` 为空。"""

    peer = models.ForeignKey(Peer, models.PROTECT, related_name="entries", db_index=False)
    uid = models.CharField("标识", max_length=120)
    kind = models.CharField("种类", max_length=12)
    case = models.ForeignKey(Case, models.PROTECT, null=True, related_name="+", verbose_name="件")
    sealed = EncryptedTextField("内容")
    files = models.JSONField("材料", default=list)
    parcel = models.ForeignKey(Outgoing, models.PROTECT, null=True, related_name="entries")
    created_at = models.DateTimeField("产生时间")
    refused = models.CharField("对方没有办成的缘由", max_length=400, blank=True)
    cleared_at = models.DateTimeField("内容清掉的时间", null=True)

    class Meta:
        verbose_name = "要送的内容"
        constraints = [models.UniqueConstraint(fields=["peer", "uid"], name="one_entry_out")]
        indexes = [models.Index(fields=["peer", "parcel", "id"], name="entry_waiting")]

    def __str__(self) -> str:
        return self.uid


class Incoming(SealedModel):
    """收到的一包。`done` 是照次序办了几条；前面缺号的先收着，`applied_at` 为空。"""

    peer = models.ForeignKey(Peer, models.PROTECT, related_name="incoming", db_index=False)
    epoch = models.IntegerField("第几轮")
    seq = models.IntegerField("第几号")
    digest = models.CharField("清单的摘要", max_length=64)
    previous = models.CharField("上一包的摘要", max_length=64)
    sealed = EncryptedTextField("清单")
    count = models.IntegerField("几条")
    done = models.IntegerField("办了几条", default=0)
    received_at = models.DateTimeField("收到时间")
    applied_at = models.DateTimeField("办完时间", null=True)
    via = models.CharField("怎样来的", max_length=8)
    trouble = models.CharField("办到一半的缘由", max_length=400, blank=True)
    cleared_at = models.DateTimeField("内容清掉的时间", null=True)

    class Meta:
        verbose_name = "收到的包"
        constraints = [models.UniqueConstraint(fields=["peer", "epoch", "seq"], name="one_parcel_per_seq_in")]
        indexes = [
            models.Index(
                fields=["peer", "epoch", "seq"],
                condition=models.Q(applied_at=None),
                name="incoming_waiting",
            )
        ]

    def __str__(self) -> str:
        return f"{self.peer_id} {self.epoch}-{self.seq}"


class IncomingFile(SealedModel):
    """随包来、还没有用上的材料：没有办完之前清扫不动它。"""

    parcel = models.ForeignKey(Incoming, models.CASCADE, related_name="files")
    file = models.ForeignKey(EvidenceFile, models.PROTECT, related_name="+")

    class Meta:
        verbose_name = "随包来的材料"

    def __str__(self) -> str:
        return self.file_id[:8]


class Arrival(SealedModel):
    """收到的一条办得怎样。同一标识只办一次。"""

    class Outcome(models.TextChoices):
        DONE = "done", "已办"
        REFUSED = "refused", "没有办成"
        NOTED = "noted", "不用办"

    peer = models.ForeignKey(Peer, models.PROTECT, related_name="arrivals", db_index=False)
    uid = models.CharField("标识", max_length=120)
    kind = models.CharField("种类", max_length=12)
    parcel = models.ForeignKey(Incoming, models.PROTECT, related_name="arrivals")
    case = models.ForeignKey(Case, models.PROTECT, null=True, related_name="+", verbose_name="件")
    outcome = models.CharField("结果", max_length=8, choices=Outcome.choices)
    say = models.CharField("说明", max_length=400, blank=True)
    at = models.DateTimeField("时间")

    class Meta:
        verbose_name = "收到的内容"
        constraints = [models.UniqueConstraint(fields=["peer", "uid"], name="one_entry_in")]
        indexes = [
            models.Index(fields=["outcome", "-id"], name="arrival_outcome"),
            models.Index(fields=["at"], name="arrival_at"),
        ]

    def __str__(self) -> str:
        return self.uid


class Link(SealedModel):
    """两边的件怎样对应。`theirs` 为真是对方送来、我开的；`ref` 是送出方的件的全局标识，`round` 是送出的那一条。"""

    peer = models.ForeignKey(Peer, models.PROTECT, related_name="links", db_index=False)
    case = models.ForeignKey(Case, models.PROTECT, related_name="node_links", verbose_name="件")
    theirs = models.BooleanField("对方送来的")
    ref = models.CharField("送出方的件", max_length=40)
    round = models.CharField("哪一次送的", max_length=120)
    number = models.CharField("对方的编号", max_length=80, blank=True)
    stage = models.CharField("最近送的消息说办到哪里", max_length=12, blank=True)
    created_at = models.DateTimeField("时间")

    class Meta:
        verbose_name = "件的对应"
        constraints = [models.UniqueConstraint(fields=["peer", "theirs", "round"], name="one_link_per_round")]

    def __str__(self) -> str:
        return f"{self.ref} ↔ {self.number}"


class Rejection(SealedModel):
    """没有收下的：伪造的、改过的、不认识的、旧钥匙的。不存内容。"""

    at = models.DateTimeField("时间")
    sender = models.CharField("自称是谁", max_length=40, blank=True)
    via = models.CharField("怎样来的", max_length=8)
    why = models.CharField("缘由代号", max_length=20)
    say = models.CharField("缘由", max_length=300)
    digest = models.CharField("内容的摘要", max_length=64, blank=True)

    class Meta:
        verbose_name = "没有收下的包"
        indexes = [models.Index(fields=["-at"])]

    def __str__(self) -> str:
        return self.say
