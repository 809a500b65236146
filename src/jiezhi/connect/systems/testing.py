"""测试用：抄录单的字节。"""

from __future__ import annotations

import io
from typing import Any

from jiezhi.connect.systems.copying import copy_sheets


def copy_bytes(system: str, matter: str, **options: Any) -> bytes:
    """同 `copy_sheets`，返回文件的字节。"""
    out = io.BytesIO()
    copy_sheets(system, matter, out, **options)
    return out.getvalue()
