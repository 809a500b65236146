"""件页面的分寸：看不见的不说出来，没有看过的不办，办不成的不收材料，系统填的不算人填的。"""

from __future__ import annotations

import re

import pytest
from django.urls import reverse

from jiezhi.base.casework import actions
from jiezhi.base.casework.models import Event, EvidenceFile
from jiezhi.base.casework.outcome import Outcome
from jiezhi.web.office.testing import Street
from jiezhi.web.office.tests.test_casepage import TOKEN, Enter, Make, act, hidden, page_of, photo


def test_a_merged_case_names_the_other_only_to_those_who_see_it(
    enter: Enter, report: Make, street: Street
) -> None:
    main, other = report(), report("东桥路12号路灯不亮了")
    for case, unit in ((main, "law"), (other, "civil")):
        assert actions.act(case.uid, "dispatch", acting_officer=street["fenbo"], inputs={"to_unit": unit}).ok
    done = actions.merge(main.uid, [other.uid], acting_officer=street["fenbo"], reason="同一处路灯")
    assert all(result.ok for result in done), done
    seen = page_of(enter("fenbo"), other)
    assert "请到" in seen and reverse("office:case", args=[main.uid]) in seen
    unseen = page_of(enter("minzheng"), other)
    assert "您看不到那一件" in unseen and main.number not in unseen and main.uid not in unseen


@pytest.mark.parametrize("version", [None, "", "0", "99", "-1", "九", "1e3", "9" * 40])
def test_without_the_version_one_saw_nothing_is_done(enter: Enter, report: Make, version: str | None) -> None:
    case = report()
    data = {"token": TOKEN, "f-demand": "今天办完", "version": version}
    address = reverse("office:act", args=[case.uid, "urge"])
    sent = {name: value for name, value in data.items() if value is not None}
    answer = enter("fenbo").post(address, sent)
    text = answer.content.decode()
    assert answer.status_code == 422 and "请刷新后再办" in text and "今天办完" in text
    assert not Event.objects.filter(case__uid=case.uid, action="urge").exists()
    again = {**sent, "version": hidden(text, "version"), "token": "f" * 32}
    assert enter("fenbo").post(address, again).status_code == 302


def test_who_may_not_act_stores_no_files(enter: Enter, handed: Make, report: Make) -> None:
    case = handed()
    stranger = {"f-reply": "已经处理了", "f-after_photos": photo()}
    refused = act(enter("duban"), case, "answer", **stranger)
    assert refused.status_code == 422 and "要由" in refused.content.decode()
    early = act(enter("fenbo"), report("乙处垃圾"), "answer", **stranger)
    assert early.status_code == 422
    lost = act(enter("jingban"), case, "answer", **{**stranger, "f-after_photos": photo(), "version": "999"})
    assert lost.status_code == 422
    assert not EvidenceFile.objects.exists()


def test_one_who_was_second_is_told_before_his_files_are_stored(
    enter: Enter, handed: Make, street: Street
) -> None:
    case = handed()
    returned = actions.act(case.uid, "return", acting_officer=street["jingban"], reason="属住建部门")
    assert returned.ok
    again = actions.act(case.uid, "dispatch", acting_officer=street["fenbo"], inputs={"to_unit": "law"})
    assert again.ok
    sent = {"f-reply": "已经处理了", "f-after_photos": photo(), "version": str(case.seq)}
    answer = act(enter("jingban"), case, "answer", **sent)
    text = answer.content.decode()
    assert answer.status_code == 422 and "您打开之后这件已有变动" in text and "已经处理了" in text
    assert not EvidenceFile.objects.exists()


def test_sending_files_twice_is_still_done_once(enter: Enter, handed: Make) -> None:
    case = handed()
    for colour in ("green", "green"):
        sent = {"f-reply": "已经处理了", "f-after_photos": photo(colour), "version": str(case.seq)}
        assert act(enter("jingban"), case, "answer", **sent).status_code == 302
    assert Event.objects.filter(case__uid=case.uid, action="answer").count() == 1


def test_what_the_system_filled_in_is_marked(
    enter: Enter, street: Street, monkeypatch: pytest.MonkeyPatch
) -> None:
    from jiezhi.base.casework.extensions import extensions

    monkeypatch.setitem(extensions.facts, "classify.category", lambda context: "城乡建设/市政设施")
    for content, given in (("路灯不亮", {}), ("路灯又不亮", {"category": "城乡建设/占道经营"})):
        case = actions.open_case(
            "report.snapshot",
            "report",
            acting_officer=street["wangge"],
            inputs={"content": content, **given},
        )
        assert isinstance(case, Outcome), str(case)
        text = page_of(enter("fenbo"), case)
        shown = re.search(
            r"<dt[^>]*>诉求类别</dt><dd[^>]*>[^<]*(<span[^>]*>系统建议</span>)?",
            text[text.index("办理记录") :],
        )
        assert shown and bool(shown[1]) is not bool(given)
