"""一条街道，甲有各样的件，乙一件都不该看见；另有任期过了的、换了岗的、交接离岗的、没有任职的。一个文件建一次。"""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import quote, unquote
from uuid import uuid4

import pytest
from django.core import signing
from django.db import transaction
from django.test import Client, override_settings
from django.utils import timezone

from jiezhi.api.actions import create_token
from jiezhi.api.models import SCOPES
from jiezhi.api.testing import BASE
from jiezhi.base.accounts import secrets
from jiezhi.base.accounts.models import Officer, Post
from jiezhi.base.accounts.records import note_reads
from jiezhi.base.casework import actions, files, matters, outbox, search, slips
from jiezhi.base.casework.models import Case, EvidenceFile, Notice
from jiezhi.base.casework.outcome import Outcome
from jiezhi.base.casework.receipts import receipt_code
from jiezhi.base.casework.testing import MATTER, definition
from jiezhi.base.casework.tests.lives import photo_bytes
from jiezhi.base.documents.models import Document, Scan
from jiezhi.base.registry.actions.units import appoint, end_appointment
from jiezhi.base.registry.models import Appointment
from jiezhi.connect import calling
from jiezhi.connect.hooks import actions as hooks
from jiezhi.connect.hooks.models import Attempt
from jiezhi.services.handover.actions import hand_over
from jiezhi.services.handover.queries import Receivers
from jiezhi.web.office.testing import SINCE, Street, make_street
from jiezhi.web.office.views.files import SEEN

# 埋的字符串：甲的件里到处都是，别处一个也没有。
ADDRESS, WORDS, NAME, PHONE = "雀舌巷73号", "井盖叮当作响", "欧阳槐序", "13987417391"
CARD, HOUSEHOLD = "44030119900307739X", "户槐七三九一"
WHY, REPLY = "槐序来电催问此事", "井盖已换成防响的新盖子"
# 样子一样而没有的：答复要与真有的分不出来。
NOWHERE = {
    "address": "鹊尾巷52号", "words": "檐铃丁零作响", "name": "司徒桐月", "phone": "13987410062", "phone4": "0062",
    "household": "户桐零零六二", "reply": "檐铃已换成防响的新盖子",
}  # fmt: skip
SCOPE: dict[str, Any] = {
    "matter": "test.scope",
    "title": "入户事项",
    "unique_open": ["household"],
    "fields": {
        **MATTER["fields"],
        "subject": {"title": "标题", "type": "text", "max": 200, "indexed": True},
        "household": {"title": "家庭编号", "type": "text", "indexed": True},
        "cards": {"title": "证件照片", "type": "file", "kind": "photo", "sensitive": True},
        "people": {
            "title": "同住人",
            "type": "rows",
            "columns": {
                "name": {"title": "称呼", "type": "text"},
                "card": {"title": "证件号", "type": "text", "sensitive": True},
            },
        },
    },
    "actions": {
        **MATTER["actions"],
        "register": {
            **MATTER["actions"]["register"],
            "by": ["post.dispatcher", "post.unit_clerk", "system"],
            "collect": [
                *("subject", "spot?", "reporter?", "household?", "cards?", "people?", "to_unit?", "photos?")
            ],
            "assign": {"unit": "field.to_unit"},
        },
        "split": {
            "title": "分出一件",
            "from": "any",
            "by": "unit.unit_clerk",
            "open": {
                "part": {
                    "matter": "test.scope",
                    "title": "分件",
                    "copy": {"subject": "field.subject", "to_unit": "field.to_unit"},
                }
            },
        },
    },
}  # fmt: skip

OWNER = "jingban"
PEOPLE = ("minzheng", "guoqi", "huangang", "ligang", "lvren", "guanli", "fenbo", "duban", "fuze")


