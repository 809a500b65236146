"""版式的尺寸和字体。缺省值照 GB/T 9704-2012（law-facts §18）；标“待核”的是设置缺省，可以改。"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from functools import lru_cache
from typing import Any

from django.conf import settings

from jiezhi.base.documents.fonts import installed


@dataclass(frozen=True)
class Style:
    """长度单位毫米，字号单位磅。在设置 DOCUMENT_STYLE 里按名字改。"""

    top: float = 37
    left: float = 28
    right: float = 26
    bottom: float = 35
    lines: int = 22
    characters: int = 28
    body: float = 16
    heading: float = 22
    small: float = 14
    tiny: float = 9
    red_head: bool = True
    red_head_size: float = 36  # 待核：发文机关标志的字号没有定值
    red_rule: bool = True  # 待核：红色分隔线的位置
    date_indent: int = 4  # 盖章的成文日期右空四字
    code_size: float = 17  # 二维码边长
    record_bottom: float = 46  # 笔录每页页脚还有签名栏
    label: float = 27  # 栏目名一列多宽
    grid: str = "linesAndChars"
    fonts: dict[str, str] = field(default_factory=dict)

    @property
    def line(self) -> float:
        """一行多高（磅）：版心高除以行数。"""
        return (297 - self.top - self.bottom) / 25.4 * 72 / self.lines

    @property
    def width(self) -> float:
        """版心宽（毫米）。"""
        return 210 - self.left - self.right

    @property
    def squeeze(self) -> float:
        """一行放得下 `characters` 个字，每个字比字号少占多少磅。"""
        return self.width / 25.4 * 72 / self.characters - self.body

    def font(self, role: str) -> str:
        """song 小标宋、fang 仿宋、kai 楷体、hei 黑体、plain 宋体。"""
        return self.fonts[role]


def style() -> Style:
    """给 Word 文件用的：字体写国标名称，打开的电脑上有就用。"""
    changes: dict[str, Any] = dict(settings.DOCUMENT_STYLE)
    return replace(Style(fonts=dict(settings.DOCUMENT_FONTS)), **changes)


@lru_cache(maxsize=1)
def _printable(wanted: tuple[tuple[str, str], ...]) -> dict[str, str]:
    names = installed()
    found = {}
    for role, name in wanted:
        choices = [name, *settings.DOCUMENT_FONT_FALLBACKS.get(role, [])]
        found[role] = next((one for one in choices if one in names), name)
    return found


def printed_style() -> Style:
    """给本机转 PDF 用的：本机没有的字体换成有的，免得出豆腐块；字距直接写在文字上。

    LibreOffice 的字符网格里，比格子宽的字占两格，一行只剩一半的字。
    """
    base = style()
    return replace(base, grid="lines", fonts=_printable(tuple(sorted(base.fonts.items()))))
