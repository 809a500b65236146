"""测试用：节点进程里能听的命令（见 testing.Station）。一个函数一个命令，收发都是 JSON 能写的东西。"""

from __future__ import annotations

import io as _io
from datetime import datetime as _datetime
from pathlib import Path as _Path
from typing import Any as _Any

from django.conf import settings as _settings
from django.core.management import call_command as _call_command
from PIL import Image as _Image

from jiezhi.base.accounts.models import Officer as _Officer
from jiezhi.base.accounts.models import Post as _Post
from jiezhi.base.casework import actions as _actions
from jiezhi.base.casework import files as _files
from jiezhi.base.casework import matters as _matters
from jiezhi.base.casework import outbox as _outbox
from jiezhi.base.casework import queries as _queries
from jiezhi.base.casework import replay as _replay
from jiezhi.base.casework.models import Case as _Case
from jiezhi.base.casework.models import CaseParty as _CaseParty
from jiezhi.base.casework.models import EvidenceUse as _EvidenceUse
from jiezhi.base.casework.outcome import Outcome as _Outcome
from jiezhi.base.casework.testing import make_office as _make_office
from jiezhi.base.registry.models import Appointment as _Appointment
from jiezhi.base.registry.models import Unit as _Unit
from jiezhi.connect.nodes import actions as _nodes
from jiezhi.connect.nodes import applying as _applying
from jiezhi.connect.nodes import exchange as _exchange
from jiezhi.connect.nodes import folder as _folder
from jiezhi.connect.nodes import identity as _identity
from jiezhi.connect.nodes import queries as _status
from jiezhi.connect.nodes.identity import Card as _Card
from jiezhi.connect.nodes.models import Peer as _Peer
from jiezhi.core.procedure.loader import load_folder as _load_folder
from jiezhi.core.procedure.view import Actor as _Actor

_REPORTER = _Actor("reporter")


def setup(now: _datetime) -> None:
    """建库、一个小单位、两份真的业务模板。"""
    _call_command("migrate", verbosity=0)
    office = _make_office()
    since = now.replace(year=2020)
    for code, title, login in (("callback", "回访员", "huifang"), ("admin", "系统管理员", "guanli")):
        post = _Post.objects.create(code=code, title=title)
        who = _Officer.objects.create(login=login, name=title, staff_kind="established", password="!")
        _Appointment.objects.create(officer=who, post=post, unit=office.other, valid_from=since)
    _Unit.objects.create(code="district", name="区城管局", kind="external", path="/district/")
    packs = _load_folder(_Path(_settings.PACKS_DIR))
    for code_list in packs.codes.values():
        _matters.publish_codes(code_list.list, code_list.title, code_list.codes)
    for name in ("report.snapshot", "outside.report"):
        definition = packs.matters[name].definition
        assert definition is not None
        _matters.publish(definition, now=now)


def card() -> str:
    """本机的名片。"""
    return _identity.card().to_text()


def join(text: str, now: _datetime, **more: _Any) -> None:
    """照名片登记对方，核对指纹。"""
    found = _Card.from_text(text)
    peer = _nodes.add(found, acting_officer=None, now=now, **more)
    _nodes.trust(peer, fingerprint=found.fingerprint, acting_officer=None, now=now)


