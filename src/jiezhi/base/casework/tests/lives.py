"""测试用：办过几步的件、照片、绕过程序的改动。"""

from __future__ import annotations

import io
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from typing import Any

from django.db import connection, transaction
from PIL import Image

from jiezhi.base.accounts import append_only, sealing, secrets
from jiezhi.base.accounts.models import Officer, Post
from jiezhi.base.casework import actions, files, integrity
from jiezhi.base.casework.heads import current_heads, pack
from jiezhi.base.casework.models import Case, Checkpoint, Event, EvidenceFile
from jiezhi.base.casework.outcome import Outcome
from jiezhi.base.casework.testing import START, Office
from jiezhi.base.registry.models import Appointment
from jiezhi.core import evidence

DAY = timedelta(days=1)
HOUR = timedelta(hours=1)
REPORTER = {"name": "张三", "phone": "13800001234"}


def photo_bytes(colour: str = "red", size: tuple[int, int] = (40, 30), **save: Any) -> bytes:
    stream = io.BytesIO()
    Image.new("RGB", size, colour).save(stream, save.pop("format", "JPEG"), **save)
    return stream.getvalue()


def photo(colour: str = "red") -> EvidenceFile:
    data = photo_bytes(colour)
    return files.store(io.BytesIO(data), f"{colour}.jpg", kind="photo", acting_officer=None, now=START)


def plain(text: str) -> str:
    """比话的内容，不比标点是全角还是半角。"""
    return text.translate(str.maketrans("，：；（）", ",:;()"))


def done(result: object) -> Outcome:
    assert isinstance(result, Outcome), str(result)
    return result


def life(office: Office, subject: str = "路灯不亮", colour: str = "red") -> Case:
    """登记、派单、延期、答复四步：有坐标、当事人、照片、两个时限、角色、筛选值。"""
    spot = {"lon": "114.05", "lat": "22.54", "address": "云桥路1号"}
    inputs = {"subject": subject, "spot": spot, "reporter": REPORTER}
    case = done(
        actions.open_case("test.report", acting_officer=office.dispatcher, inputs=inputs, now=START)
    ).uid
    steps: list[tuple[str, Officer, dict[str, Any], str]] = [
        ("dispatch", office.dispatcher, {"to_unit": "law", "hard": True}, ""),
        ("extend", office.chief, {"longer": "5个工作日"}, "等材料"),
        ("answer", office.clerk, {"reply": "灯泡已经换好", "photos": [photo(colour).pk]}, ""),
    ]
    for hour, (action, officer, values, reason) in enumerate(steps, 1):
        now = START + hour * HOUR
        done(actions.act(case, action, acting_officer=officer, inputs=values, reason=reason, now=now))
    return Case.objects.get(uid=case)


def archivist(office: Office) -> Officer:
    officer = Officer.objects.create(login="dangan", name="赵档案", staff_kind="established", password="!")
    Appointment.objects.create(
        officer=officer,
        post=Post.objects.get(code="archivist"),
        unit=office.other,
        valid_from=datetime(2020, 1, 1, tzinfo=UTC),
    )
    return officer


@contextmanager
def tampering() -> Iterator[None]:
    """拆掉只追加的保护、不管外键，改完装回：像能直接动数据库的人那样。"""
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            # 管理员身份的“复制”状态：触发器和外键都不起作用；改错了由外层事务退回，连同这个状态。
            cursor.execute("SET session_replication_role = replica")
            yield
            cursor.execute("SET session_replication_role = origin")
            return
        with append_only.suspended():
            cursor.execute("PRAGMA defer_foreign_keys = ON")
            yield


def run(sql: str, *values: Any) -> int:
    """执行一句改动；一行也没有改到就是测试写错了。"""
    with connection.cursor() as cursor:
        cursor.execute(sql, values)
        assert cursor.rowcount > 0, sql
        return cursor.rowcount


def tamper(sql: str, *values: Any) -> None:
    with tampering():
        run(sql, *values)


@contextmanager
def tampered(sql: str, *values: Any) -> Iterator[None]:
    """改了，看过，再还原。"""
    with transaction.atomic():
        tamper(sql, *values)
        yield
        transaction.set_rollback(True)


def reseal(case: Case) -> None:
    """拿着全部钥匙的人：把这一件办理记录的行印也重做一遍。"""
    with tampering():
        for event in Event.objects.filter(case=case):
            mark = secrets.row_seal(sealing.content_of(event))
            run("UPDATE casework_event SET seal = %s WHERE id = %s", mark, event.pk)


def checkpoint(number: int = 1, previous: evidence.Checkpoint | None = None) -> evidence.Checkpoint:
    """做一个存证点。"""
    heads = current_heads()
    signer = evidence.Ed25519Signer.from_seed(secrets.sign_key())
    made = evidence.build(number, START + DAY, previous, heads, "云桥街道办事处", signer)
    Checkpoint.objects.create(number=number, at=START + DAY, content=asdict(made), heads=pack(heads))
    return made


def said(*parts: str) -> integrity.Fault:
    """核验全库，返回话里含有各部分的那一处；没有就是没查出来。"""
    report = integrity.verify_database()
    for fault in report.faults:
        if all(plain(part) in plain(fault.say) for part in parts):
            return fault
    raise AssertionError(f"没有说到 {parts}：{[fault.say for fault in report.faults]}")
