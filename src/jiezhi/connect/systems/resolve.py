"""登记给业务模板用的条件：上级平台的编号写得对（systems.number_shaped）、没有记在别的件上（systems.number_free）。"""

from __future__ import annotations

from typing import Any

from jiezhi.base.casework.extensions import Context, extensions
from jiezhi.base.casework.models import CaseField


def register() -> None:
    """在 AppConfig.ready() 里调用；重复调用无妨。"""
    extensions.condition("systems.number_shaped", "上级平台的编号写得对", number_shaped)
    extensions.condition("systems.number_free", "上级平台的编号没有记在别的件上", number_free)


def number_shaped(context: Context, *, number: Any, system: str) -> bool:
    """合登记里编号的写法；没有登记这个系统的不查。"""
    from jiezhi.connect.systems import queries

    pattern = queries.pattern_of(system)
    return pattern is None or bool(pattern.fullmatch(str(number or "")))


def number_free(context: Context, *, number: Any, field: str) -> bool:
    """没有别的件在 `field` 里记着它；同时登记的两件由对账查出。"""
    found = CaseField.objects.filter(name=field, text=str(number or ""))
    if context.view is not None:
        found = found.exclude(case__uid=context.view.uid)
    return not found.exists()
