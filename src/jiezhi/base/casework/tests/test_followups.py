"""对来件人说的话：查询码发的时候才填；并入的各件听到的是对它们说的，主件来件人的姓名电话不告诉他们；离开主件。"""

from __future__ import annotations

from typing import Any

import pytest

from jiezhi.base.casework import actions, matters, outbox, replay, upkeep
from jiezhi.base.casework.followups import CODE, as_sent
from jiezhi.base.casework.models import Case, Delivery, Event, Notice
from jiezhi.base.casework.outcome import Outcome
from jiezhi.base.casework.receipts import receipt_code
from jiezhi.base.casework.testing import MATTER, START, Office, definition
from jiezhi.base.casework.tests.lives import archivist
from jiezhi.base.casework.tests.test_actions import DAY, HOUR
from jiezhi.core.procedure.fold import ERASED
from jiezhi.core.procedure.view import Actor

ASKED = {"name": "欧阳建国", "phone": "13900139000"}
LEAVE = {
    "title": "单独重新办理", "means": "reopen", "from": "merged", "to": "new", "by": ["reporter", "post.dispatcher"],
    "clears": ["merge", "dispatch", "answer"], "assign": {"unit": "none"}, "reason": True,
}  # fmt: skip


def publish(answer_notice: dict[str, str]) -> None:
    acts: dict[str, Any] = {**MATTER["actions"], "leave": LEAVE}
    acts["register"] = {
        **acts["register"],
        "notify": [{"to": "reporter", "text": f"编号 {{number}}，查询码 {CODE}"}],
    }
    acts["answer"] = {**acts["answer"], "notify": [answer_notice]}
    matters.publish(definition(actions=acts, reported_by="reporter"), now=START)


def opened(office: Office, subject: str, **more: Any) -> Case:
    done = actions.open_case(
        "test.report", acting_officer=office.dispatcher, inputs={"subject": subject, **more}, now=START
    )
    assert isinstance(done, Outcome), str(done)
    return Case.objects.get(uid=done.uid)


def merged(office: Office) -> tuple[Case, Case]:
    """主件已派出，另一件并入了它。"""
    master, other = opened(office, "路灯不亮", reporter=ASKED), opened(office, "灯坏了")
    actions.act(
        str(master.uid), "dispatch", acting_officer=office.dispatcher, inputs={"to_unit": "law"}, now=START
    )
    done = actions.merge(
        str(master.uid), [str(other.uid)], acting_officer=office.dispatcher, reason="同一盏", now=START + HOUR
    )
    assert all(one.ok for one in done), [str(one) for one in done]
    return master, other


def answered(office: Office, master: Case, reply: str) -> dict[str, str]:
    """主件答复了；各件的来件人听到的最后一句。"""
    done = actions.act(
        str(master.uid), "answer", acting_officer=office.clerk, inputs={"reply": reply}, now=START + DAY
    )
    assert done.ok, str(done)
    outbox.drain(START + DAY)
    rows = Notice.objects.filter(to_reporter=True).order_by("pk").select_related("case")
    return {one.case.number: one.text for one in rows if one.case}


def test_the_code_is_filled_in_when_sent_and_kept_nowhere(office: Office) -> None:
    publish({"to": "reporter", "text": "好了"})
    case = opened(office, "路灯不亮")
    outbox.drain(START)
    notice, code = Notice.objects.get(to_reporter=True), receipt_code(str(case.uid))
    assert notice.text == f"编号 {case.number}，查询码 {CODE}"
    assert as_sent(notice.text, case) == f"编号 {case.number}，查询码 {code}"
    kept = [
        *Delivery.objects.values_list("payload", flat=True),
        *Delivery.objects.values_list("result", flat=True),
    ]
    kept += [bytes(body).decode() for body in Event.objects.values_list("body", flat=True)]
    assert code not in str(kept)


def test_those_merged_hear_their_own_words(office: Office) -> None:
    said = "好了：{field.reply}"
    publish({"to": "reporter", "text": "您反映的 {number} " + said + "请评价", "merged": said})
    master, other = merged(office)
    told = answered(office, master, "已按欧阳建国（１３９ 0013 9000）说的位置换灯")
    assert (
        told[master.number]
        == f"您反映的 {master.number} 好了：已按欧阳建国（１３９ 0013 9000）说的位置换灯请评价"
    )
    start = f"您反映的 {other.number} 已并入 {master.number} 一并办理。"
    assert told[other.number] == f"{start}好了：已按欧阳某（***）说的位置换灯"


def test_without_words_for_them_only_the_state_is_told(office: Office) -> None:
    publish({"to": "reporter", "text": "{field.reply}请评价"})
    master, other = merged(office)
    told = answered(office, master, "已经换灯")
    assert told[other.number].endswith("一并办理。现在是“已答复”。")


def test_what_is_cleared_is_cleared_from_what_they_were_told(office: Office) -> None:
    publish({"to": "reporter", "text": "{field.reply}", "merged": "{field.reply}"})
    master, other = merged(office)
    assert "换好了灯" in answered(office, master, "换好了灯")[other.number]
    found = upkeep.erase(
        str(master.uid), ["reply"], acting_officer=archivist(office), reason="本人申请", now=START + DAY
    )
    assert found.ok, str(found)
    texts = list(Notice.objects.values_list("text", flat=True))
    payloads = str(list(Delivery.objects.values_list("payload", flat=True)))
    assert "换好了灯" not in str(texts) + payloads and sum(ERASED in one for one in texts) == 2


@pytest.mark.parametrize("batch", [False, True])
def test_leaving_the_master(office: Office, batch: bool) -> None:
    """单独重新办理：不再跟着主件；同一组里另有没有办成的，就还是并入的。"""
    publish({"to": "reporter", "text": "好了"})
    master, other = merged(office)
    leave = actions.Entry(action="leave", case=str(other.uid), reason="另一盏", group="g" if batch else "")
    wrong = actions.Entry(action="close", case=str(other.uid), group="g")
    found = actions.act_many([leave, wrong] if batch else [leave], actor=Actor("reporter"), now=START + DAY)
    assert found[0].ok is not batch
    other.refresh_from_db()
    assert (other.merged_into_id is None) is not batch and (other.closed_at is None) is not batch
    assert list(replay.replay_many(Case.objects.all())) == []
    assert (replay.replay(other).merged_into is None) is not batch
    answered(office, master, "已经换灯")
    last = Notice.objects.filter(case=other).latest("pk").text
    assert ("一并办理" in last) is batch
