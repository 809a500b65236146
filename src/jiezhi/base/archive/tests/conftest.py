from pathlib import Path

import pytest

from jiezhi.base.casework.models import Case
from jiezhi.base.casework.testing import Office, make_office
from jiezhi.base.casework.tests.lives import life


@pytest.fixture
def office(db: None) -> Office:
    return make_office()


@pytest.fixture
def case(office: Office) -> Case:
    return life(office)


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return tmp_path / "备份"
