"""演示街道的权责清单：种子补上责任单位和（演示的）授权公告，走起草、审核、公布。"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.conf import settings
from django.utils import timezone

from jiezhi.base.accounts.models import Officer
from jiezhi.base.casework import powers
from jiezhi.base.registry.models import Power
from jiezhi.core.procedure.definition import Definition
from jiezhi.core.procedure.errors import Problem
from jiezhi.core.procedure.loader import load_folder
from jiezhi.core.procedure.packset import PackSet
from jiezhi.core.procedure.powers import EXERCISED, LASTING, PowerDecl, plain
from jiezhi.core.procedure.verifier import verify
from jiezhi.demo.plan import StreetPlan

ANNOUNCEMENT = "云桥街道综合执法公告（演示）"
LEFT_AS_DRAFTS = ("CF-057", "CJ-055", "QZ-072")
"""留作草稿：目录、适用性、具体法律还没有核对的，演示“还不能公布”。"""

_BY_CLASS = {
    "行政处罚": "enforcement", "行政强制": "enforcement", "行政许可": "public_service",
    "行政检查": "emergency", "其他": "law_safety",
}  # fmt: skip
_UNITS = {
    "construction": "JC-048 QT-012 QT-013 QT-014 QT-028 QT-029 QT-043 QT-049 FW-050",
    "emergency": "QT-023 QT-024 QT-025 FW-026 QT-030 FW-052 FW-053",
    "law_safety": "FW-031 FW-033",
    "party_office": "QT-020-1 QT-020-2 QT-021 FW-080",
    "economy": "QT-054",
    "enforcement": "QT-075",
    "public_service": "JC-002 QT-015 QT-016 QT-035 QT-040 QT-045 QT-046 QT-047",
}


def publish_powers(plan: StreetPlan, since: datetime, packs: PackSet | None = None) -> int:
    """把种子公布成演示街道的权责清单，自 `since` 那天起生效；返回公布了多少项。

    `packs` 是现用的业务模板包，不给就读设置里的文件夹。业务模板已经公布的不再校验，所以先公布它们会快得多。
    """
    packs = packs or load_folder(settings.PACKS_DIR)
    keeper, reviewer, head = (
        Officer.objects.get(login=plan.holders(post)[0].login)
        for post in (powers.KEEPER, powers.REVIEWER, powers.HEAD)
    )
    drafted = set(Power.objects.values_list("code", flat=True))
    verdicts: dict[str, list[Problem]] = {}

    def check(definition: Definition) -> list[Problem]:
        """同一份业务模板只校验一次。"""
        if definition.digest not in verdicts:
            verdicts[definition.digest] = verify(definition)
        return verdicts[definition.digest]

    for code, decl in packs.powers.items():
        content = {**plain(decl), "unit": _unit(code, decl)}
        if decl.class_ in EXERCISED and decl.authorisation is None and code not in LEFT_AS_DRAFTS:
            content["authorisation"] = _announced(since)
        given: dict[str, Any] = {"acting_officer": keeper, "now": since, "packs": packs}
        if code in drafted:
            powers.revise(code, content, **given)
        else:
            powers.draft(code, content, **given)
    ready = [code for code in packs.powers if code not in LEFT_AS_DRAFTS]
    for code in ready:
        powers.submit(code, acting_officer=keeper, now=since)
        opinion = "依据、授权、责任单位齐全，同意公布。"
        powers.review(code, approve=True, opinion=opinion, acting_officer=reviewer, now=since)
        powers.publish(code, acting_officer=head, now=since, packs=packs, check=check)
    return len(ready)


def _unit(code: str, decl: PowerDecl) -> str:
    for unit, codes in _UNITS.items():
        if code in codes.split():
            return unit
    return _BY_CLASS.get(decl.class_, "public_service")


def _announced(since: datetime) -> dict[str, str]:
    day = timezone.localtime(since).date().isoformat()
    return {"announcement": ANNOUNCEMENT, "from": day, "to": LASTING, "status": "已核对"}
