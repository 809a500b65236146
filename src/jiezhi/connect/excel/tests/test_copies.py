"""留存的来表原件：加密，导完三十天删，依法清除时删；没有导完的留着。"""

from __future__ import annotations

import io
import os
import time
from datetime import timedelta
from typing import Any

import pytest

from jiezhi.base.accounts import secrets
from jiezhi.base.accounts.models import Officer
from jiezhi.base.casework import upkeep
from jiezhi.base.casework.models import Case
from jiezhi.base.casework.testing import Office
from jiezhi.base.casework.tests.lives import archivist
from jiezhi.connect.excel import actions, copies
from jiezhi.connect.excel.errors import SheetError
from jiezhi.connect.excel.models import ImportRow, ImportRun
from jiezhi.connect.excel.tests.sheets import HEAD, NOW, load, order

DAY = timedelta(days=1)
PHONE = "13900139000"


def sheet(*rows: Any) -> bytes:
    """一份 CSV：明文一眼看得到。"""
    lines = [HEAD, *rows]
    return "\n".join(",".join("" if one is None else str(one) for one in row) for row in lines).encode()


@pytest.fixture(name="archivist")
def _archivist(office: Office) -> Officer:
    return archivist(office)


def kept() -> list[str]:
    return sorted(path.name for path in copies.folder().iterdir())


def test_the_copy_is_sealed(office: Office) -> None:
    content = sheet(order("GZ001", 联系电话=PHONE), order("GZ002", 标题=""))
    assert PHONE.encode() in content
    run, _ = load(office, content, name="工单.csv")
    path = copies.path_of(run)
    assert path is not None and path.stat().st_mode & 0o077 == 0
    assert PHONE.encode() not in path.read_bytes() and "路灯".encode() not in path.read_bytes()
    assert copies.read(run) == content
    assert actions.write_error_report(run, io.BytesIO()) == 1, "没有导入的行照样退得回去"
    again, _ = load(office, content, name="工单.csv")
    assert again.stored == run.stored and len(kept()) == 1


def test_a_copy_that_was_altered_or_lost_is_not_used(office: Office) -> None:
    run, _ = load(office, sheet(order("GZ001", 标题="")), name="工单.csv")
    path = copies.path_of(run)
    assert path is not None
    data = path.read_bytes()
    path.write_bytes(data[:-1] + bytes([data[-1] ^ 1]))
    with pytest.raises(SheetError, match="读不出来"):
        copies.read(run)
    path.write_bytes(secrets.encrypt_bytes(b"another"))
    with pytest.raises(SheetError, match="不一致"):
        copies.read(run)
    path.unlink()
    with pytest.raises(SheetError, match="重新上传"):
        actions.write_error_report(run, io.BytesIO())


def test_thirty_days_after_it_is_done_it_goes(
    office: Office, settings: Any, django_capture_on_commit_callbacks: Any
) -> None:
    done, _ = load(office, sheet(order("GZ001")), name="一.csv")
    waiting = actions.start_import(
        "hotline.order", sheet(order("GZ002")), acting_officer=office.dispatcher, now=NOW, name="二.csv"
    )

    def swept(now: Any) -> list[str]:
        with django_capture_on_commit_callbacks(execute=True):
            copies.sweep(now)
        return kept()

    assert swept(NOW + 29 * DAY) == sorted([done.stored, waiting.stored])
    settings.IMPORT_KEEP_DAYS = 60
    assert len(swept(NOW + 31 * DAY)) == 2
    settings.IMPORT_KEEP_DAYS = 30
    assert swept(NOW + 31 * DAY) == [waiting.stored], "没有导完的留着"
    done.refresh_from_db()
    assert done.stored == "" and ImportRow.objects.filter(run=done).count() == 1, "逐行的结果留着"
    assert actions.run_import(waiting, now=NOW + 31 * DAY).opened == 1


def test_the_same_file_imported_again_stays_as_long_as_the_later(
    office: Office, django_capture_on_commit_callbacks: Any
) -> None:
    first, _ = load(office, sheet(order("GZ001")), name="一.csv")
    second, _ = load(office, sheet(order("GZ001")), name="一.csv")
    ImportRun.objects.filter(pk=second.pk).update(finished_at=NOW + 20 * DAY)
    with django_capture_on_commit_callbacks(execute=True):
        copies.sweep(NOW + 31 * DAY)
    assert kept() == [first.stored]
    with django_capture_on_commit_callbacks(execute=True):
        copies.sweep(NOW + 51 * DAY)
    assert kept() == []


def test_strays_go_too(office: Office) -> None:
    """存了没有记下就断电的：第二天删，刚存的不动。"""
    copies.store(b"old")
    copies.store(b"new")
    past = time.time() - 2 * copies.STRAY
    old = next(one for one in copies.folder().iterdir() if secrets.decrypt_bytes(one.read_bytes()) == b"old")
    os.utime(old, (past, past))
    copies.sweep(NOW)
    assert [secrets.decrypt_bytes((copies.folder() / one).read_bytes()) for one in kept()] == [b"new"]


def test_erased_by_law_the_copy_goes_with_it(
    office: Office, archivist: Officer, django_capture_on_commit_callbacks: Any
) -> None:
    load(office, sheet(order("GZ001", 联系电话=PHONE)), name="试.csv", dry_run=True)
    run, _ = load(office, sheet(order("GZ001", 联系电话=PHONE), order("GZ002")), name="一.csv")
    other, _ = load(office, sheet(order("GZ003")), name="二.csv")
    assert len(kept()) == 3
    case = next(one for one in Case.objects.all() if ImportRow.objects.get(run=run, row=2).case == one.uid)
    with django_capture_on_commit_callbacks(execute=True):
        done = upkeep.erase(
            str(case.uid), ["reporter"], acting_officer=archivist, reason="来电人要求删除", now=NOW
        )
    assert done.ok, str(done)
    assert kept() == [other.stored], "试导的那份也有他"
    assert set(ImportRun.objects.values_list("stored", flat=True)) == {"", other.stored}
    assert ImportRow.objects.filter(run=run).count() == 2


def test_not_erased_nothing_goes(office: Office, archivist: Officer) -> None:
    """没有办成的清除退回，原件还在。"""
    run, _ = load(office, sheet(order("GZ001")), name="一.csv")
    case = Case.objects.get()
    done = upkeep.erase(str(case.uid), ["没有的"], acting_officer=archivist, reason="要求", now=NOW)
    assert not done.ok and kept() == [run.stored]
