"""附近在办的件，给公众看的样子：只说大概在哪、哪一类、遮过的开头几个字、来了几天、到哪一步。

位置只到方格（约 90 米一格）和网格：来人从哪里问，问多少次，都推不出比一格更细的地方。文字遮住来件人和文字里像姓名、
号码、门牌的；没有编号，看不到照片，看不到来件人。
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from jiezhi.base.casework import matters
from jiezhi.base.casework.followups import people_to_mask
from jiezhi.base.casework.models import Case
from jiezhi.base.documents.values import Names
from jiezhi.core.procedure.definition import Definition
from jiezhi.core.procedure.fields import FieldType
from jiezhi.core.prose.redaction import HIDDEN, redactor
from jiezhi.services.dispatch.duplicates import SPAN
from jiezhi.services.dispatch.placing import Placer

WORDS = 30
"""文字最多给开头这么多字。"""

# 分词的常当作人名的东西、事情；不在这里的宁可多遮。
_THINGS = frozenset(
    [
        "井盖",
        "张贴",
        "张挂",
        "高峰",
        "高空",
        "康复",
        "幼儿园",
        "承重墙",
        "红绿灯",
        "安全带",
        "楼栋",
        "老街坊",
        "阳光房",
        "大榕树",
        "榕树",
        "路缘石",
        "候车亭",
        "冷却塔",
        "安静",
        "立柱",
        "摩托",
        "安全措施",
        "养犬扰",
        "谢谢",
        "多谢",
        "拜托",
        "小河",
        "公共安全",
        "许可",
        "许可证",
        "通知书",
        "宣传品",
        "盖章",
        "童工",
        "林木",
        "位置图",
        "连",
        "布",
        "钟",
    ]
)
_HAN = "\u3400-\u9fff"
_TOLD = re.compile(rf"((?:我是|我叫|本人|名叫|叫做|姓名|联系人)[是:：为\s]*)[{_HAN}]{{2,4}}")


@dataclass(frozen=True, slots=True)
class Near:
    """附近在办的一件。`days` 是来了几天；`words` 没有可以给人看的为空。"""

    where: str
    category: str
    words: str
    days: int
    state: str


def nearby(matter: str, spot: Mapping[str, Any], now: datetime, limit: int = 5) -> list[Near]:
    """同一业务、近期来的、还在办的，在 `spot`（要有坐标，WGS-84）那一格和周围八格里的，新的在前。"""
    from jiezhi.core.space import cell, neighbours  # 带进 numpy、shapely，用到才引入

    try:
        here = cell(float(spot["lon"]), float(spot["lat"]))
    except (KeyError, TypeError, ValueError):
        return []
    rows = Case.objects.filter(
        cell__in=neighbours(here),
        matter=matter,
        closed_at=None,
        confidential=False,
        opened_at__gte=now - SPAN,
    )
    found = rows.select_related("version").defer("version__content").order_by("-opened_at", "-pk")
    return shown(found[:limit], now)


def shown(cases: Iterable[Case], now: datetime) -> list[Near]:
    """这些件给公众看的样子，次序照给的。"""
    listed, names = list(cases), Names(now)
    if not listed:
        return []
    placer = Placer(now)
    return [_shown(one, placer, names, now) for one in listed]


def _shown(case: Case, placer: Placer, names: Names, now: datetime) -> Near:
    definition = matters.definition_of(case.version)
    area = placer.by_path.get(case.area_path)
    state = definition.matter.states.get(case.state)
    return Near(
        where=area.name if area else "",
        category=_category(definition, case.fields, names),
        words=_words(definition, case),
        days=max((now - case.opened_at).days, 0),
        state=state.title if state else "",
    )


def _category(definition: Definition, values: Mapping[str, Any], names: Names) -> str:
    for name, decl in definition.matter.fields.items():
        if decl.type is FieldType.CODE and not decl.secret and values.get(name):
            return names.get(decl, str(values[name]))
    return ""


def _words(definition: Definition, case: Case) -> str:
    """来件人说的开头几个字；业务没有声明可以给人看的一个字也不给。"""
    name = definition.matter.summary
    decl = definition.matter.fields.get(name or "")
    if name is None or decl is None or not decl.public or decl.secret:
        return ""
    text = nameless(redactor(people_to_mask(case, {}))(" ".join(str(case.fields.get(name) or "").split())))
    return text if len(text) <= WORDS else text[:WORDS] + "……"


def nameless(text: str) -> str:
    """遮住文字里像人名的（不知道有哪些当事人时用，宁可多遮）。"""
    import rjieba  # 词典载入要一百多毫秒，用到才引入

    told = _TOLD.sub(rf"\1{HIDDEN}", text)
    return "".join(
        HIDDEN if kind.startswith("nr") and word not in _THINGS else word for word, kind in rjieba.tag(told)
    )
