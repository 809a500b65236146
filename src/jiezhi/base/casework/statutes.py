"""现行的法律名录：业务模板包里 `_law/` 下现在写着的。

事项版本里冻结的依据不会自己变；公布之后名录才标上失效日的，办件时照现行的名录收紧。
"""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

from django.conf import settings
from pydantic import ValidationError

from jiezhi.core.procedure.law import StatuteDecl, StatutesFile
from jiezhi.core.procedure.source import read_text


def current_statutes() -> dict[str, StatuteDecl]:
    """现行名录：法律代号 → 法律。文件改了就重新读；写错的文件不算数（`jiezhi check` 会报）。"""
    files = sorted(Path(settings.PACKS_DIR, "_law").rglob("*.yaml"))
    return _read(tuple((one, one.stat().st_mtime_ns) for one in files))


@lru_cache(maxsize=2)
def _read(files: tuple[tuple[Path, int], ...]) -> dict[str, StatuteDecl]:
    found: dict[str, StatuteDecl] = {}
    for path, _ in files:
        data = read_text(path.read_text(encoding="utf-8"), path.name).data
        if isinstance(data, dict) and "statutes" in data:
            try:
                found |= StatutesFile.model_validate(data).statutes
            except ValidationError:
                continue
    return found
