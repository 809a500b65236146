"""案卷包：真办的件写出来，离开系统也能核验；改一个字节就不通过；谁能写、敏感内容怎样记。"""

from __future__ import annotations

import json
import os
import random
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

import jiezhi
from jiezhi.base.accounts.errors import NotAllowed
from jiezhi.base.accounts.models import AdminRecord, SensitiveRead
from jiezhi.base.archive import actions
from jiezhi.base.archive.actions import ArchiveRefused
from jiezhi.base.casework import actions as casework
from jiezhi.base.casework import files, upkeep
from jiezhi.base.casework.models import Case, EvidenceUse, Payload
from jiezhi.base.casework.testing import START, Office
from jiezhi.base.casework.tests.lives import DAY, archivist, done, life, plain, tamper
from jiezhi.core.evidence import PackageRefused, sm3_hex, verify_package


def write(case: Case, path: Path, office: Office) -> Path:
    actions.write_case_package(
        case, path, acting_officer=office.clerk, now=START + DAY, reveal=True, reason="移送法院"
    )
    return path


def member(path: Path, name: str) -> bytes:
    with zipfile.ZipFile(path) as archive:
        return archive.read(name)


PROGRAM = """
import json, sys
from jiezhi.core.evidence import verify_package
report = verify_package(sys.argv[1])
assert "django" not in sys.modules
print(json.dumps({"ok": report.ok, "faults": [f.say for f in report.faults], "notes": report.notes,
                  "facts": dict(report.facts)}))
"""


def test_verifies_elsewhere_without_the_system(office: Office, tmp_path: Path) -> None:
    case = life(office)
    actions.make_checkpoint(now=START + DAY)
    path = write(case, tmp_path / "案卷.zip", office)
    source = str(Path(next(iter(jiezhi.__path__))).parent)
    environment = {
        key: value for key, value in os.environ.items() if not key.startswith(("DJANGO", "JIEZHI"))
    }
    answer = subprocess.run(
        [sys.executable, "-c", PROGRAM, str(path)],
        capture_output=True,
        check=True,
        cwd=tmp_path,
        env=environment | {"PYTHONPATH": source, "PYTHONIOENCODING": "utf-8"},
    )
    found = json.loads(answer.stdout)
    assert found["ok"], found["faults"]
    assert found["facts"]["events"] == 4 and found["facts"]["files"] == 1
    assert found["facts"]["case"] == str(case.uid) and found["facts"]["covered_to"] == 4


def test_contents_of_the_package(office: Office, tmp_path: Path) -> None:
    case = life(office)
    path = write(case, tmp_path / "案卷.zip", office)
    header = json.loads(member(path, "case.json"))
    assert (header["number"], header["state_title"], header["unit"]) == (case.number, "已答复", "law")
    definition = sm3_hex(member(path, "definition.json"))
    events = [json.loads(json.loads(line)["body"]) for line in member(path, "events.jsonl").splitlines()]
    assert {event["definition"] for event in events} == {definition}
    openings = json.loads(member(path, "openings.json"))
    assert openings["1"]["openings"]["reporter"]["value"]["phone"] == "13800001234"
    digest = EvidenceUse.objects.get(case=case).file_id
    assert sm3_hex(member(path, f"files/{digest}")) == digest


def test_covered_part_and_the_rest(office: Office, tmp_path: Path) -> None:
    case = life(office)
    assert "没有附存证点" in " ".join(verify_package(write(case, tmp_path / "a.zip", office)).notes)
    actions.make_checkpoint(now=START + DAY)
    done(casework.act(str(case.uid), "close", acting_officer=office.dispatcher, now=START + 9 * DAY))
    report = verify_package(write(case, tmp_path / "b.zip", office))
    assert report.ok and report.facts["covered_to"] == 4 and report.facts["events"] == 5
    newer = life(office, "灯坏了", "blue")  # 还没有存证的件
    report = verify_package(write(newer, tmp_path / "c.zip", office))
    assert report.ok and report.facts["covered_to"] == 0


def test_any_flipped_byte_fails(office: Office, tmp_path: Path) -> None:
    case = life(office)
    actions.make_checkpoint(now=START + DAY)
    path = write(case, tmp_path / "案卷.zip", office)
    beside = path.with_name(path.name + ".sig")
    assert verify_package(path).ok
    rng = random.Random(20260803)
    whole, signature = path.read_bytes(), beside.read_bytes()
    places = [(path, whole, at) for at in sorted(rng.sample(range(len(whole)), 320))]
    places += [(beside, signature, at) for at in range(len(signature))]
    for file, original, at in places:
        changed = bytearray(original)
        changed[at] ^= rng.randrange(1, 256)
        file.write_bytes(changed)
        report = verify_package(path)
        assert not report.ok and report.faults, (file.name, at)
        file.write_bytes(original)
    assert verify_package(path).ok


