"""件页面：看、办、没有办成、合并、查看打码的内容、材料。"""

from __future__ import annotations

import io
import re
from collections.abc import Callable
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse
from PIL import Image

from jiezhi.base.accounts.append_only import AppendOnlyQuerySet
from jiezhi.base.accounts.models import SensitiveRead
from jiezhi.base.casework import actions, upkeep
from jiezhi.base.casework.disclosure import CODE
from jiezhi.base.casework.models import Case, Event, EvidenceFile
from jiezhi.base.casework.outcome import Outcome
from jiezhi.base.casework.receipts import receipt_code
from jiezhi.web.office.testing import Street

Enter = Callable[[str], Client]
Make = Callable[..., Outcome]
TOKEN = "0123456789abcdef0123456789abcdef"


def photo(colour: str = "green", name: str = "处理后.jpg") -> SimpleUploadedFile:
    stream = io.BytesIO()
    Image.new("RGB", (640, 480), colour).save(stream, "JPEG")
    return SimpleUploadedFile(name, stream.getvalue(), content_type="image/jpeg")


def page_of(client: Client, case: Outcome, **query: str) -> str:
    answer = client.get(reverse("office:case", args=[case.uid]), query)
    assert answer.status_code == 200
    return answer.content.decode()


def act(client: Client, case: Outcome, action: str, **data: Any) -> Any:
    data = {"token": TOKEN, "version": str(Case.objects.get(uid=case.uid).seq), **data}
    return client.post(reverse("office:act", args=[case.uid, action]), data)


def hidden(text: str, name: str) -> str:
    found = re.search(rf'name="{name}" value="([^"]*)"', text)
    assert found, name
    return found.group(1)


def test_case_page_says_where_it_is_who_has_it_and_what_may_be_done(
    enter: Enter, handed: Make, django_assert_max_num_queries: Any
) -> None:
    case = handed()
    client = enter("jingban")
    page_of(client, case)
    with django_assert_max_num_queries(30):
        text = page_of(client, case)
    for words in (
        case.number,
        "办理中",
        "综合行政执法队",
        "李经办",
        "还剩5个工作日",
        "签收用时",
        "处理完毕",
        "我已到场核实",
    ):
        assert words in text, words
    assert "派给责任单位" in text and "待分派 → 办理中" in text, "办理记录"
    assert Event.objects.filter(case__uid=case.uid).last().digest.hex()[:8] in text  # type: ignore[union-attr]
    with django_assert_max_num_queries(30):
        page_of(client, case, act="answer")
    desk = enter("fenbo")
    page_of(desk, case)
    with django_assert_max_num_queries(30):
        page_of(desk, case)


def test_what_cannot_be_done_yet_lists_what_is_missing(enter: Enter, street: Street, report: Make) -> None:
    case = report()
    assert actions.act(case.uid, "dispatch", acting_officer=street["fenbo"], inputs={"to_unit": "law"}).ok
    text = page_of(enter("jingban"), case)
    assert "处理完毕" in text and "还不能办，还差" in text and "还没有“签收”" in text
    assert 'href="?act=answer"' not in text
    assert 'name="f-reply"' not in page_of(enter("jingban"), case, act="answer")


def test_acting_from_the_form_moves_the_case(enter: Enter, handed: Make) -> None:
    case = handed()
    client = enter("jingban")
    form = page_of(client, case, act="answer")
    assert (
        'name="f-reply"' in form and 'accept="image/*"' in form and "capture" in form and "multiple" in form
    )
    data = {"f-reply": "灯泡已经换好", "f-after_photos": [photo(), photo("blue", "近景.jpg")]}
    answer = act(client, case, "answer", version=hidden(form, "version"), **data)
    assert answer.status_code == 302
    row = Case.objects.get(uid=case.uid)
    assert row.state == "checking" and len(row.fields["after_photos"]) == 2
    shown = client.get(answer["Location"], follow=True).content.decode()
    assert "“处理完毕”办好了，现在是“待核查”" in shown and "近景.jpg" in shown


def test_the_same_form_sent_twice_is_done_once(enter: Enter, report: Make) -> None:
    case = report()
    client = enter("fenbo")
    data = {"f-demand": "今天办完", "version": str(case.seq)}
    for _ in range(2):
        assert act(client, case, "urge", **data).status_code == 302
    assert Event.objects.filter(case__uid=case.uid, action="urge").count() == 1
    other = act(client, case, "urge", **{**data, "f-demand": "明天办完"})
    assert other.status_code == 422 and "同一请求标识以前办过" in other.content.decode()
    assert Event.objects.filter(case__uid=case.uid, action="urge").count() == 1