@dataclass
class Town:
    """建好的街道。`cases` 是甲的件：种类 → 件；`target` 是网址和内容里要填的，`fake` 是样子一样而没有的。"""

    street: Street
    folder: Any
    cases: dict[str, Case] = field(default_factory=dict)
    target: dict[str, str] = field(default_factory=dict)
    fake: dict[str, str] = field(default_factory=dict)
    marks: list[str] = field(default_factory=list)
    sessions: dict[str, str] = field(default_factory=dict)
    tokens: dict[str, str] = field(default_factory=dict)
    before: dict[str, str] = field(default_factory=dict)
    shown: dict[str, str] = field(default_factory=dict)
    sent: dict[str, list[str]] = field(default_factory=dict)

    told = staticmethod(lambda response: told(response))
    unpacked = staticmethod(lambda data: plain_text(data))
    level = staticmethod(lambda text, values: level(text, values))

    def unasked(self) -> dict[str, Callable[[], str]]:
        """见 `_unasked`。"""
        return _unasked(self)

    def officer(self, login: str) -> Officer:
        """刚取的。"""
        return Officer.objects.get(login=login)

    def does(self, case: Case, who: str, action: str, reason: str = "", **inputs: Any) -> Outcome:
        """某人办成一步。"""
        return _act(self, str(case.uid), who, action, reason, **inputs)

    def page(self, who: str, path: str, data: Any = None) -> str:
        """某人打开一页，露给他的全部。"""
        return told(self.client(who).get(path, data))

    def client(self, login: str, way: str = "page") -> Client:
        """这个人的浏览器（page）、带令牌的程序（api）；open 是没有登录的。"""
        client = Client(headers={"Authorization": f"Bearer {self.tokens[login]}"} if way == "api" else None)
        if way == "page":
            client.cookies["sessionid"] = self.sessions[login]
        return client

    def leaks(self, text: str, typed: str = "") -> list[str]:
        """话里露出来的；自己写进请求的不算。"""
        own = {mark for mark in self.marks if mark in typed}
        for mark in sorted(own, key=len, reverse=True):
            text = text.replace(mark, "〈写的〉")
        return [mark for mark in self.marks if mark not in own and mark in text]


def told(response: Any) -> str:
    """一份答复露给人的全部：状态之外的头、正文、压缩包里的名字和内容。"""
    heads = "\n".join(
        f"{name}: {unquote(value)}" for name, value in response.headers.items() if name != "Content-Length"
    )
    data = b"".join(response.streaming_content) if response.streaming else response.content
    return heads + "\n" + plain_text(data)


def plain_text(data: bytes) -> str:
    """字节 → 文字；zip（xlsx、docx、包）逐个拆开。"""
    if data[:2] != b"PK":
        return data.decode("utf-8", "replace")
    with zipfile.ZipFile(io.BytesIO(data)) as found:
        return "\n".join(f"{name}\n{plain_text(found.read(name))}" for name in found.namelist())


def level(text: str, values: Mapping[str, str]) -> str:
    """去掉每次都不同的（防伪造码、时刻），换掉写进请求的，好比两份答复一不一样。"""
    for value in sorted(values.values(), key=len, reverse=True):
        if len(value) > 3:
            text = text.replace(value, "〈写的〉").replace(quote(value), "〈写的〉")
        else:
            text = re.sub(rf'/{value}(?=[/"?]|$)', "/〈写的〉", text)
    text = re.sub(r'name="(csrfmiddlewaretoken|token|until|f-\w+-slip)" value="[^"]*"', "", text)
    text = re.sub(r"nonce-?=?[\"']?[\w+/=-]+|\d\d?:\d\d(:\d\d)?|-\d{8}-\d{4}\.", "", text)
    return re.sub(r"<dcterms:\w+ [^>]*>[^<]*<", "<", text)


def _photo(town: Town, shade: str, name: str, who: str = OWNER) -> EvidenceFile:
    data = io.BytesIO(photo_bytes(shade))
    return files.store(data, name, kind="photo", acting_officer=town.street[who], now=timezone.now())


def _open(town: Town, who: str, matter: str, action: str, **inputs: Any) -> Outcome:
    found = actions.open_case(matter, action, acting_officer=town.street[who], inputs=inputs)
    assert isinstance(found, Outcome), str(found)
    return found


