"""库里、材料里、案卷包里随机改一个字节，一千次：核验每次都要查出来。

演示街道（文书、签字、各种业务都有）。每次：随机取一个表的一行一列，改一个字节（文字改一个字、数加一、
时刻加一秒），全库核验，看有没有多报出不符，再原样改回。材料文件、案卷包同样。查不出的一一列出来。
用法：python bench/faults/bytes.py [次数]   （PostgreSQL：bash tests/postgres.sh python bench/faults/bytes.py [次数]）
"""

from __future__ import annotations

import os
import random
import sys
import time
from collections import Counter
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from common import demo_street  # noqa: E402

demo_street(cases=True)

from django.apps import apps  # noqa: E402
from django.db import connection, models, transaction  # noqa: E402
from django.utils import timezone  # noqa: E402

from jiezhi.base.accounts.append_only import suspended  # noqa: E402
from jiezhi.base.accounts.fields import CipherText  # noqa: E402
from jiezhi.base.archive import actions as archive  # noqa: E402
from jiezhi.base.casework import files, outbox  # noqa: E402
from jiezhi.base.casework import models as casework  # noqa: E402
from jiezhi.base.casework.integrity import verify_database  # noqa: E402
from jiezhi.base.casework.integrity_seals import UNCHECKED  # noqa: E402
from jiezhi.core.evidence import verify_package  # noqa: E402

SEED = 20261122
# 除了写明缘由不核的（integrity_seals.UNCHECKED），全部的表。
TABLES = tuple(
    model for model in apps.get_models(include_auto_created=True) if model._meta.label not in UNCHECKED
)
# 带行印的模型里不算的列写在各自的 unsealed 里，连同缘由；这里是另外说的。
COLUMNS: dict[type[models.Model], set[str]] = {
    casework.Event: set(),  # 各列由链核，行印只管链里没有的
    casework.Clock: {"fired_at"},  # 到期的后续发送排过没有：只给 worker 看；到没到期看“到期”，那一列核
}


class Undo(Exception):
    """看完了，改回去。"""


def altered(rng: random.Random, field: models.Field[Any, Any], value: Any) -> Any:
    """改一个字节之后的值；没有内容可改返回 None。"""
    if isinstance(value, bytes | memoryview) and len(value):
        data = bytearray(bytes(value))
        data[rng.randrange(len(data))] ^= 1 << rng.randrange(8)
        return CipherText(data) if isinstance(value, CipherText) else bytes(data)
    if isinstance(value, bool):
        return not value
    if isinstance(value, int):
        return value + 1
    if isinstance(value, float):
        return value + 0.0001
    if isinstance(value, datetime):
        return value + timedelta(seconds=1)
    if isinstance(value, date):
        return value + timedelta(days=1)
    if isinstance(value, UUID):
        return UUID(int=value.int ^ (1 << rng.randrange(128)))
    if isinstance(value, str) and value:
        at = rng.randrange(len(value))
        return value[:at] + ("改" if value[at] != "改" else "变") + value[at + 1 :]
    if isinstance(value, list) and value:
        return value[:-1]
    if isinstance(value, dict) and value:
        key = rng.choice(sorted(value))
        return {**value, key: f"{value[key]}改"}
    return None


def faults() -> set[str]:
    # 材料文件另外改、另外核对；这里只看登记，不读文件内容，一千次才跑得完。
    return {str(one) for one in verify_database(contents=False).faults}


