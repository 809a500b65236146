"""读：存证点；送出机构的存证点与库里对照。"""

from __future__ import annotations

from jiezhi.base.casework.heads import current_heads, heads_of, unpack
from jiezhi.base.casework.models import Checkpoint
from jiezhi.core import evidence

__all__ = ["checkpoint", "compare_exported", "current_heads", "heads_of", "latest_checkpoint", "printable"]


def latest_checkpoint() -> Checkpoint | None:
    """最近的存证点；还没有做过为 None。"""
    return Checkpoint.objects.order_by("-number").first()


def checkpoint(row: Checkpoint) -> evidence.Checkpoint:
    """行 → 存证点。内容被改坏了 → ValueError。"""
    return evidence.Checkpoint.from_value(row.content)


def printable(row: Checkpoint) -> str:
    """存证点打印在纸上的样子（等宽文字）。"""
    return evidence.printable(checkpoint(row))


def compare_exported(data: bytes, heads: bytes | None = None) -> list[str]:
    """送出机构的存证点（`export_checkpoint` 写的 .json）与库里现在的对照；返回不符之处，相符为空。

    数据库和密钥都在手里的人重写了历史、又重做了库里的存证点，只有这样才查得出。
    `heads` 是一并导出的链头文件，给了就能说出是哪些件。
    """
    try:
        outside = evidence.Checkpoint.from_json(data)
    except ValueError as error:
        return [f"这份存证点读不懂（{error}）：不是本系统导出的，或已损坏"]
    found = [item.say for item in evidence.verify_checkpoint(outside)]
    row = Checkpoint.objects.filter(number=outside.number).first()
    if row is None:
        return [*found, f"库里没有第{outside.number}号存证点：被删去，或不是本单位的"]
    try:
        if checkpoint(row) != outside:
            found.append(f"库里的第{outside.number}号存证点与送出的这一份不同：库里的在送出之后被换过")
    except ValueError as error:
        found.append(f"库里的第{outside.number}号存证点读不懂（{error}）：被改动")
    if heads is not None:
        found += _compare_heads(outside, heads)
    return found


def _compare_heads(outside: evidence.Checkpoint, data: bytes) -> list[str]:
    try:
        _, heads = unpack(data)
    except ValueError:
        return ["链头文件读不懂：不是本系统导出的，或已损坏"]
    if evidence.verify_checkpoint(outside, None, heads):
        return ["链头文件与这份存证点不是一起导出的，或已被改动"]
    found = []
    for start in range(0, len(heads), 500):
        found += _changed(heads[start : start + 500])
    return found


def _changed(heads: list[evidence.CaseHead]) -> list[str]:
    from jiezhi.base.casework.integrity_office import standing

    now = standing({uid: (seq, digest) for uid, seq, digest in heads})
    found = []
    for uid, seq, digest in heads:
        number, current = now.get(uid, ("", None))
        if not number:
            found.append(f"件（{uid}）现在没有了：被删去")
        elif current != digest:
            found.append(f"{number}：第{seq}号及以前的办理记录在存证之后被改过")
    return found
