"""查进度：查询码不进网址；看得到的只有自己那一件；能办的就在这一页办；会话过了，写的不丢。"""

from __future__ import annotations

import html
import re
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.sessions.models import Session
from django.db import connection
from django.test import Client, override_settings
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from jiezhi.base.casework import actions as casework
from jiezhi.base.casework import files, outbox
from jiezhi.base.casework.models import Case, EvidenceFile, Notice
from jiezhi.base.casework.outcome import Outcome
from jiezhi.base.casework.receipts import receipt_code
from jiezhi.services.residents.models import CodeMiss
from jiezhi.web.office.testing import Street, make_street
from jiezhi.web.public.actions import sweep
from jiezhi.web.public.tests.test_reporting import hidden, photo, text
from jiezhi.web.public.views import tracking

HERE = "/bianmin/jindu/"
TOKEN = "0123456789abcdef0123456789abcdef"


@pytest.fixture
def street(db: None, settings: Any, tmp_path: Any) -> Street:
    settings.FILES_DIR, settings.PUBLIC_RATES, settings.RESIDENT_MIN_FREE_BYTES = tmp_path / "files", {}, 1
    return make_street()


@pytest.fixture
def case(street: Street) -> Case:
    return Case.objects.get(uid=street.report().uid)


def enter(client: Client, case: Case, **more: str) -> Any:
    return client.post(HERE, {"number": case.number, "code": receipt_code(str(case.uid)), **more})


def does(street: Street, case: Case, who: str, action: str, **inputs: Any) -> None:
    found = casework.act(str(case.uid), action, acting_officer=street[who], inputs=inputs)
    assert isinstance(found, Outcome), str(found)
    case.refresh_from_db()


def answered(street: Street, case: Case) -> None:
    """办到等来件人评价。"""
    row = files.store(photo(), "后.jpg", kind="photo", acting_officer=street["jingban"], now=timezone.now())  # type: ignore[arg-type]
    does(street, case, "fenbo", "dispatch", to_unit="law")
    does(street, case, "jingban", "sign")
    does(street, case, "jingban", "answer", reply="灯泡已经换好", after_photos=[row.digest])
    does(street, case, "huifang", "check")
    outbox.drain(now=timezone.now())


def act(client: Client, action: str, **data: Any) -> Any:
    return client.post(f"{HERE}ban/{action}/", {"token": TOKEN, **data})


# ---- 查 ----


def test_the_code_opens_only_ones_own_case(street: Street, case: Case, client: Client) -> None:
    answer = enter(client, case)
    assert answer.status_code == 302 and answer["Location"] == HERE, "查询码不进网址"
    page = client.get(HERE)
    assert case.number in text(page) and "现在：待分派" in text(page) and "no-store" in page["Cache-Control"]
    assert "13800138001" not in text(page) and "林小燕" not in text(page) and "孙网格" not in text(page)
    assert case.number not in text(Client().get(HERE)), "别的浏览器看不到"


def test_wrong_codes_are_told_and_counted(street: Street, case: Case, client: Client) -> None:
    for number, code in (
        (case.number, "WRONG"),
        ("SP2099000001", receipt_code(str(case.uid))),
        ("\x00", "\x00"),
    ):
        answer = client.post(HERE, {"number": number, "code": code})
        assert answer.status_code == 422 and code not in text(answer).replace("\x00", "\x01")
    assert case.number in text(client.post(HERE, {"number": case.number, "code": "WRONG"})), "编号不用重填"
    CodeMiss.objects.update(count=30)
    locked = enter(client, case)
    assert locked.status_code == 429 and "分钟后再试" in text(locked)


def test_asking_too_often(street: Street, case: Case, client: Client, monkeypatch: Any) -> None:
    with override_settings(PUBLIC_RATES={"code": "1/60"}):
        monkeypatch.setattr(tracking, "CODES", tracking.Counter("code"))
        assert enter(client, case).status_code == 302
        answer = enter(client, case)
        assert answer.status_code == 429 and re.search(r"请 \d+ 秒后再查", text(answer))
        assert act(client, "withdraw", reason="不用了").status_code == 302
        assert "这一步还没有办" in text(client.get(HERE)) and Case.objects.get().state == "new"


def test_remembered_for_a_while_and_leaving_forgets(
    street: Street, case: Case, client: Client, monkeypatch: Any
) -> None:
    enter(client, case)
    client.post(f"{HERE}qingchu/")
    assert case.number not in text(client.get(HERE)) and "已经退出" not in text(client.get(HERE))
    enter(client, case)
    later = timezone.now() + timedelta(minutes=16)
    monkeypatch.setattr(timezone, "now", lambda: later)
    assert 'name="code"' in text(client.get(HERE))


def test_leaving_keeps_an_officer_signed_in(street: Street, case: Case, client: Client) -> None:
    client.force_login(street["fenbo"], backend="django.contrib.auth.backends.ModelBackend")
    enter(client, case)
    client.post(f"{HERE}qingchu/")
    assert 'name="code"' in text(client.get(HERE)) and client.get("/").status_code == 200


