from pathlib import Path

import pytest

from jiezhi.base.casework.testing import Office, make_office
from jiezhi.base.casework.tests.powerlist import People, make_people


@pytest.fixture
def office(db: None) -> Office:
    return make_office()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """这个测试的材料目录。"""
    return tmp_path / "files"


@pytest.fixture
def people(office: Office) -> People:
    return make_people(office)
