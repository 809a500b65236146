"""依法清除之后：链照样相接，核验说“已依法清除”；冒充清除的查得出。"""

from __future__ import annotations

import json
from io import BytesIO

from PIL import Image

from jiezhi.base.accounts import secrets
from jiezhi.base.casework import actions, files, integrity, upkeep
from jiezhi.base.casework.disclosure import file_for
from jiezhi.base.casework.models import Case, CaseParty, Event, EvidenceFile, Payload
from jiezhi.base.casework.testing import START, Office
from jiezhi.base.casework.tests.lives import DAY, archivist, done, life, plain, tamper
from jiezhi.base.casework.tests.test_actions import dispatched


def erased(office: Office, *fields: str) -> Case:
    case = life(office)
    found = upkeep.erase(
        str(case.uid), fields, acting_officer=archivist(office), reason="本人申请", now=START + DAY
    )
    done(found)
    return Case.objects.get(pk=case.pk)


def test_erased_value_is_gone_and_the_case_still_verifies(office: Office) -> None:
    case = erased(office, "reporter")
    report = integrity.verify_database()
    assert report.ok, str(report)
    assert len(report.notes) == 1
    expected = f"{case.number}：第1号办理记录的“reporter”已依法清除（见第5号"
    assert plain(expected) in plain(report.notes[0])
    sealed = [secrets.decrypt(bytes(data)) for data in Payload.objects.values_list("sealed", flat=True)]
    assert all("13800001234" not in text and "张三" not in text for text in sealed)
    assert not CaseParty.objects.filter(case=case).exists()


def test_several_fields_and_plain_ones(office: Office) -> None:
    case = erased(office, "reporter", "subject", "spot")
    report = integrity.verify_database()
    assert report.ok, str(report)
    assert len(report.notes) == 3 and case.title == "已依法清除" and case.lon is None


def test_work_goes_on_after_an_erasure(office: Office) -> None:
    case = erased(office, "reporter")
    done(actions.act(str(case.uid), "close", acting_officer=office.dispatcher, now=START + 9 * DAY))
    assert integrity.verify_database().ok


def rewrite(event: Event, change: object, erased: dict[str, object] | None = None) -> None:
    """改一条内容：有钥匙的人也能这样改。"""
    row = Payload.objects.get(event=event)
    openings = json.loads(secrets.decrypt(bytes(row.sealed)))
    change(openings)  # type: ignore[operator]
    sealed = secrets.encrypt(json.dumps(openings, ensure_ascii=False))
    tamper(
        "UPDATE casework_payload SET sealed = %s, erased = %s WHERE event_id = %s",
        sealed,
        json.dumps(row.erased if erased is None else erased),
        event.pk,
    )


def kinds(report: integrity.Report) -> set[str]:
    return {fault.kind for fault in report.faults}


def test_a_value_removed_without_an_erasing_event(office: Office) -> None:
    event = Event.objects.get(case=life(office), seq=1)
    rewrite(event, lambda openings: openings.pop("reporter"))
    report = integrity.verify_database()
    assert "opening_missing" in kinds(report)
    assert any("第1号办理记录的“reporter”缺内容" in fault.say and fault.seq == 1 for fault in report.faults)


def test_a_pretended_erasure(office: Office) -> None:
    event = Event.objects.get(case=life(office), seq=1)
    pretended = {"reporter": {"by_seq": 4, "at": "2026-08-04T09:00:00+08:00"}}
    rewrite(event, lambda openings: openings.pop("reporter"), pretended)
    report = integrity.verify_database()
    assert "erasure_unsupported" in kinds(report)
    say = plain("称已依法清除，但没有哪条办理记录写明清除它")
    assert any(say in plain(fault.say) for fault in report.faults)


def test_an_erased_value_put_back(office: Office) -> None:
    case = life(office)
    event = Event.objects.get(case=case, seq=1)
    kept = json.loads(secrets.decrypt(bytes(Payload.objects.get(event=event).sealed)))["reporter"]
    upkeep.erase(
        str(case.uid), ["reporter"], acting_officer=archivist(office), reason="本人申请", now=START + DAY
    )
    rewrite(event, lambda openings: openings.update(reporter=kept))
    report = integrity.verify_database()
    assert "erasure_contradicted" in kinds(report)