def test_a_refusal_keeps_everything_typed_and_says_what_is_missing_beside_the_field(
    enter: Enter, handed: Make
) -> None:
    case = handed()
    client = enter("jingban")
    answer = act(
        client, case, "answer", **{"f-reply": "好", "f-after_photos": photo()}, version=str(case.seq)
    )
    text = answer.content.decode()
    assert answer.status_code == 422 and "还没有办成，还差" in text and "至少 4 字" in text
    assert 'id="f-reply-error"' in text and 'aria-invalid="true"' in text and ">\n好</textarea>" in text
    kept = hidden(text, "f-after_photos-kept")
    assert "已收下：处理后.jpg" in text and EvidenceFile.objects.filter(pk=kept).exists()
    data = {"f-reply": "灯泡已经换好", "f-after_photos-kept": kept, "token": hidden(text, "token")}
    again = client.post(
        reverse("office:act", args=[case.uid, "answer"]), {**data, "version": hidden(text, "version")}
    )
    assert again.status_code == 302, "照片不用再传"
    assert Case.objects.get(uid=case.uid).fields["after_photos"] == [kept]


def test_a_reason_is_asked_where_the_act_wants_one(enter: Enter, handed: Make) -> None:
    case = handed()
    client = enter("jingban")
    assert 'name="reason"' in page_of(client, case, act="return")
    refused = act(client, case, "return", version=str(case.seq))
    assert refused.status_code == 422 and 'id="reason-error"' in refused.content.decode()
    done = act(client, case, "return", reason="属住建部门", version=str(case.seq))
    assert done.status_code == 302 and done["Location"] == reverse("office:home"), "退回后不再看得见"
    assert "属住建部门" in page_of(enter("fenbo"), case)


def test_the_second_officer_is_told_who_was_first(enter: Enter, street: Street, report: Make) -> None:
    case = report()
    form = page_of(enter("fenbo"), case, act="dispatch")
    assert actions.act(case.uid, "mark_urgent", acting_officer=street["fenbo"]).ok
    answer = act(enter("fenbo"), case, "dispatch", **{"f-to_unit": "law"}, version=hidden(form, "version"))
    text = answer.content.decode()
    assert answer.status_code == 422 and "您打开之后这件已有变动" in text and "有危险，先到现场" in text
    assert '<option value="law" selected>' in text
    again = act(
        enter("fenbo"), case, "dispatch", **{"f-to_unit": "law"},
        version=hidden(text, "version"), token=hidden(text, "token"),
    )  # fmt: skip
    assert again.status_code == 302 and Case.objects.get(uid=case.uid).unit_id == "law"


def test_a_refused_upload_says_why_and_the_case_does_not_move(enter: Enter, handed: Make) -> None:
    case = handed()
    fake = SimpleUploadedFile(
        "照片.jpg", b"<html><script>alert(1)</script></html>", content_type="image/jpeg"
    )
    answer = act(
        enter("jingban"), case, "answer", version=str(case.seq),
        **{"f-reply": "灯泡已经换好", "f-after_photos": fake},
    )  # fmt: skip
    text = answer.content.decode()
    assert answer.status_code == 422 and "照片.jpg 没有收" in text and "灯泡已经换好" in text
    assert Case.objects.get(uid=case.uid).state == "handling" and not EvidenceFile.objects.exists()


def test_files_of_another_case_cannot_be_claimed_by_their_digest(
    enter: Enter, handed: Make, street: Street
) -> None:
    mine, other = handed("甲处积水"), handed("乙处垃圾")
    sent = act(enter("jingban"), other, "answer", **{"f-reply": "已经清走了", "f-after_photos": photo()})
    digest = EvidenceFile.objects.get().pk
    assert sent.status_code == 302
    claim = {"f-site_photos-kept": digest, "version": str(mine.seq)}
    assert act(enter("wangge"), mine, "inspect", **claim).status_code == 422


def test_happened_earlier_is_recorded_and_marked(enter: Enter, handed: Make) -> None:
    case = handed()
    Case.objects.filter(uid=case.uid).update(changed_at="2026-01-05T00:00:00+00:00")
    client = enter("jingban")
    wrong = act(client, case, "inspect", **{"f-site_photos": photo(), "at": "昨天"}, version=str(case.seq))
    assert wrong.status_code == 422 and 'id="at-error"' in wrong.content.decode()
    right = act(
        client, case, "inspect", **{"f-site_photos": photo(), "at": "2026-01-05T09:30"}, version=str(case.seq)
    )
    assert right.status_code == 302
    text = page_of(client, case)
    assert "补录" in text and "1月5日 09:30" in text