def _act(town: Town, uid: str, who: str, action: str, reason: str = "", **inputs: Any) -> Outcome:
    found = actions.act(uid, action, acting_officer=town.officer(who), inputs=inputs, reason=reason)
    assert isinstance(found, Outcome), str(found)
    return found


def _snapshot(town: Town, about: str, unit: str = "law", signer: str = OWNER, **more: Any) -> str:
    """一件随手拍：登记、派给 `unit`、签收。"""
    place = {"spot": {"address": ADDRESS, "lon": "113.005", "lat": "23.008"}}
    inputs = {"content": about, **place, "reporter": {"name": NAME, "phone": PHONE}, **more}
    uid = _open(town, "wangge", "report.snapshot", "report", **inputs).uid
    _act(town, uid, "fenbo", "dispatch", to_unit=unit)
    _act(town, uid, signer, "sign")
    return uid


def _people(town: Town, now: datetime) -> None:
    """再添几个人，都在甲的单位当过经办人。"""
    street = town.street
    for login, name in (("guoqi", "钱过期"), ("huangang", "孙换岗"), ("ligang", "吴离岗")):
        one = Officer.objects.create(login=login, name=name, staff_kind="established", password="!")
        street.people[login] = one
        appoint(one, "unit_clerk", street.units["law"], acting_officer=None, valid_from=SINCE)
    street.people["guanli"] = Officer.objects.create(login="guanli", name="廖管理", staff_kind="established")
    for login, post, unit in (
        ("guanli", "admin", "party"),
        (OWNER, "window_clerk", "law"),
    ):
        row, _ = Post.objects.get_or_create(code=post, defaults={"title": post})
        appoint(
            street[login], row, street.units[unit], acting_officer=None, valid_from=now - timedelta(days=9)
        )


def _cases(town: Town) -> dict[str, str]:
    """甲的件。返回 种类 → 全局标识。"""
    scene, card = _photo(town, "teal", "雀舌巷现场.jpg"), _photo(town, "navy", "槐序证件.jpg")
    plain = _snapshot(town, f"{ADDRESS}的{WORDS}")
    _act(town, plain, OWNER, "inspect", site_photos=[scene.pk], site_note=f"{NAME}在场")
    sealed = _snapshot(town, f"{ADDRESS}密报{WORDS}")
    Case.objects.filter(uid=sealed).update(confidential=True)
    search.reindex()
    main, merged = _snapshot(town, f"{WORDS}又一起"), _snapshot(town, f"{WORDS}同一起")
    rows = actions.merge(main, [merged], acting_officer=town.street["fenbo"], reason=WHY)
    assert all(isinstance(one, Outcome) for one in rows), rows
    inputs = {
        "subject": f"{ADDRESS}入户",
        "household": HOUSEHOLD,
        "spot": {"address": ADDRESS, "lon": "113.005", "lat": "23.008"},
        "cards": [card.pk],
        "people": [{"name": "长子", "card": CARD}],
        "reporter": {"name": NAME, "phone": PHONE},
        "to_unit": "law",
    }
    secret = _open(town, "fenbo", "test.scope", "register", **inputs).uid
    child = str(_act(town, secret, OWNER, "split").children[0])
    _act(town, secret, "fenbo", "dispatch", to_unit="law")
    paper = _open(
        town, OWNER, "service.temporary_use", "receive",
        purpose=f"{WORDS}要围挡", spot={"address": ADDRESS}, area_size=12, use_from="2026-12-01", use_to="2026-12-05",
        applicant={"name": NAME, "phone": PHONE},
    ).uid  # fmt: skip
    return {
        "plain": plain, "sealed": sealed, "secret": secret, "child": child, "merged": merged, "main": main,
        "paper": paper,
    }  # fmt: skip


