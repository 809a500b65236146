"""测试用的小业务：告知书逐个送达，各人的听证申请期过了才能决定。"""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

from jiezhi.base.casework import matters
from jiezhi.base.casework.models import MatterVersion
from jiezhi.core.procedure.definition import Definition
from jiezhi.core.procedure.loader import load_matter
from jiezhi.core.procedure.packset import PackSet

PACK = Path(__file__).with_name("tests") / "small.yaml"


def small(packs: PackSet) -> Definition:
    """编译好的“送达试办”；法律和通用做法取自 `packs`。"""
    found = load_matter(PACK.read_text(encoding="utf-8"), packs, PACK.name).definition
    assert found is not None
    return found


def publish_small(packs: PackSet, now: datetime) -> MatterVersion:
    """公布“送达试办”。"""
    return matters.publish(small(packs), now=now)
