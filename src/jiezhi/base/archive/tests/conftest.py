from pathlib import Path

import pytest

from jiezhi.base.casework.testing import Office, make_office


@pytest.fixture
def office(db: None, tmp_path: Path, settings: object) -> Office:
    settings.FILES_DIR = tmp_path / "files"  # type: ignore[attr-defined]
    return make_office()
