"""材料的清扫：断电留下的、没人用的、转换到一半的。"""

from __future__ import annotations

import io
import os
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from jiezhi.base.casework import actions, chores, files
from jiezhi.base.casework.models import EvidenceFile
from jiezhi.base.casework.testing import START, Office
from jiezhi.base.casework.tests.lives import DAY, photo_bytes
from jiezhi.base.casework.tests.storing import left, store
from jiezhi.core.evidence import sm3_hex

pytestmark = pytest.mark.django_db


def test_sweep_takes_only_what_is_a_day_old(folder: Path) -> None:
    uploading = folder / "uploading"
    uploading.mkdir(parents=True)
    for name, age in (("old.part", timedelta(hours=25)), ("new.part", timedelta(hours=23))):
        (uploading / name).write_bytes(b"x")
        moment = (START - age).timestamp()
        os.utime(uploading / name, (moment, moment))
    assert files.sweep(START) == 1
    assert left(folder) == ["uploading/new.part"]
    assert files.unknown_files() == []


def test_sweep_takes_what_was_never_used(office: Office) -> None:
    """没有用上的两天后连登记一起清掉；用过的、清除过的、刚又传来的不动。"""
    from jiezhi.base.casework.tests.lives import done
    from jiezhi.base.casework.tests.test_actions import dispatched

    used, idle, again = (
        store(photo_bytes(colour), f"{colour}.jpg", officer=office.clerk)
        for colour in ("red", "blue", "green")
    )
    case = dispatched(office)
    inputs = {"reply": "处理完毕了", "photos": [used.pk]}
    done(actions.act(case.uid, "answer", acting_officer=office.clerk, inputs=inputs, now=START + DAY))
    assert files.sweep(START + 2 * DAY) == 0
    later = START + 2 * DAY + timedelta(minutes=1)
    stream = io.BytesIO(photo_bytes("green"))
    fresh = files.store(stream, "再传.jpg", kind="photo", acting_officer=office.clerk, now=later)
    assert (fresh.pk, fresh.name, fresh.uploaded_by) == (again.pk, "再传.jpg", office.clerk)
    assert files.sweep(later) == 1
    assert set(EvidenceFile.objects.values_list("pk", flat=True)) == {used.pk, again.pk}
    assert not files.path_of(idle.pk).exists() and files.audit() == files.Audit((), (), ())


def test_what_residents_never_used_goes_within_hours(office: Office) -> None:
    """居民谁都能传，六小时没有用上就清；每小时清一次。人员传了还没有用上的，居民又传同样的一份，不跟着早清。"""
    mine, theirs = store(photo_bytes("red"), officer=office.clerk), store(photo_bytes("blue"))
    assert store(photo_bytes("red"), "居民的.jpg").uploaded_by == office.clerk
    hourly = chores._chores["清扫没有用的材料"]
    assert hourly.every == timedelta(hours=1)
    hourly.work(START + files.UNCLAIMED)
    assert files.path_of(theirs.pk).exists()
    hourly.work(START + files.UNCLAIMED + timedelta(minutes=1))
    assert not files.path_of(theirs.pk).exists() and list(EvidenceFile.objects.all()) == [mine]
    assert files.sweep(START + 2 * DAY) == 0
    assert files.sweep(START + 2 * DAY + timedelta(minutes=1)) == 1


def test_bytes_kept_while_swept_are_put_back(monkeypatch: pytest.MonkeyPatch) -> None:
    """登记的当口同样内容的旧文件被清扫了：手上的这份补进去，不会有登记而没有文件。"""
    row = store(photo_bytes())
    register = files._register

    def swept_meanwhile(digest: str, *more: Any) -> EvidenceFile:
        files.remove(digest)
        return register(digest, *more)

    monkeypatch.setattr(files, "_register", swept_meanwhile)
    store(photo_bytes())
    assert files.path_of(row.pk).is_file() and files.audit() == files.Audit((), (), ())


def test_power_cut_before_the_row_leaves_a_file_that_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    def cut(*_args: object) -> None:
        raise RuntimeError("断电")

    monkeypatch.setattr(files, "_register", cut)
    with pytest.raises(RuntimeError):
        store(photo_bytes())
    digest = sm3_hex(photo_bytes())
    assert files.audit().unknown == (f"{digest[:2]}/{digest}",)
    monkeypatch.undo()
    store(photo_bytes())  # 重新上传就接上了
    assert files.audit() == files.Audit((), (), ())


def test_missing_file_is_found() -> None:
    row = store(photo_bytes())
    files.path_of(row.pk).unlink()
    assert files.audit().missing == (row.pk,)
    with pytest.raises(FileNotFoundError):
        files.open_file(row)


def test_half_converted_papers_are_swept_too(folder: Path) -> None:
    """转换时断电留下的文件夹里是明文，一天后连同里面的一起收走。"""
    for name, age in (("jiezhi-doc-old", timedelta(hours=25)), ("jiezhi-doc-new", timedelta(hours=1))):
        made = files.workplace() / name
        made.mkdir()
        (made / "a.docx").write_bytes(b"x")
        moment = (START - age).timestamp()
        os.utime(made, (moment, moment))
    assert files.sweep(START) == 1
    assert left(folder) == ["uploading/jiezhi-doc-new/a.docx"]
    assert files.unknown_files() == []
