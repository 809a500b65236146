import pytest

from jiezhi.base.casework.testing import Office, make_office


@pytest.fixture
def office(db: None) -> Office:
    return make_office()
