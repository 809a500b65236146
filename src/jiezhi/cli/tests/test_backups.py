"""jiezhi backup / restore / keys：说的话，出错怎样说。真的备份、恢复在 tests/faults。"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from django.conf import settings

from jiezhi.base.accounts.models import AdminRecord, Officer, Post
from jiezhi.base.casework import files
from jiezhi.base.casework.models import EvidenceFile
from jiezhi.base.casework.testing import START, make_office
from jiezhi.base.casework.tests.lives import DAY, life
from jiezhi.base.registry.models import Appointment
from jiezhi.cli.main import main
from jiezhi.config import keys
from jiezhi.config.testing import private_database

PASSWORD = "云桥街道二〇二六年的钥匙包口令"

pytestmark = pytest.mark.django_db(transaction=True)


def run(*words: object, code: int = 0, **more: Any) -> Any:
    done = CliRunner().invoke(main, [str(word) for word in words], **more)
    assert done.exit_code == code, done.output + repr(done.exception)
    return json.loads(done.stdout) if "--json" in words else done.stdout + done.stderr


@pytest.fixture
def root(tmp_path: Path) -> Path:
    office = make_office()
    life(office)
    post = Post.objects.create(code="admin", title="系统管理员")
    admin = Officer.objects.create(login="root", name="王管", staff_kind="established", password="!")
    Appointment.objects.create(officer=admin, post=post, unit=office.unit, valid_from=START - DAY)
    return tmp_path / "备份"


def test_a_day_of_backups(root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    said = run("backup", root, "--as", "root")
    assert "1 件、4 条办理记录、1 份材料" in said and "钥匙不在备份里" in said
    assert AdminRecord.objects.get(action="archive.backup").officer.login == "root"
    assert "备份完好" in run("restore", root, "--check")
    home = tmp_path / "新机器"
    for name, value in private_database(home).items():
        monkeypatch.setenv(name, value)
    said = run("restore", root, "--home", home)
    assert "keys import" in said and "verify --database" in said and (home / "keys" / keys.AWAITING).exists()
    assert "不是空的" in run("restore", root, "--home", home, code=1)


def test_damage_is_said_and_counted(root: Path) -> None:
    run("backup", root)
    (material,) = (path for path in (root / "files").rglob("*") if path.is_file())
    material.write_bytes(b"x")
    said = run("restore", root, "--check", code=1)
    assert material.name in said and "备份有缺损" in said
    assert "请写 --home" in run("restore", root, code=1)
    assert "十六进制" in run("restore", root, "--check", "--key", "我的", code=1)
    files.path_of(EvidenceFile.objects.get().pk).unlink()
    assert "原件早已不在或坏了" in run("backup", root.with_name("另一处"), code=1)
    assert "没有备成" in run("backup", root / "a.zip", "--keep", 3, code=1)


def test_keys(root: Path, tmp_path: Path) -> None:
    package = tmp_path / "钥匙包"
    words = ("keys", "export", package, "--password-stdin")
    assert "系统管理员" in run(*words, "--as", "jingban", input=PASSWORD, code=1)
    assert "至少 12 个字" in run(*words, "--as", "root", input="短", code=1)
    assert not AdminRecord.objects.filter(action="keys.export").exists()
    assert "不要与备份放在一起" in run(*words, "--as", "root", input=PASSWORD)
    record = AdminRecord.objects.get(action="keys.export")
    assert "sign.key" in record.new["keys"] and record.officer.login == "root"
    home = tmp_path / "新机器"
    back = ("keys", "import", package, "--home", home)
    assert "口令不对" in run(*back, "--password-stdin", input="不是这个口令不是这个口令", code=1)
    assert "已放回" in run(*back, input=PASSWORD + "\n")
    own = Path(settings.KEYS_DIR) / "sign.key"
    assert (home / "keys" / "sign.key").read_bytes() == own.read_bytes()