def _leave(town: Town, now: datetime) -> None:
    """任期满、换岗、交接离岗；都发生在甲的件派下来、消息发出之后。"""
    street = town.street

    def held(login: str) -> Appointment:
        return Appointment.objects.get(officer=street[login], unit=street.units["law"])

    Appointment.objects.filter(pk=held("guoqi").pk).update(valid_to=now)
    moved = held("huangang")
    end_appointment(moved, reason="调到公共服务办", acting_officer=None, at=now, now=now)
    appoint(street["huangang"], "unit_clerk", street.units["civil"], acting_officer=None, valid_from=now)
    hand_over(
        street["ligang"],
        Receivers(street[OWNER]),
        acting_officer=street["guanli"],
        reason="调到区里",
        now=now,
    )


def _target(town: Town, uids: Mapping[str, str], handed: str) -> None:
    """网址、内容里要填的，和样子一样而没有的；埋下的字符串。"""
    town.cases = {kind: Case.objects.get(uid=uid) for kind, uid in {**uids, "handed": handed}.items()}
    plain, secret, paper = (town.cases[kind] for kind in ("plain", "secret", "paper"))
    document = Document.objects.get(case=paper)
    digest, hidden = (one.evidence.get().file_id for one in (plain, secret))
    sheet = EvidenceFile.objects.get(pk=document.docx_id)
    scan = Scan.objects.create(
        digest=sheet.pk, file=sheet, page=1, document=document, result="too_few", say="雀舌巷的收件凭证少一页",
        officer=town.street[OWNER], at=timezone.now(),
    )  # fmt: skip
    hook = hooks.create(
        name="推给槐序平台", url="https://203.0.113.9/tui", officer=town.street[OWNER], acting_officer=None
    )
    attempt = Attempt.objects.create(
        subscription=hook, message=f"msg_{plain.uid.hex}", case=plain, event=plain.events.get(seq=1),
        at=timezone.now(), ok=False, answer="槐序平台说不收",
    )  # fmt: skip
    note_reads(
        [(plain, {"reporter": "来件人"}, plain.number)], reason=WHY, acting_officer=town.street[OWNER],
        now=timezone.now(),
    )  # fmt: skip
    who = town.street[OWNER].pk
    town.target = {
        "number": plain.number, "tail": plain.number[-6:], "digest": digest, "hidden": hidden, "short": document.short,
        "hook": str(hook.pk), "attempt": str(attempt.pk), "scan": str(scan.pk), "address": ADDRESS, "words": WORDS,
        "name": NAME, "phone": PHONE, "phone4": PHONE[-4:], "household": HOUSEHOLD, "reply": REPLY,
        "slip": slips.give(str(who), digest, "雀舌巷现场.jpg"), "code": receipt_code(str(plain.uid)),
        "seen": signing.dumps([who, str(secret.uid), "cards"], salt=SEEN),
        **{kind: str(case.uid) for kind, case in town.cases.items()},
    }  # fmt: skip
    own = str(Case.objects.get(unit="civil", matter="report.snapshot").uid)
    town.fake = {
        **NOWHERE, "number": plain.number[:-6] + "973916", "tail": "973916", "digest": "c3" * 32, "hidden": "d4" * 32,
        "short": "ZZ9ZZ8ZZ"[: len(document.short)], "hook": "973916", "attempt": "973916", "scan": "973916",
        "slip": slips.give("973916", "c3" * 32, "没有.jpg"), "code": receipt_code(str(uuid4())),
        "seen": signing.dumps([who, str(uuid4()), "cards"], salt=SEEN),
        **{kind: str(uuid4()) for kind in town.cases},
    }  # fmt: skip
    always = {"own": own, "own_code": receipt_code(own), "own_number": Case.objects.get(uid=own).number}
    town.target |= always
    town.fake |= always
    town.target["notice"] = str(Notice.objects.filter(officer=who).first().pk)
    town.fake["notice"] = "973916"
    town.target["shade"], town.fake["shade"] = "teal", "olive"
    town.shown = {
        **town.target, "number_secret": secret.number, "title_secret": secret.title, "title_plain": plain.title,
        "number_paper": paper.number, "photo": "JFIF", "card": CARD, "aside": "已记下 1 页", "reason": WHY,
        "ready": '"ready":true', "conflict": "conflict", "hook_name": hook.name, "hook_answer": attempt.answer,
        "queued": "queued", "scan_say": scan.say,
    }  # fmt: skip
    masked = [secrets.mask_name(NAME), secrets.mask_phone(PHONE), secrets.mask_id(CARD)]
    titles = ["雀舌巷", "井盖", "槐序", CARD, *masked, *(one.title for one in town.cases.values())]
    seen = [value for key, value in town.target.items() if len(value) > 6 and key not in always]
    more = [one.number for one in town.cases.values()] + [document.number, PHONE[-4:] + "）"]
    town.marks = list(dict.fromkeys(filter(None, [*titles, *seen, *more, HOUSEHOLD, WHY, REPLY])))