def test_a_new_session_each_time(street: Street, case: Case, client: Client) -> None:
    """先前放在这个浏览器里的会话标识，查到之后没有用。"""
    client.post(HERE, {"number": "x", "code": "y"})
    client.session.save()
    session = client.session
    session["planted"] = "1"
    session.save()
    client.cookies["sessionid"] = session.session_key
    before = session.session_key
    enter(client, case)
    assert client.cookies["sessionid"].value != before
    other = Client()
    other.cookies["sessionid"] = before
    assert case.number not in text(other.get(HERE))


# ---- 办 ----


def test_rating_and_asking_again(street: Street, case: Case, client: Client) -> None:
    answered(street, case)
    enter(client, case)
    page = text(client.get(HERE))
    assert "现在：已答复待评价" in page and "灯泡已经换好" in page and "告诉过您的" in page
    assert "评价满意</h3>" in page and "不满意，要求重办" in page, "主要的一步打开"
    page = text(client.get(f"{HERE}?ban=unhappy"))
    assert "不满意，要求重办</h3>" in page
    short = act(client, "unhappy", **{"f-rating": "1"})
    assert short.status_code == 422 and "还没有“评价意见”" in text(short)
    assert re.search(r'value="1" checked', text(short)), "选过的还在"
    done = act(client, "unhappy", **{"f-rating": "1", "f-rating_note": "还是不亮"})
    assert done["Location"] == HERE and "办好了，现在是“办理中”" in text(client.get(HERE))
    case.refresh_from_db()
    assert case.state == "handling" and case.fields["rating_note"] == "还是不亮"


def test_doing_it_twice_does_it_once(street: Street, case: Case, client: Client) -> None:
    enter(client, case)
    for _ in range(2):
        assert act(client, "withdraw", reason="已经自己弄好了").status_code == 302
    assert Case.objects.get().state == "withdrawn" and Case.objects.get().seq == 2
    late = act(client, "withdraw", reason="再撤一次的话", token="f" * 32)
    assert late.status_code == 422 and "再撤一次的话" in text(late) and "没有办成" in text(late)


def test_what_is_not_theirs_cannot_be_done(street: Street, case: Case, client: Client) -> None:
    assert 'name="code"' in text(act(client, "withdraw", reason="没有查过")), "没有查过的先查"
    enter(client, case)
    assert act(client, "dispatch", **{"f-to_unit": "law"}).status_code == 422
    assert act(client, "none").status_code == 404
    assert Case.objects.get().state == "new"


def test_an_expired_visit_loses_nothing(street: Street, case: Case, client: Client) -> None:
    answered(street, case)
    slip = client.post("/bianmin/baoshi/zhaopian/", {"file": photo("red")}).json()["slip"]
    typed = {"f-rating": "2", "f-rating_note": "晚上<b>还是</b>不亮"}
    asked = act(client, "unhappy", **typed, **{"f-photos-slip": slip})
    assert asked.status_code == 403 and "刚才写的没有丢" in text(asked) and EvidenceFile.objects.count() == 2
    carried = {
        name: html.unescape(hidden(text(asked), name)) for name in ("ban", "f-rating", "f-rating_note")
    }
    assert carried == {"ban": "unhappy", **typed}
    page = text(enter(client, case, **carried))
    assert "晚上&lt;b&gt;还是&lt;/b&gt;不亮" in page and re.search(r'value="2" checked', page)
    assert act(client, "unhappy", **typed).status_code == 302


@pytest.mark.parametrize("words", ["甲" * 5000, "\u202e😀", "<script>alert(1)</script>", "a\x00b"])
def test_odd_words(street: Street, case: Case, client: Client, words: str) -> None:
    enter(client, case)
    answer = act(client, "withdraw", reason=words)
    assert answer.status_code in (302, 422) and "<script>alert" not in text(client.get(HERE))
    assert client.post(HERE, {"number": words, "code": words}).status_code == 422


def test_more_messages_ask_no_more(street: Street, case: Case, client: Client) -> None:
    outbox.drain(now=timezone.now())
    enter(client, case)
    client.get(HERE)
    counts = []
    for _ in range(2):
        with CaptureQueriesContext(connection) as asked:
            client.get(HERE)
        counts.append(len(asked))
        first = Notice.objects.filter(case=case, to_reporter=True).first()
        assert first is not None
        for number in range(10):
            Notice.objects.create(
                delivery=first.delivery,
                case=case,
                to_reporter=True,
                created_at=first.created_at,
                text=f"第{number}句",
            )
    assert counts[0] == counts[1] == 7


def test_expired_sessions_are_swept(street: Street) -> None:
    now = timezone.now()
    for name, days in (("old", -1), ("live", 1)):
        Session.objects.create(session_key=name * 8, session_data="", expire_date=now + timedelta(days=days))
    sweep(now)
    assert list(Session.objects.values_list("session_key", flat=True)) == ["live" * 8]
