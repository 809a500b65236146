"""一个小街道,公布了热线工单和网络问政两个业务模板。"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from django.conf import settings

from jiezhi.base.casework import matters
from jiezhi.base.casework.extensions import extensions
from jiezhi.base.casework.testing import START, Office, make_office
from jiezhi.core.procedure.loader import load_folder
from jiezhi.core.procedure.packset import PackSet


@pytest.fixture(scope="session")
def packs() -> PackSet:
    return load_folder(settings.PACKS_DIR)


@pytest.fixture
def office(db: None, packs: PackSet, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Office]:
    street = make_office()
    # 分派规则是别处的事;这里补登的派单一律派给综合执法队。
    monkeypatch.setitem(extensions.facts, "dispatch.unit", lambda context: "law")
    monkeypatch.setitem(extensions.resolvers, "dispatch.unit", lambda context: ["law"])
    for name in ("hotline.order", "online.message"):
        matters.publish(packs.matters[name].definition, now=START)
    for name, codes in packs.codes.items():
        matters.publish_codes(name, codes.title, codes.codes)
    home = settings.HOME
    settings.HOME = tmp_path
    yield street
    settings.HOME = home