@pytest.fixture(scope="module")
def _town(django_db_setup: None, django_db_blocker: Any, tmp_path_factory: Any) -> Iterator[Town]:
    folder = tmp_path_factory.mktemp("files")
    there = override_settings(FILES_DIR=folder, OUTGOING_NETWORKS=["203.0.113.0/24"])
    whole = transaction.atomic()
    whole._from_testcase = True  # type: ignore[attr-defined]  # 里面照样可以有“先提交后给”的
    with django_db_blocker.unblock(), there, whole:
        now = timezone.now()
        town = Town(make_street(), folder)
        matters.publish(definition(**SCOPE), now=SINCE)
        _people(town, now)
        for login in (OWNER, *PEOPLE):
            client = Client()
            client.force_login(town.street[login], backend="django.contrib.auth.backends.ModelBackend")
            town.sessions[login] = client.cookies["sessionid"].value
            person = town.street[login]
            _, town.tokens[login] = create_token(
                person, name="试", scopes=SCOPES, days=9, acting_officer=None
            )
        mine = {"spot": {"address": "棠棣路1号"}, "reporter": {"name": "姚小满", "phone": "13700001111"}}
        _snapshot(town, "棠棣路花池缺土", "civil", "minzheng", **mine)
        outbox.drain(timezone.now())
        town.before = {key: take() for key, take in _unasked(town).items()}
        uids = _cases(town)
        handed = _snapshot(town, f"{WORDS}离岗前的", signer="ligang")
        assert outbox.drain(timezone.now()).failed == 0
        _leave(town, timezone.now())
        _target(town, uids, handed)
        yield town
        transaction.set_rollback(True)


def _unasked(town: Town) -> dict[str, Callable[[], str]]:
    """乙不写任何条件就看到的几处：甲的件有没有，都应一字不差。"""

    def page(path: str) -> Callable[[], str]:
        return lambda: level(told(town.client("minzheng").get(path)), {})

    def api(path: str) -> Callable[[], str]:
        return lambda: level(told(town.client("minzheng", "api").get(BASE + path)), {})

    return {
        **{path: page(path) for path in ("/", "/gongzuo/", "/?open=any&scope=all", "/notices/", "/reads/", "/scan/", "/tisu/")},
        **{path: page(path) for path in ("/export/?open=any", "/export/?open=any&as=csv", "/reads/export/")},
        **{path: api(path) for path in ("/cases?open=any", "/cases?open=closed", "/matters")},
    }  # fmt: skip


@pytest.fixture
def town(_town: Town, db: None, settings: Any, monkeypatch: pytest.MonkeyPatch) -> Town:
    """每个测试在其上各开一层事务；往外发的一概不出去，记在 `sent`。"""
    sent: dict[str, list[str]] = {}

    def post(line: calling.Line, url: str, body: bytes, headers: Any) -> calling.Answer:
        sent.setdefault(url.rsplit("/", 1)[-1], []).append(body.decode())
        return calling.Answer(200, 1, b"ok")

    monkeypatch.setattr(calling.Line, "post", post)
    _town.sent = sent
    settings.FILES_DIR = _town.folder
    settings.OUTGOING_NETWORKS = ["203.0.113.0/24"]
    settings.PUBLIC_RATES = {}
    return _town