def in_tables(rng: random.Random, rounds: int) -> tuple[Counter[str], list[str]]:
    """每次改一格。外键、唯一约束拦下的不算（改不进去），另抽。"""
    tried: Counter[str] = Counter()
    missed: list[str] = []
    base = faults()
    assert not base, base
    keys = {table: list(table._default_manager.values_list("pk", flat=True)) for table in TABLES}
    tables = [table for table in TABLES if keys[table]]
    while sum(tried.values()) < rounds:
        table = rng.choice(tables)
        skipped = COLUMNS.get(table, getattr(table, "unsealed", frozenset()))
        columns = [one for one in table._meta.concrete_fields if not one.primary_key and not one.generated]
        field = rng.choice([one for one in columns if one.attname not in skipped])
        pk = rng.choice(keys[table])
        row = table._default_manager.values_list(field.attname).get(pk=pk)
        value = altered(rng, field, row[0])
        if value is None:
            continue
        found: set[str] | None = None
        try:
            with transaction.atomic():
                with suspended():
                    # 绕过程序直接改；外键指向不存在的行，数据库自己会拦。
                    models.QuerySet(table).filter(pk=pk).update(**{field.attname: value})
                connection.check_constraints()
                found = faults()
                raise Undo
        except Undo:
            pass
        except Exception:
            continue
        name = f"{table._meta.verbose_name}.{field.verbose_name}"
        tried[str(table._meta.verbose_name)] += 1
        if not found:
            missed.append(f"{name}（第 {pk} 行）：{str(row[0])[:40]} → {str(value)[:40]}")
            print("没有查出：", missed[-1], flush=True)
    return tried, missed


def in_files(rng: random.Random, rounds: int) -> list[str]:
    """材料文件里改一个字节。"""
    missed = []
    rows = list(casework.EvidenceFile.objects.filter(erased_at=None))
    for _ in range(rounds):
        path = files.path_of(rng.choice(rows).digest)
        data = path.read_bytes()
        at = rng.randrange(len(data))
        path.chmod(0o640)
        path.write_bytes(data[:at] + bytes([data[at] ^ (1 << rng.randrange(8))]) + data[at + 1 :])
        if not [state for state, _ in files.audit_files() if state == "altered"]:
            missed.append(f"{path.name} 第 {at} 字节")
        path.write_bytes(data)
    return missed


def in_packages(rng: random.Random, rounds: int, folder: Path) -> list[str]:
    """案卷包里改一个字节。"""
    from jiezhi.base.accounts.models import Officer

    archivist = Officer.objects.filter(appointments__post__code="archivist").first()
    case = casework.Case.objects.filter(evidence__isnull=False).order_by("-seq").first()
    assert archivist is not None and case is not None
    target = folder / "案卷.zip"
    archive.write_case_package(
        case, target, acting_officer=archivist, now=timezone.now(), reveal=True, reason="改字节试验"
    )
    assert verify_package(target).ok
    data = target.read_bytes()
    missed = []
    for _ in range(rounds):
        at = rng.randrange(len(data))
        target.write_bytes(data[:at] + bytes([data[at] ^ (1 << rng.randrange(8))]) + data[at + 1 :])
        try:
            if verify_package(target).ok:
                missed.append(f"案卷包第 {at} 字节")
        except Exception as error:
            missed.append(f"案卷包第 {at} 字节：验证程序出错 {type(error).__name__} {error}")
    return missed


def main() -> None:
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else 1000
    rng = random.Random(SEED)
    while outbox.drain(timezone.now()).done:
        pass
    archive.make_checkpoint(now=timezone.now())
    began = time.perf_counter()
    tried, missed = in_tables(rng, rounds)
    print(f"数据库（{connection.vendor}）：改 {rounds} 处，查出 {rounds - len(missed)} 处；{dict(tried)}")
    lost_files = in_files(rng, rounds)
    print(f"材料文件：改 {rounds} 处，查出 {rounds - len(lost_files)} 处")
    lost_packages = in_packages(rng, rounds, Path(os.environ["JIEZHI_HOME"]))
    print(f"案卷包：改 {rounds} 处，查出 {rounds - len(lost_packages)} 处")
    for line in [*lost_files, *lost_packages]:
        print("没有查出：", line)
    print(f"{time.perf_counter() - began:.0f} 秒，{datetime.now(UTC):%Y-%m-%d}")
    if missed or lost_files or lost_packages:
        raise SystemExit(1)


main()
