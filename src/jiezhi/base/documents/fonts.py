"""本机装了哪些字体。"""

from __future__ import annotations

import shutil
import subprocess
from functools import lru_cache


@lru_cache(maxsize=1)
def installed() -> frozenset[str]:
    """本机字体的全部名称；没有 fontconfig 的为空。"""
    program = shutil.which("fc-list")
    if program is None:
        return frozenset()
    try:
        done = subprocess.run(
            [program, "--format", "%{family}\n"], capture_output=True, text=True, timeout=30, check=False
        )
    except (OSError, subprocess.TimeoutExpired):
        return frozenset()
    return frozenset(
        name.strip() for line in done.stdout.splitlines() for name in line.split(",") if name.strip()
    )
