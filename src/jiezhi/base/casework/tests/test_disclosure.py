"""查询码给谁看：登记得了的人看得到，办过答复的人看不到，换版改了动作代号也一样。"""

from __future__ import annotations

import pytest

from jiezhi.base.accounts.errors import NotAllowed
from jiezhi.base.accounts.models import Officer, Post
from jiezhi.base.casework import matters, queries, versions
from jiezhi.base.casework.disclosure import may_tell_code, tell_code
from jiezhi.base.casework.models import Case
from jiezhi.base.casework.testing import MATTER, START, Office, definition
from jiezhi.base.casework.tests.lives import DAY, HOUR, done, life
from jiezhi.base.registry.models import Appointment
from jiezhi.core.procedure.change import ChangeDecl


def told(case: Case, officer: Officer) -> bool:
    """自己查办理记录的、调用者给了的，说的一样。"""
    now = START + 2 * DAY
    found = may_tell_code(case, officer, now)
    assert may_tell_code(case, officer, now, [one.body for one in queries.timeline(case)]) is found
    return found


def test_who_answered_before_the_change_of_version_is_still_known(office: Office) -> None:
    case = life(office)
    posts = [("dispatcher", office.clerk), ("dispatcher", office.stranger), ("office_head", office.chief)]
    for code, officer in posts:
        post, _ = Post.objects.get_or_create(code=code, defaults={"title": "街道办负责人"})
        Appointment.objects.create(officer=officer, post=post, unit=office.other, valid_from=START - DAY)
    before = [told(case, one) for one in (office.clerk, office.dispatcher, office.stranger)]
    assert before == [False, True, True], "答复过的也登记得了，但不给他"
    # 新版里答复叫“回复”，而“answer”成了另一步的代号。
    acts = {"respond" if name == "answer" else name: one for name, one in MATTER["actions"].items()}
    acts["answer"] = {"title": "记一笔", "from": "handling", "by": "post.dispatcher", "reason": True}
    new = matters.publish(definition(actions=acts), now=START + HOUR)
    decl = ChangeDecl.model_validate({"reason": "修订办理程序", "basis": "本街道批准"})
    done(versions.change_version(str(case.uid), new, decl, acting_officer=office.chief, now=START + DAY))
    case.refresh_from_db()
    assert case.version_id == new.pk
    assert [told(case, one) for one in (office.clerk, office.dispatcher, office.stranger)] == before
    with pytest.raises(NotAllowed, match="办过答复的人不能看"):
        tell_code(case, reason="来件人问进度", acting_officer=office.clerk, now=START + 2 * DAY)
