from __future__ import annotations

from typing import Any

import pytest

from jiezhi.base.casework import matters
from jiezhi.base.casework.testing import START, Office, make_office
from jiezhi.base.documents.testing import paper_definition


@pytest.fixture
def office(db: None, settings: Any) -> Office:
    """测试街道，业务模板带文书；不转 PDF（慢的另测）。"""
    settings.SOFFICE = "off"
    made = make_office()
    made.version = matters.publish(paper_definition(), now=START)
    return made
