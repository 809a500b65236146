"""jiezhi backup / restore / keys：说的话，出错怎样说。真的备份、恢复在 tests/faults。"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from django.conf import settings

from jiezhi.base.accounts.models import AdminRecord, Officer, Post
from jiezhi.base.archive import restoring
from jiezhi.base.casework import files
from jiezhi.base.casework.models import EvidenceFile
from jiezhi.base.casework.testing import START, make_office
from jiezhi.base.casework.tests.lives import DAY, life
from jiezhi.base.registry.models import Appointment
from jiezhi.cli import backups
from jiezhi.cli.main import main
from jiezhi.config import keys
from jiezhi.config.testing import private_database
from jiezhi.core.evidence import Ed25519Signer, fingerprint

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
    assert "请写上 --key" in run("restore", root, "--home", home, code=1), "没有人可问"
    assert "要同时写 --key" in run("restore", root, "--home", home, "--yes", code=1)
    assert "不是这把钥匙签的" in run("restore", root, "--home", home, "--key", "00" * 32, "--yes", code=1)
    monkeypatch.setattr(backups, "_someone_here", lambda: True)
    said = run("restore", root, "--home", home, code=1, input="n\n")
    assert restoring.look(root).mark in said and "没有确认" in said and not home.exists()
    said = run("restore", root, "--home", home, input="y\n")
    assert "keys import" in said and "verify --database" in said and (home / "keys" / keys.AWAITING).exists()
    own = restoring.look(root).public_key.hex()
    assert "不是空的" in run("restore", root, "--home", home, "--key", own, code=1)


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
    said = run(*words, "--as", "root", input=PASSWORD)
    own = Ed25519Signer.from_seed((Path(settings.KEYS_DIR) / "sign.key").read_bytes()).public_key
    assert "不要与备份放在一起" in said and fingerprint(own) in said and own.hex() in said
    record = AdminRecord.objects.get(action="keys.export")
    assert "sign.key" in record.new["keys"] and record.officer.login == "root"
    home = tmp_path / "新机器"
    back = ("keys", "import", package, "--home", home)
    assert "口令不对" in run(*back, "--password-stdin", input="不是这个口令不是这个口令", code=1)
    assert "已放回" in run(*back, input=PASSWORD + "\n")
    kept = Path(settings.KEYS_DIR) / "sign.key"
    assert (home / "keys" / "sign.key").read_bytes() == kept.read_bytes()


def test_a_forged_name_cannot_rewrite_the_screen(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(settings, "OFFICE_NAME", "云桥\u3000街道\x1b[2K\r签名的公钥指纹 0000")
    run("backup", root)
    said = run("restore", root, "--check")
    assert "云桥\u3000街道?[2K?签名" in said and "\x1b" not in said


def test_keys_kept_elsewhere(root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """钥匙目录另放的（JIEZHI_KEYS）：放回之前哪一处也不另造；放回就放到程序看的那一处。"""
    package, home, elsewhere = tmp_path / "钥匙包", tmp_path / "新机器", tmp_path / "另处"
    run("keys", "export", package, "--password-stdin", "--as", "root", input=PASSWORD)
    run("backup", root)
    for name, value in private_database(home).items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("JIEZHI_HOME", str(home))
    monkeypatch.setenv("JIEZHI_KEYS", str(elsewhere))
    own = restoring.look(root).public_key.hex()
    run("restore", root, "--home", home, "--key", own, "--yes")
    with pytest.raises(keys.KeysAwaited):
        keys.load_or_create(keys.folder() / "data.key", 16)
    with pytest.raises(keys.KeysAwaited):
        keys.load_or_create(home / "keys" / "data.key", 16)
    with pytest.raises(keys.KeysAwaited):
        keys.load_or_create(tmp_path / "恢复之后才改的" / "data.key", 16)
    run("keys", "import", package, "--home", home, "--password-stdin", input=PASSWORD)
    assert (elsewhere / "sign.key").exists() and not list(tmp_path.rglob(keys.AWAITING))
    assert len(keys.load_or_create(elsewhere / "later.key", 32)) == 32, "以后要的新钥匙照样造得出"
