"""简图（SVG）：一件的位置、四周的网格边线、附近在办的件。只用登记的边界，不用地图；只用属性，内容安全策略下可以直接放进页面。"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape

from jiezhi.core.space import Outline

SIDE = 320
"""图的边长（像素）。"""
BLUE, INK, GREY, PAPER, TINT = "#1d5bb8", "#1f2a37", "#5d6877", "#f6f7f9", "#e8f0fb"
FONT = "'Noto Sans CJK SC','Microsoft YaHei','PingFang SC',sans-serif"
NUMBERED = 9


def draw(
    outlines: Sequence[Outline[int]],
    names: Mapping[int, str],
    dots: Sequence[tuple[float, float]],
    *,
    metres: float,
    label: str,
) -> str:
    """画一张：本件在正中，北在上。

    `outlines` 各区域的边线，`names` 区域的名称；`dots` 附近各件在本件东、北多少米，前 9 件编号；`metres` 半边长；
    `label` 读屏时念的话。同样的输入画出同样的字节。
    """
    scale = SIDE / (2 * metres)

    def at(east: float, north: float) -> tuple[float, float]:
        return SIDE / 2 + east * scale, SIDE / 2 - north * scale

    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {SIDE} {SIDE}" width="{SIDE}" height="{SIDE}"'
        f' role="img" aria-label="{escape(label)}" font-family="{FONT}">',
        f'<rect width="{SIDE}" height="{SIDE}" fill="{PAPER}"/>',
    ]
    for one in outlines:
        for line in one.lines:
            points = " ".join(f"{x:.1f},{y:.1f}" for x, y in (at(*spot) for spot in line))
            parts.append(f'<polyline points="{points}" fill="none" stroke="#97a3b3" stroke-width="1.2"/>')
    for one in outlines:
        if name := names.get(one.key):
            x, y = at(*one.middle)
            half = len(name) * 6.0
            x, y = min(max(x, half), SIDE - half), min(max(y, 14), SIDE - 6)
            parts.append(_words(x, y, name, 12, GREY))
    for number in range(len(dots), 0, -1):  # 近的画在上面
        x, y = at(*dots[number - 1])
        if number > NUMBERED:
            parts.append(
                f'<circle cx="{x:.1f}" cy="{y:.1f}" r="4" fill="#fff" stroke="{INK}" stroke-width="1.5"/>'
            )
            continue
        parts.append(
            f'<circle cx="{x:.1f}" cy="{y:.1f}" r="8.5" fill="#fff" stroke="{INK}" stroke-width="1.5"/>'
        )
        parts.append(_words(x, y + 4, str(number), 11, INK))
    middle = SIDE / 2
    pin = f"M{middle} {middle}c-3-7-9-10-9-17a9 9 0 0 1 18 0c0 7-6 10-9 17z"
    parts.append(f'<path d="{pin}" fill="{BLUE}" stroke="#fff" stroke-width="1.5"/>')
    parts.append(f'<circle cx="{middle}" cy="{middle - 17}" r="3.2" fill="#fff"/>')
    bar = 100 * scale
    parts.append(f'<path d="M10 {SIDE - 16}v6h{bar:.1f}v-6" fill="none" stroke="{INK}" stroke-width="1.2"/>')
    parts.append(_words(10 + bar / 2, SIDE - 18, "100 米", 11, INK))
    parts.append(_words(SIDE - 16, 18, "北↑", 12, INK))
    return "".join([*parts, "</svg>"])


def _words(x: float, y: float, text: str, size: int, colour: str) -> str:
    # 字下面衬一圈白，压在线上也看得清。
    return (
        f'<text x="{x:.1f}" y="{y:.1f}" font-size="{size}" text-anchor="middle" fill="{colour}"'
        f' stroke="#fff" stroke-width="3" paint-order="stroke">{escape(text)}</text>'
    )