def test_erased_content_says_so(office: Office, tmp_path: Path) -> None:
    case = life(office)
    officer = archivist(office)
    done(
        upkeep.erase(str(case.uid), ["reporter"], acting_officer=officer, reason="本人申请", now=START + DAY)
    )
    case.refresh_from_db()
    path = tmp_path / "案卷.zip"
    # 敏感内容已清除，不必再写理由，也没有可记的查看。
    actions.write_case_package(case, path, acting_officer=office.clerk, now=START + 2 * DAY, reveal=False)
    report = verify_package(path)
    assert report.ok, report.faults
    assert any("第1号办理记录的“reporter”已依法清除(见第5号" in plain(note) for note in report.notes)
    assert b"13800001234" not in b"".join(member(path, name) for name in zipfile.ZipFile(path).namelist())
    assert not SensitiveRead.objects.exists()


def test_related_cases_are_listed(office: Office, tmp_path: Path) -> None:
    master, other = life(office), life(office, "灯坏了", "blue")
    hidden = life(office, "灯黑", "green")
    uids = [str(other.uid), str(hidden.uid)]
    casework.merge(
        str(master.uid), uids, acting_officer=office.dispatcher, reason="同一盏灯", now=START + DAY
    )
    Case.objects.filter(pk=hidden.pk).update(confidential=True)
    hidden.role_rows.all().delete()
    path = write(Case.objects.get(pk=master.pk), tmp_path / "a.zip", office)
    header = json.loads(member(path, "case.json"))
    assert [one["number"] for one in header["merged"]] == [other.number]
    assert header["merged_not_shown"] == 1 and header["children"] == []
    path = write(Case.objects.get(pk=other.pk), tmp_path / "b.zip", office)
    assert [one["number"] for one in json.loads(member(path, "case.json"))["merged_into"]] == [master.number]


def test_only_those_who_see_the_case(office: Office, tmp_path: Path) -> None:
    case = life(office)
    with pytest.raises(NotAllowed):
        actions.write_case_package(
            case,
            tmp_path / "a.zip",
            acting_officer=office.stranger,
            now=START,
            reveal=True,
            reason="随便看看",
        )
    office.clerk.is_active = False
    with pytest.raises(NotAllowed):
        write(case, tmp_path / "a.zip", office)
    assert list(tmp_path.glob("*.zip*")) == [] and not SensitiveRead.objects.exists()


def test_sensitive_content_needs_a_reason_and_is_logged(office: Office, tmp_path: Path) -> None:
    case = life(office)
    path = tmp_path / "a.zip"
    with pytest.raises(ArchiveRefused, match="有敏感内容.*来件人"):
        actions.write_case_package(case, path, acting_officer=office.clerk, now=START, reveal=False)
    with pytest.raises(ArchiveRefused, match="写明导出理由"):
        actions.write_case_package(
            case, path, acting_officer=office.clerk, now=START, reveal=True, reason=" 看 "
        )
    assert not path.exists() and not SensitiveRead.objects.exists() and not AdminRecord.objects.exists()
    write(case, path, office)
    read = SensitiveRead.objects.get()
    assert (read.officer, read.field, read.field_title) == (office.clerk, "reporter", "来件人")
    assert read.reason == "导出案卷包：移送法院" and read.case_number == case.number
    record = AdminRecord.objects.get(action="archive.package")
    assert record.new == {"events": 4, "files": 1, "sensitive": ["reporter"]} and record.target_id == str(
        case.pk
    )


def test_a_damaged_case_is_not_signed(office: Office, tmp_path: Path) -> None:
    case = life(office)
    path = tmp_path / "a.zip"
    digest = EvidenceUse.objects.get(case=case).file_id
    original = files.path_of(digest).read_bytes()
    files.path_of(digest).unlink()
    with pytest.raises(ArchiveRefused, match="第4号办理记录的材料.*不见了"):
        write(case, path, office)
    files.path_of(digest).write_bytes(original)
    kept = bytes(Payload.objects.get(event__case=case, event__seq=1).sealed)
    tamper(
        "UPDATE casework_payload SET sealed = %s WHERE event_id IN (SELECT id FROM casework_event WHERE seq = 1)",
        b"x" * 60,
    )
    with pytest.raises(ArchiveRefused, match="第1号办理记录的填报内容读不出"):
        write(case, path, office)
    tamper(
        "UPDATE casework_payload SET sealed = %s WHERE event_id IN (SELECT id FROM casework_event WHERE seq = 1)",
        kept,
    )
    tamper("UPDATE casework_event SET digest = %s WHERE seq = 2", b"\1" * 32)
    with pytest.raises(PackageRefused, match="第2号办理记录的摘要被改动"):
        write(case, path, office)
    assert list(tmp_path.glob("*.zip*")) == []
