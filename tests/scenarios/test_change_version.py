"""换版：网络问政的新规定要求答复先经法制审看，正在办的件改按新版办；凭空认出审看的映射不行；办结的件照旧。"""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings

from jiezhi.base.accounts.models import Officer, Post
from jiezhi.base.casework import matters, versions
from jiezhi.base.casework.integrity import verify_database
from jiezhi.base.casework.models import Case, MatterVersion
from jiezhi.base.casework.outcome import Refused
from jiezhi.base.registry.models import Appointment
from jiezhi.core.procedure.change import ChangeDecl
from jiezhi.core.procedure.definition import Definition
from jiezhi.core.procedure.loader import load_matter
from jiezhi.core.procedure.verifier import verify
from jiezhi.core.procedure.verifier.change import verify_change
from jiezhi.web.office.testing import packs

HEAD = ["留言编号", "留言用户", "留言主题", "留言时间", "留言详情"]
REPLY = "您好，筹备组已于七月成立，名单张贴在小区公告栏，感谢您的关心。"
WHY = {"reason": "答复发布前增加法制审看", "basis": "本街道办公会议定"}


def revised() -> Definition:
    """新版：拟好的答复稿先由法制审核员看过，才到“待审看”；“办理中”改称“承办中”。"""
    text = Path(settings.PACKS_DIR, "online", "consult.yaml").read_text(encoding="utf-8")
    swaps = [
        ("handling: {title: 办理中}", "working: {title: 承办中}\n  reviewing: {title: 待法制审看}"),
        ("working: handling", "working: working"),
        ("from: handling", "from: working"),
        ("to: handling", "to: working"),
        (
            "    means: note\n    from: working\n    to: drafted",
            "    means: note\n    from: working\n    to: reviewing",
        ),
        ("clears: [note]", "clears: [note, review]"),
        ("needs: [done.dispatch, done.note, ", "needs: [done.dispatch, done.note, done.review, "),
        ("  note: {rests_on: [content]}", "  note: {rests_on: [content]}\n  review: {rests_on: [content]}"),
        (
            "actions:\n",
            "actions:\n  legal:\n    title: 法制审看通过\n    means: review\n    from: reviewing\n    to: drafted\n"
            "    by: post.legal_reviewer\n    needs: done.note\n    basis: office.review\n",
        ),
    ]
    for old, new in swaps:
        assert old in text, old
        text = text.replace(old, new)
    found = load_matter(text, packs()).definition
    assert not [str(one) for one in verify(found) if one.is_error]
    return found


def someone(desk: Any, post: str, login: str, name: str) -> Officer:
    clerk = desk.person("unit_clerk", "construction")
    unit = Appointment.objects.filter(officer=clerk).latest("pk").unit
    officer = Officer.objects.create(login=login, name=name, staff_kind="established", password="!")
    held, _ = Post.objects.get_or_create(code=post, defaults={"title": name})
    Appointment.objects.create(
        officer=officer, post=held, unit=unit, valid_from=datetime(2020, 1, 1, tzinfo=UTC)
    )
    return officer


@pytest.fixture
def messages(desk: Any) -> list[Case]:
    """三条留言：一条办理中，一条待审看，一条已办结。"""
    rows = [[f"LY-{n}", "桥边客", f"物业{n}", "2026-08-02 21:10:00", "没有回音"] for n in (1, 2, 3)]
    assert desk.imports("online.message", desk.person("hotline_clerk"), HEAD, *rows).opened == 3
    desk.worker()
    cases = [Case.objects.get(number=f"LY-{n}") for n in (1, 2, 3)]
    clerk, chief = desk.person("unit_clerk", "construction"), desk.person("unit_chief", "construction")
    for case in cases:
        desk.does(case, desk.person("dispatcher"), "派给责任单位", 承办单位="construction")
        desk.does(case, clerk, "签收")
    for case in cases[1:]:
        desk.does(case, clerk, "拟好答复稿", 答复稿=REPLY)
    desk.does(cases[2], chief, "审看通过，答复", 答复意见=REPLY)
    desk.does(cases[2], desk.resident, "评价满意", 满意度=5)
    assert [case.state for case in cases] == ["handling", "drafted", "closed"]
    return cases


@pytest.fixture
def new(desk: Any, messages: list[Case]) -> MatterVersion:
    return matters.publish(revised(), now=desk.now)


# 新版里，经过审看的答复稿才算数：已经答复又重办的，旧的答复稿作废，重新拟稿、审看。
CLEARS = {"new": ["note"], "handling": ["note"], "answered": ["note"]}