def test_the_mark_of_an_erasure_pointing_elsewhere(office: Office) -> None:
    case = erased(office, "reporter")
    event = Event.objects.get(case=case, seq=1)
    wrong = {"reporter": {"by_seq": 2, "at": "2026-08-04T09:00:00+08:00"}}
    rewrite(event, lambda openings: None, wrong)
    assert "erasure_unsupported" in kinds(integrity.verify_database())


def test_erasing_a_photo_removes_the_file_and_still_verifies(office, django_capture_on_commit_callbacks):
    """清除材料字段：原件删去，办理记录写明是哪一份，全库核验通过；擅自删的仍被发现。"""
    picture = BytesIO()
    Image.new("RGB", (40, 30), "teal").save(picture, "JPEG")
    picture.seek(0)
    file = files.store(picture, "现场.jpg", kind="photo", acting_officer=office.clerk, now=START)
    EvidenceFile.objects.filter(pk=file.digest).update(lon=113.0, lat=23.0, taken_at=START)
    case = dispatched(office)
    done = actions.act(
        case.uid,
        "answer",
        acting_officer=office.clerk,
        inputs={"reply": "处理完毕了", "photos": [file.digest]},
        now=START + DAY,
    )
    assert done.ok, str(done)
    keeper = archivist(office)
    with django_capture_on_commit_callbacks(execute=True):
        erased = upkeep.erase(case.uid, ["photos"], acting_officer=keeper, reason="本人申请", now=START + DAY)
    assert erased.ok, str(erased)
    assert not files.path_of(file.digest).exists()
    row = EvidenceFile.objects.get(pk=file.digest)
    assert row.erased_at == START + DAY
    assert (row.name, row.lon, row.lat, row.taken_at) == ("", None, None, None), (
        "原文件名、拍摄时间地点也去掉"
    )
    assert integrity.verify_database().ok, str(integrity.verify_database())
    other = dispatched(office)
    Image.new("RGB", (41, 30), "navy").save(picture := BytesIO(), "JPEG")
    picture.seek(0)
    kept = files.store(picture, "另一张.jpg", kind="photo", acting_officer=office.clerk, now=START)
    actions.act(
        other.uid,
        "answer",
        acting_officer=office.clerk,
        inputs={"reply": "处理完毕了", "photos": [kept.digest]},
        now=START + DAY,
    )
    EvidenceFile.objects.filter(pk=kept.digest).update(erased_at=START)
    files.remove(kept.digest)
    report = integrity.verify_database()
    assert not report.ok and any("没有清除的办理记录" in fault.say for fault in report.faults)


def test_a_photo_also_used_elsewhere_only_loses_its_name(office: Office) -> None:
    """别的件也用着的材料留着；从这件来的原文件名去掉，从别的件来的不动。"""
    keeper = archivist(office)
    first, second = life(office), life(office)
    erase = {"acting_officer": keeper, "reason": "本人申请", "now": START + DAY}
    done(upkeep.erase(str(second.uid), ["photos"], **erase))
    assert EvidenceFile.objects.get().name == "red.jpg" and EvidenceFile.objects.get().erased_at is None
    third = life(office)
    done(upkeep.erase(str(first.uid), ["photos"], **erase))
    row = EvidenceFile.objects.get()
    assert row.name == "" and row.erased_at is None and files.path_of(row.pk).is_file()
    assert integrity.verify_database().ok and third.evidence.exists()


def test_an_erased_photo_is_given_to_nobody(office: Office) -> None:
    """页面、接口取材料都经这一处：看得见的才给，清除了的当作没有。"""
    keeper, case = archivist(office), life(office)
    digest = EvidenceFile.objects.get().pk
    found = file_for(office.clerk, str(case.uid), digest)
    assert found is not None and (found[0].pk, found[1].file.pk) == (case.pk, digest)
    assert file_for(office.stranger, str(case.uid), digest) is None
    assert file_for(office.clerk, str(case.uid), "0" * 64) is None
    done(
        upkeep.erase(str(case.uid), ["photos"], acting_officer=keeper, reason="本人申请", now=START + 2 * DAY)
    )
    assert file_for(office.clerk, str(case.uid), digest) is None