def test_correcting_starts_from_what_is_there_and_sends_only_what_changed(enter: Enter, report: Make) -> None:
    case = report()
    client = enter("fenbo")
    form = page_of(client, case, act="correct")
    assert ">\n东桥路12号路灯不亮</textarea>" in form and 'value="东桥路12号"' in form
    data = {
        "f-content": "东桥路16号路灯不亮",
        "f-category": "城乡建设/市政设施",
        "f-spot-address": "东桥路12号",
        "f-spot-doorplate": "",
        "f-spot-lon": "113.0050000",
        "f-spot-lat": "23.0080000",
        "reason": "门牌写错",
        "version": str(case.seq),
    }
    assert act(client, case, "correct", **data).status_code == 302
    last = Event.objects.filter(case__uid=case.uid).order_by("-seq").first()
    assert last is not None and b'"content"' in bytes(last.body) and b'"category"' not in bytes(last.body)
    text = page_of(client, case)
    assert "东桥路16号路灯不亮" in text and ">更正</span>" in text


def test_sensitive_values_are_masked_until_a_reason_is_on_record(enter: Enter, handed: Make) -> None:
    case = handed()
    client = enter("jingban")
    text = page_of(client, case)
    assert "138****8001" in text and "13800138001" not in text and "林小燕" not in text
    address = reverse("office:reveal", args=[case.uid, "reporter"])
    short = client.post(address, {"reason": "看看"})
    assert short.status_code == 422 and "13800138001" not in short.content.decode()
    assert not SensitiveRead.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_the_query_code_is_copied_to_the_reporter_on_record(enter: Enter, handed: Make) -> None:
    """登记得了这种件的人写明原因看查询码，看一次记一次；承办人看不到（凭它能替来件人评价）。"""
    case = handed()
    address, code = reverse("office:reveal", args=[case.uid, CODE]), receipt_code(str(case.uid))
    desk, handler = enter("fenbo"), enter("jingban")
    assert code not in page_of(desk, case) and address in page_of(desk, case)
    assert desk.post(address, {"reason": "看"}).status_code == 422 and not SensitiveRead.objects.exists()
    for time in (1, 2):
        told = desk.post(address, {"reason": "来件人来窗口问进度，抄给他"})
        assert code in told.content.decode() and told["Cache-Control"] == "no-store"
        assert SensitiveRead.objects.filter(field_title="查询码", case_number=case.number).count() == time
    assert address not in page_of(handler, case)
    assert handler.post(address, {"reason": "来件人问进度"}).status_code == 404
    assert SensitiveRead.objects.count() == 2