def decl(**names: Any) -> ChangeDecl:
    return ChangeDecl.model_validate(
        {**WHY, "clears": CLEARS, "states": {"handling": "working", "drafted": "reviewing"}, **names}
    )


def test_running_cases_go_on_by_the_new_version(desk: Any, messages: list[Case], new: MatterVersion) -> None:
    going, drafted, closed = messages
    chief, head = desk.person("unit_chief", "construction"), someone(desk, "office_head", "zhuren", "周主任")
    before = desk.clock(going, "答复").due_at
    desk.at(8, 4)
    found = versions.change_all("online.message", decl(), acting_officer=head, now=desk.now)
    assert [(one.number, one.ok) for one in found] == [("LY-1", True), ("LY-2", True)], "办结的不在其中"
    for case in messages:
        case.refresh_from_db()
    assert [case.state for case in messages] == ["working", "reviewing", "closed"]
    assert desk.clock(going, "答复").due_at == before, "换版不重新起算时限"
    assert desk.steps(drafted)[-1] == "换版" and desk.steps(drafted)[-2] == "拟好答复稿"
    assert "现在是“待法制审看”" in desk.refused(drafted, chief, "审看通过，答复", 答复意见=REPLY)
    desk.does(drafted, someone(desk, "legal_reviewer", "fazhi", "钱法制"), "法制审看通过")
    desk.does(drafted, chief, "审看通过，答复", 答复意见=REPLY)
    desk.does(drafted, desk.resident, "评价满意", 满意度=4)
    assert drafted.closed_at is not None and drafted.version_id == new.pk
    assert closed.version_id != new.pk, "办结的件照原版留存"
    said = versions.change_version(str(closed.uid), new, decl(), acting_officer=head, now=desk.now)
    assert isinstance(said, Refused) and "已经办结的件不换版" in str(said)
    desk.same(*messages)
    desk.package(drafted, chief)
    assert not [str(one) for one in verify_database().faults]


DODGES: dict[str, dict[str, Any]] = {
    "不能在换版时作废": {"meanings": {"defend": "drop", "review_defence": "drop"}},
    "“要求听证”不能在换版时作废": {
        "states": {"hearing": "hearing_out"},
        "clears": {"hearing": ["request_hearing", "notify_hearing", "hear", "drop_hearing"]},
    },
    "“复议诉讼”不能在换版时作废": {"meanings": {"dispute": "drop"}},
    "换版不能停它": {"clocks": {"decide": "end"}},
    "两版都有的字段各是各的": {"fields": {"facts": "legal_basis", "legal_basis": "facts"}},
}


@pytest.mark.parametrize("said", DODGES)
def test_a_penalty_keeps_what_the_party_said_and_what_the_law_counts(said: str) -> None:
    """处罚案件换到只改了名称的新版：申辩、听证要求、诉讼抹不掉，九十日停不掉，事实换不成别的。"""
    text = Path(settings.PACKS_DIR, "enforcement", "penalty.yaml").read_text(encoding="utf-8")
    old = load_matter(text, packs(), "enforcement/penalty.yaml").definition
    renamed = text.replace("title: 行政处罚（普通程序）", "title: 行政处罚（普通程序，新版）", 1)
    new = load_matter(renamed, packs(), "enforcement/penalty.yaml").definition
    assert old.digest != new.digest
    wrong = verify_change(old, new, ChangeDecl.model_validate({**WHY, **DODGES[said]}))
    assert any(said in one.say and one.is_error for one in wrong), [one.say for one in wrong]
    assert not [one.say for one in verify_change(old, new, ChangeDecl.model_validate(WHY)) if one.is_error]


def test_a_map_that_skips_the_new_review_is_refused(
    desk: Any, messages: list[Case], new: MatterVersion
) -> None:
    going, drafted, _ = messages
    head = someone(desk, "power_keeper", "quanze", "吴权责")
    old = matters.definition_of(going.version)
    skipping = decl(states={"handling": "working"})
    wrong = [one for one in verify_change(old, matters.definition_of(new), skipping) if one.is_error]
    assert [one.code for one in wrong] and {one.code for one in wrong} == {"change.unreachable"}
    assert "拟好答复稿" in wrong[0].path and "可以改映射到“待法制审看”" in wrong[0].say
    with pytest.raises(versions.Unchangeable):
        versions.change_all("online.message", skipping, acting_officer=head, now=desk.now)
    conjured = decl(states={"handling": "working"}, meanings={"note": "review"})
    with pytest.raises(versions.Unchangeable):
        versions.change_all("online.message", conjured, acting_officer=head, now=desk.now)
    drafted.refresh_from_db()
    assert drafted.state == "drafted" and desk.steps(drafted)[-1] == "拟好答复稿"
    desk.same(*messages)
