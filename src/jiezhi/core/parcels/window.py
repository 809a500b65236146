"""序号窗口：连续收到第几号、收着哪些而前面还缺；来了一包怎么办。"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from jiezhi.core.parcels.format import FIRST

# 前面缺的时候，最多先收着多少包；再往后的先不收，等补上缺的再发。
AHEAD = 200


class Verdict(StrEnum):
    """来的这一包怎么办。"""

    NEXT = "next"  # 正是下一号
    HOLD = "hold"  # 前面还缺，先收着
    REPEAT = "repeat"  # 收过了，一字不差
    CONFLICT = "conflict"  # 收过这一号，内容却不同；或者接不上前一包
    STALE = "stale"  # 对方早已重起一轮，这是以前那一轮的
    RENEWED = "renewed"  # 对方重起了一轮（从备份恢复、换了机器）
    TOO_FAR = "too_far"  # 缺得太多，先不收


@dataclass(frozen=True, slots=True)
class Window:
    """收到哪里了。`epoch` 是对方的第几轮，`upto` 是连续收到第几号，`last` 是那一包清单的摘要；
    `held` 是先收着的（号 → 摘要）。"""

    epoch: int = 1
    upto: int = 0
    last: str = FIRST
    held: Mapping[int, str] = field(default_factory=dict)


def judge(window: Window, epoch: int, seq: int, previous: str, digest: str, known: str | None) -> Verdict:
    """来了第 `epoch` 轮第 `seq` 号。`known` 是这一轮里已经连续收到的那一号的摘要；不是收到过的为 None。

    接不接得上前一包，在轮到它的时候核对：先收着的，等前面补齐了再问一遍。
    """
    if epoch < window.epoch:
        return Verdict.STALE
    if epoch > window.epoch:
        if seq > 1:
            return Verdict.TOO_FAR  # 新的一轮要从第一号收起
        return Verdict.RENEWED if previous == FIRST else Verdict.CONFLICT
    if seq <= window.upto:
        return Verdict.REPEAT if known == digest else Verdict.CONFLICT
    if seq == window.upto + 1:
        return Verdict.NEXT if previous == window.last else Verdict.CONFLICT
    if seq in window.held:
        return Verdict.REPEAT if window.held[seq] == digest else Verdict.CONFLICT
    return Verdict.HOLD if seq <= window.upto + AHEAD else Verdict.TOO_FAR