@pytest.mark.django_db(transaction=True)
def test_revealing_is_logged_before_it_is_shown(
    enter: Enter, handed: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    case = handed()
    client = enter("jingban")
    address = reverse("office:reveal", args=[case.uid, "reporter"])
    answer = client.post(address, {"reason": "联系来件人核实地点"})
    assert "13800138001" in answer.content.decode() and answer["Cache-Control"] == "no-store"
    read = SensitiveRead.objects.get()
    assert (read.officer.login, read.field, read.case_number) == ("jingban", "reporter", case.number)

    def broken(*args: Any, **kwargs: Any) -> None:
        raise OSError("存不进去")

    monkeypatch.setattr(AppendOnlyQuerySet, "bulk_create", broken)
    client.raise_request_exception = False
    failed = client.post(address, {"reason": "联系来件人核实地点"})
    assert failed.status_code == 500 and "13800138001" not in failed.content.decode()
    assert (
        client.post(reverse("office:reveal", args=[case.uid, "content"]), {"reason": "没有打码"}).status_code
        == 404
    )


def test_every_text_is_escaped(enter: Enter, street: Street, report: Make) -> None:
    bad = '<script>alert("x")</script>'
    case = report(
        bad,
        spot={"address": bad, "doorplate": bad},
        reporter={"name": bad, "phone": "13800138001", "address": bad},
    )
    client = enter("fenbo")
    act(client, case, "urge", **{"f-demand": bad})
    act(
        client, case, "correct", reason=bad, version="2", **{"f-content": bad + "再来", "f-spot-address": bad}
    )
    refused = act(client, case, "dispatch", **{"f-to_unit": bad, "f-dispatch_note": bad}, version="0")
    new = client.post(
        reverse("office:open", args=["report.snapshot", "report"]),
        {
            "f-content": bad,
            "f-spot-address": bad,
            "f-spot-lon": bad,
            "f-reporter-name": bad,
            "f-channel": bad,
            "at": bad,
        },
    )
    pages = [
        page_of(client, case),
        refused.content.decode(),
        new.content.decode(),
        client.get(reverse("office:home"), {"q": bad, "matter": bad, "f-x": bad}).content.decode(),
        client.get(reverse("office:home")).content.decode(),
        client.get(reverse("office:procedure", args=[case.uid])).content.decode(),
        client.post(
            reverse("office:reveal", args=[case.uid, "reporter"]), {"reason": "<b>"}
        ).content.decode(),
        client.post(
            reverse("office:merge", args=[case.uid]), {"numbers": bad, "reason": bad}
        ).content.decode(),
    ]
    assert any("&lt;script&gt;" in text for text in pages)
    for index, text in enumerate(pages):
        assert "<script>" not in text and '<b>"' not in text, index


def test_pages_allow_no_inline_script_or_style(enter: Enter, handed: Make) -> None:
    case = handed()
    client = enter("jingban")
    for address in (
        reverse("office:home"),
        reverse("office:case", args=[case.uid]) + "?act=answer",
        reverse("office:procedure", args=[case.uid]),
    ):
        answer = client.get(address)
        text = answer.content.decode()
        assert "default-src 'self'" in answer["Content-Security-Policy"]
        assert not re.search(r"<script(?![^>]*\bsrc=)|<style|\sstyle=|\son\w+=", text), address


def test_files_come_only_through_a_case_one_can_see(enter: Enter, handed: Make) -> None:
    case = handed()
    client = enter("jingban")
    act(client, case, "inspect", **{"f-site_photos": photo()}, version=str(case.seq))
    digest = EvidenceFile.objects.get().pk
    whole = client.get(reverse("office:file", args=[case.uid, digest]))
    assert (
        whole["Content-Disposition"].startswith("attachment") and whole["X-Content-Type-Options"] == "nosniff"
    )
    assert len(b"".join(whole.streaming_content)) == EvidenceFile.objects.get().size  # type: ignore[attr-defined]
    small = client.get(reverse("office:thumb", args=[case.uid, digest]))
    assert small["Content-Type"] == "image/jpeg" and max(Image.open(io.BytesIO(small.content)).size) <= 320
    other = enter("lvren")
    for name in ("file", "thumb"):
        assert other.get(reverse(f"office:{name}", args=[case.uid, digest])).status_code == 404
        assert client.get(reverse(f"office:{name}", args=[case.uid, "0" * 64])).status_code == 404


def test_merging_takes_all_or_none(enter: Enter, report: Make) -> None:
    main, same, other = report(), report("东桥路12号路灯不亮了"), report("市场南门占道")
    client = enter("fenbo")
    assert same.number in page_of(client, main), "相似的件列出来"
    address = reverse("office:merge", args=[main.uid])
    refused = client.post(
        address, {"other": same.uid, "numbers": "SP0000", "reason": "同一处路灯", "version": "1"}
    )
    assert refused.status_code == 422 and "没有编号为 SP0000 的件" in refused.content.decode()
    assert "没有选" in client.post(address, {"reason": "同一处", "version": "1"}).content.decode()
    sent = {"other": same.uid, "numbers": other.number, "reason": "同一处路灯"}
    unseen = client.post(address, sent)
    assert unseen.status_code == 422 and "请刷新后再办" in unseen.content.decode()
    done = client.post(address, {**sent, "version": "1"})
    assert done.status_code == 302
    assert Case.objects.filter(merged_into__uid=main.uid).count() == 2
    assert "并入本件的" in page_of(client, main)
    assert main.number in page_of(client, same)
    assert act(client, main, "join", reason="绕过", version="2").status_code == 404, "并入只能从合并办"
    assert enter("jingban").post(address, {"numbers": other.number, "reason": "没有权"}).status_code == 404


def test_erased_values_say_so(enter: Enter, street: Street, report: Make) -> None:
    from jiezhi.base.accounts.models import Post
    from jiezhi.base.registry.models import Appointment
    from jiezhi.web.office.testing import SINCE

    case = report()
    Appointment.objects.create(
        officer=street["duban"],
        post=Post.objects.get(code="archivist"),
        unit=street.units["party"],
        valid_from=SINCE,
    )
    result = upkeep.erase(case.uid, ["reporter"], acting_officer=street["duban"], reason="本人依法申请清除")
    assert result.ok, str(result)
    text = page_of(enter("fenbo"), case)
    assert text.count("已依法清除") >= 2 and "138****8001" not in text


def test_procedure_page_draws_the_way_taken(enter: Enter, handed: Make) -> None:
    text = enter("jingban").get(reverse("office:procedure", args=[handed().uid])).content.decode()
    assert "<svg" in text and "随手拍流程图" in text