def _photo(number: int, now: _datetime) -> str:
    stream = _io.BytesIO()
    colour = (number % 256, number // 256 % 256, 77)
    _Image.new("RGB", (24, 18), colour).save(stream, "PNG")
    stream.seek(0)
    return _files.store(stream, "现场.png", kind="photo", acting_officer=None, now=now).pk


def report(number: int, now: _datetime, matter: str = "outside.report", photos: int = 1) -> str:
    """居民报一件；返回编号。"""
    inputs = {
        "content": f"第{number}处路灯不亮",
        "spot": {"address": f"南山路{number}号旁"},
        "photos": [_photo(number * 3 + i, now) for i in range(photos)],
        "reporter": {"name": "林小燕", "phone": "13800138001"},
    }
    result = _actions.open_case(
        matter, "report", actor=_REPORTER, inputs=inputs, now=now, key=f"report:{number}"
    )
    assert isinstance(result, _Outcome), str(result)
    return result.number


def act(
    number: str,
    action: str,
    now: _datetime,
    login: str = "",
    reason: str = "",
    photo: int = 0,
    **inputs: _Any,
) -> str:
    """在一件上办一步：给了 `login` 是那个人，不给是来件人。返回办完在哪个环节，或没有办成的话。"""
    if photo:
        inputs["after_photos"] = [_photo(photo, now)]
    who = {"acting_officer": _Officer.objects.get(login=login)} if login else {"actor": _REPORTER}
    case = _Case.objects.get(number=number)
    result = _actions.act(str(case.uid), action, inputs=inputs, reason=reason, now=now, **who)
    return result.state if isinstance(result, _Outcome) else str(result)


def handle(now: _datetime, through: str = "check") -> list[str]:
    """把待分派的随手拍都派、签、办、核查（办到 `through` 为止）；返回办了哪些。"""
    steps: tuple[tuple[str, str, dict[str, str]], ...] = (
        ("dispatch", "fenbo", {"to_unit": "law"}),
        ("sign", "jingban", {}),
        ("answer", "jingban", {"reply": "灯已经换好"}),
        ("check", "huifang", {}),
    )
    done = []
    for case in list(_Case.objects.filter(matter="report.snapshot", state="new").order_by("pk")):
        for action, login, inputs in steps:
            photo = case.pk * 7 + 1 if action == "answer" else 0
            state = act(case.number, action, now, login, photo=photo, **inputs)
            assert len(state) < 20, state
            if action == through:
                break
        done.append(case.number)
    return done


def handle_rest(now: _datetime) -> None:
    """派了没有签收的（办到一半被杀掉的）接着签。"""
    handle(now, through="sign")
    for case in _Case.objects.filter(matter="report.snapshot", state="handling"):
        if "sign" not in case.done:
            act(case.number, "sign", now, "jingban")


def work(now: _datetime) -> int:
    """worker 做到没有事可做。"""
    count = 0
    while True:
        drained = _outbox.drain(now, limit=500)
        applied = _applying.apply_waiting(now)
        assert drained.failed == 0, list(
            _outbox.waiting(now.replace(year=now.year + 1)).values_list("kind", "result")
        )
        count += applied
        if not applied and not drained.done:
            return count


def export(code: str, folder: str, now: _datetime) -> list[str]:
    """写到文件夹。"""
    return [path.name for path in _folder.export(_Peer.objects.get(code=code), _Path(folder), now)]


def take(folder: str, now: _datetime) -> dict[str, _Any]:
    """读文件夹。"""
    found = _folder.take(_Path(folder), now)
    return {name: getattr(found, name) for name in ("taken", "held", "repeated", "notes", "refused")}


def exchange(code: str, now: _datetime) -> dict[str, _Any]:
    """直连一次。"""
    done = _exchange.exchange(_Peer.objects.get(code=code), now)
    return {"sent": done.sent, "fetched": done.fetched, "trouble": done.trouble}


def change(code: str, now: _datetime, **changes: _Any) -> None:
    """改登记。"""
    _nodes.change(_Peer.objects.get(code=code), acting_officer=None, now=now, **changes)


def renew(code: str, now: _datetime) -> int:
    """重起一轮。"""
    return _nodes.renew(_Peer.objects.get(code=code), why="测试", acting_officer=None, now=now)


def sweep(now: _datetime) -> None:
    """每天的清理。"""
    _nodes.sweep(now)


def standing(code: str) -> dict[str, _Any]:
    """往来到了哪里。"""
    found = _status.standing(_Peer.objects.get(code=code))
    words = ("waiting", "unacked", "unapplied", "held", "missing", "refused", "returned")
    peer = {name: getattr(found.peer, name) for name in ("out_seq", "acked", "in_seq", "trouble")}
    return {**{name: getattr(found, name) for name in words}, **peer}


def rejections() -> list[str]:
    """没有收下的缘由代号。"""
    return list(_status.rejections().order_by("pk").values_list("why", flat=True))


def refusals() -> list[str]:
    """没有办成的缘由。"""
    return [one.say for one in _status.refused()]


def cases(matter: str) -> list[dict[str, _Any]]:
    """全部件：编号、环节、不保密的字段、步骤、照片的摘要、对方的编号；每件重放相符。"""
    found = []
    for case in _Case.objects.filter(matter=matter).select_related("version").order_by("pk"):
        assert _replay.differences(case) == []
        link, lines = case.node_links.order_by("-pk").first(), _queries.timeline(case)
        found.append(
            {
                "number": case.number,
                "state": case.state,
                "fields": case.fields,
                "steps": [line.title for line in lines],
                "who": [line.who for line in lines],
                "photos": sorted(_EvidenceUse.objects.filter(case=case).values_list("file", flat=True)),
                "theirs": link.number if link else "",
                "unit": case.unit_id,
            }
        )
    return found


def parties() -> int:
    """库里有几个当事人的索引。"""
    return _CaseParty.objects.count()


def listen() -> int:
    """在本机开网页服务，返回端口。"""
    import threading
    from wsgiref.simple_server import WSGIRequestHandler, make_server

    from django.core.wsgi import get_wsgi_application

    class Quiet(WSGIRequestHandler):
        def log_message(self, format: str, *args: _Any) -> None:
            pass

    server = make_server("127.0.0.1", 0, get_wsgi_application(), handler_class=Quiet)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return int(server.server_port)
