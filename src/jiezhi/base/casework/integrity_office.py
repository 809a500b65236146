"""全库核验里不属于某一件的：业务模板、没有主的行、材料、编号、存证点、只追加的保护。"""

from __future__ import annotations

import json
import re
from collections import defaultdict
from typing import Any

from django.apps import apps
from django.db import connection, models, transaction
from django.db.models import Exists, OuterRef

from jiezhi.base.accounts import append_only, secrets
from jiezhi.base.casework import dialect, files
from jiezhi.base.casework.comparison import label_of
from jiezhi.base.casework.heads import heads_of
from jiezhi.base.casework.integrity_report import Fault, Progress, Report
from jiezhi.base.casework.models import (
    Case,
    CaseField,
    CaseParty,
    CaseRole,
    CaseText,
    Checkpoint,
    Clock,
    ClockEntry,
    Event,
    EvidenceFile,
    EvidenceUse,
    MatterVersion,
    NumberIssue,
    Payload,
)
from jiezhi.base.casework.queries import number_gaps
from jiezhi.core.evidence import Checkpoint as CoreCheckpoint
from jiezhi.core.evidence import Ed25519Signer, fingerprint, sm3_hex, verify_checkpoint
from jiezhi.core.evidence.instants import to_iso
from jiezhi.core.procedure.definition import Definition


def _fault(
    report: Report, kind: str, say: str, row: str, column: str = "", case: str = "", seq: int | None = None
) -> None:
    report.fault(Fault(kind, say, case, seq, row, column))


def check_definitions(report: Report) -> None:
    """业务模板的每个版本：内容与摘要相符，名称等列与内容相符。"""
    versions = list(MatterVersion.objects.order_by("pk"))
    current = {one.matter for one in versions if one.is_current}
    for name in sorted({one.matter for one in versions} - current):
        say = f"业务模板“{name}”没有现行的版本：“现行”被改动。"
        _fault(report, "definition", say, "业务模板版本", "is_current")
    for version in versions:
        report.count("业务模板版本")
        content = bytes(version.content)
        if sm3_hex(content) != version.digest:
            say = f"业务模板“{version.title}”的内容与摘要不符：被改动。"
            _fault(report, "definition", say, "业务模板版本", "content")
            continue
        try:
            matter = Definition.load(content).matter
        except Exception:  # 摘要相符而程序读不懂：旧版写法，或内容与摘要一起被换过
            say = f"业务模板“{version.title}”的内容读不懂：被整个换过，或是新版程序写的。"
            _fault(report, "definition", say, "业务模板版本", "content")
            continue
        pairs = {
            "matter": matter.matter, "title": matter.title, "class_name": matter.class_,
            "trade": matter.trade,
        }  # fmt: skip
        for column, value in pairs.items():
            if getattr(version, column) != value:
                title = label_of(MatterVersion, column)
                now = getattr(version, column)
                say = f"业务模板“{matter.title}”的“{title}”与内容不符：现为“{now}”，应为“{value}”。"
                _fault(report, "definition", say, "业务模板版本", column)


_OWNED: tuple[tuple[type[models.Model], str, type[models.Model], str], ...] = (
    (Event, "case_id", Case, "件"),
    (Payload, "event_id", Event, "办理记录"),
    (Clock, "case_id", Case, "件"),
    (ClockEntry, "clock_id", Clock, "时限"),
    (ClockEntry, "event_id", Event, "办理记录"),
    (CaseRole, "case_id", Case, "件"),
    (CaseField, "case_id", Case, "件"),
    (CaseParty, "case_id", Case, "件"),
    (CaseText, "case_id", Case, "件"),
    (EvidenceUse, "event_id", Event, "办理记录"),
    (EvidenceUse, "case_id", Case, "件"),
    (Case, "parent_id", Case, "上级件"),
    (Case, "merged_into_id", Case, "并入的主件"),
    (Case, "version_id", MatterVersion, "业务模板版本"),
)


def check_orphans(report: Report) -> None:
    """绕过外键删掉一行后，留下没有主的行。"""
    for model, column, owner, title in _OWNED:
        rows: models.QuerySet[Any] = model._default_manager.filter(**{f"{column}__isnull": False})
        lost = rows.filter(~Exists(owner._default_manager.filter(pk=OuterRef(column)).order_by()))
        ids = list(lost.values_list("pk", flat=True)[:20])
        if ids:
            name = str(model._meta.verbose_name)
            count = lost.count()
            say = (
                f"有{count}行“{name}”找不到它所属的{title}（行号{'、'.join(map(str, ids))}）：{title}被删去。"
            )
            _fault(report, "orphan", say, name, column)


def check_claims(report: Report, claims: dict[str, tuple[str, int]]) -> None:
    """办理记录写明开了的子件、并入的件，库里都在。`claims`：全局标识 → （由哪件，第几号提到）。"""
    known = {str(uid) for uid in Case.objects.values_list("uid", flat=True).iterator()}
    for uid, (number, seq) in sorted(claims.items()):
        report.count("提到的别的件")
        if uid not in known:
            say = f"{number}：第{seq}号办理记录提到的另一件（{uid}）不见了：被删去。"
            _fault(report, "case_missing", say, "件", case=number, seq=seq)


def check_files(report: Report, tell: Progress, contents: bool) -> None:
    """材料：登记的都在、内容与摘要相符；没有不明来历的文件。"""
    names = dict(EvidenceFile.objects.values_list("digest", "name"))
    for done, (state, digest) in enumerate(files.audit_files(contents), 1):
        report.count("材料")
        if state != "ok":
            used = _users(digest)
            what = "不见了：文件被删去" if state == "missing" else "与登记的摘要不符：文件被改动或损坏"
            say = f"{used}材料“{names.get(digest, '')}”（{digest[:16]}…）{what}。请从备份恢复。"
            _fault(report, f"file_{state}", say, "材料", "digest", used.rstrip(":"))
        if done % 100 == 0 or done == len(names):
            tell("材料", done, len(names))
    _check_erased(report)
    for name in files.unknown_files():
        say = f"材料目录里有没有登记的文件“{name}”：是后放的，或上传时断电留下的。"
        _fault(report, "file_unknown", say, "材料")


def _check_erased(report: Report) -> None:
    """标为依法清除的材料，用过它的每件都要有清除的办理记录：不能借“清除”之名删材料。"""
    for use in EvidenceUse.objects.exclude(file__erased_at=None).select_related("file", "case").distinct():
        bodies = Event.objects.filter(case=use.case_id, action="erase").values_list("body", flat=True)
        listed = {
            digest
            for body in bodies
            for item in json.loads(bytes(body))["effects"].get("erase", [])
            for digest in item.get("files", [])
        }
        if use.file_id not in listed:
            say = f"{use.case.number}：材料“{use.file.name}”标为依法清除，却没有清除的办理记录：被擅自删去。"
            _fault(report, "file_missing", say, "材料", "erased_at", use.case.number)


def _users(digest: str) -> str:
    found = EvidenceUse.objects.filter(file_id=digest).values_list("case__number", flat=True).distinct()[:5]
    numbers = [str(number) for number in found]
    return "、".join(numbers) + "：" if numbers else ""


def check_numbers(report: Report) -> None:
    """编号：每个号段从 1 起接得上；件的编号都是发出的，发出的件号都有件；用在件上的号作废了，件上要有记录。"""
    for gap in number_gaps():
        _fault(report, "number", f"{gap}。", "号段" if gap.last is None else "已发编号", "n")
    with transaction.atomic():  # 发出的号和件要在同一时刻看
        issues: dict[str, list[tuple[str, bool]]] = defaultdict(list)
        rows = NumberIssue.objects.order_by("series_id", "n").values_list("series_id", "text", "voided_at")
        for key, text, voided in rows.iterator():
            issues[key].append((text, voided is not None))
        cases = list(Case.objects.filter(host_system="").values_list("matter", "number"))
    report.count("编号", sum(map(len, issues.values())))
    _case_numbers(report, issues, cases)
    _voided(report)


def _voided(report: Report) -> None:
    said = {
        (case, json.loads(bytes(body))["effects"].get("void"))
        for case, body in Event.objects.filter(action="void_number").values_list("case_id", "body")
    }
    rows = NumberIssue.objects.exclude(voided_at=None).exclude(case=None).select_related("case")
    for row in rows.iterator():
        if row.case is not None and (row.case_id, row.text) not in said:
            say = f"{row.case.number}：编号“{row.text}”标为作废，件上却没有作废的办理记录：被擅自改动。"
            _fault(report, "number", say, "已发编号", "voided_at", row.case.number)


def _case_numbers(
    report: Report, issues: dict[str, list[tuple[str, bool]]], cases: list[tuple[str, str]]
) -> None:
    have: dict[str, set[str]] = defaultdict(set)
    for matter, number in cases:
        have[matter].add(number)
    for matter, sequences in _case_sequences().items():
        prefix = f"{matter.upper().replace('.', '-')}-"
        issued: set[str] = set()
        for key, rows in issues.items():
            parts = key.split("/")
            if parts[0] == matter and len(parts) > 1 and parts[1] in sequences:
                start = prefix if parts[1] == "case" and sequences["case"] else ""
                issued |= {start + text for text, voided in rows if not voided}
        for number in sorted(have[matter] - issued):
            say = f"{number}：这个编号没有发出的登记：登记被删去，或件是插进来的。"
            _fault(report, "number", say, "件", "number", number)
        for number in sorted(issued - have[matter]):
            say = f"编号{number}发出过，而没有这一件：件被删去。"
            _fault(report, "case_missing", say, "件", "number", number)


def _case_sequences() -> dict[str, dict[str, bool]]:
    """业务模板 → 只用来编件号的号段名（值：是不是平台默认的件号）。同时编文书号的不算，对不出。"""
    found: dict[str, dict[str, bool]] = defaultdict(dict)
    mixed: set[tuple[str, str]] = set()
    for version in MatterVersion.objects.order_by("pk"):
        try:
            matter = Definition.load(bytes(version.content)).matter
        except Exception:  # 另有核对
            continue
        if matter.host_system:
            continue
        for action in matter.actions.values():
            for target, sequence in action.number.items():
                if target == "case":
                    found[matter.matter][sequence] = False
                else:
                    mixed.add((matter.matter, sequence))
        found[matter.matter].setdefault("case", "case" not in matter.sequences)
    return {
        matter: names for matter, names in found.items() if not any((matter, name) in mixed for name in names)
    }


def check_checkpoints(report: Report) -> None:
    """存证点：签名、前后相接；最后一个当时的链头，现在仍在各件的链上。"""
    own = Ed25519Signer.from_seed(secrets.sign_key()).public_key
    before: CoreCheckpoint | None = None
    last: Checkpoint | None = None
    for row in Checkpoint.objects.order_by("number").defer("heads").iterator():
        report.count("存证点")
        try:
            found = CoreCheckpoint.from_value(row.content)
        except ValueError as error:
            say = f"第{row.number}号存证点读不懂（{error}）：被改动。"
            _fault(report, "checkpoint", say, "存证点", "content")
            before, last = None, None
            continue
        for item in verify_checkpoint(found, before):
            _fault(report, str(item.kind), item.say, "存证点", "content")
        if before is None and last is None and report.counts["存证点"] == 1 and row.number != 1:
            say = f"缺第1至第{row.number - 1}号存证点：被删去。"
            _fault(report, "checkpoint", say, "存证点")
        if found.number != row.number:
            say = f"第{row.number}号存证点的内容写的是第{found.number}号。"
            _fault(report, "checkpoint", say, "存证点", "number")
        if found.public_key != own.hex():
            mark = fingerprint(bytes.fromhex(found.public_key))
            say = f"第{row.number}号存证点不是用本机的签名密钥签的（指纹{mark}）：被换过，或更换过密钥。"
            _fault(report, "checkpoint", say, "存证点", "content")
        if found.at != to_iso(row.at):
            say = f"第{row.number}号存证点的时间与内容不符：被改动。"
            _fault(report, "checkpoint", say, "存证点", "at")
        before, last = found, row
    if last is not None and before is not None:
        _check_heads(report, last, before)


def _check_heads(report: Report, row: Checkpoint, found: CoreCheckpoint) -> None:
    try:
        heads = heads_of(row)
    except ValueError as error:
        _fault(report, "checkpoint", f"第{row.number}号存证点的链头读不出（{error}）。", "存证点", "heads")
        return
    for item in verify_checkpoint(found, None, heads):
        if item.where and "root" in str(item.kind):
            say = f"第{row.number}号存证点存下的链头与它的总摘要不符：链头被改动。"
            _fault(report, str(item.kind), say, "存证点", "heads")
    for start in range(0, len(heads), 500):
        part = heads[start : start + 500]
        wanted = {uid: (seq, digest) for uid, seq, digest in part}
        now = standing(wanted)
        for uid, (seq, digest) in wanted.items():
            report.count("存证的链头")
            number, current = now.get(uid, (None, None))
            if number is None:
                say = f"第{row.number}号存证点存有一件（{uid}），现在没有了：件被删去。"
                _fault(report, "checkpoint", say, "存证点", "heads")
            elif current is None:
                say = f"{number}：第{row.number}号存证点存到第{seq}号办理记录，现在没有这一号：被截去。"
                _fault(report, "checkpoint", say, "办理记录", case=number, seq=seq)
            elif current != digest:
                say = (
                    f"{number}：第{seq}号办理记录与第{row.number}号存证点所存的不同："
                    "它或它之前的记录在存证之后被改过。"
                )
                _fault(report, "checkpoint", say, "办理记录", case=number, seq=seq)


def standing(wanted: dict[str, tuple[int, bytes]]) -> dict[str, tuple[str, bytes | None]]:
    """这些件现在的编号，和当时那一号办理记录现在的摘要（没有为 None）。"""
    cases = Case.objects.filter(uid__in=list(wanted)).values_list("pk", "uid", "number")
    by_pk = {pk: (str(uid), number) for pk, uid, number in cases}
    found: dict[str, tuple[str, bytes | None]] = {uid: (number, None) for uid, number in by_pk.values()}
    seqs = {seq for seq, _ in wanted.values()}
    events = Event.objects.filter(case__in=list(by_pk), seq__in=seqs).values_list("case_id", "seq", "digest")
    for pk, seq, digest in events:
        uid, number = by_pk[pk]
        if wanted[uid][0] == seq:
            found[uid] = (number, bytes(digest))
    return found


def check_triggers(report: Report) -> None:
    """只追加的表：数据库里的保护还在、没有被换成空的。"""
    guarded = [model for model in apps.get_models() if issubclass(model, append_only.AppendOnlyModel)]
    installed = _installed()
    for model in guarded:
        table, title = model._meta.db_table, model._meta.verbose_name
        for statement in append_only.statements(connection.vendor, table):
            match = re.search(r'CREATE TRIGGER (?:IF NOT EXISTS )?"([^"]+)" (.*)$', statement, re.DOTALL)
            if match is None:
                continue
            report.count("只追加的保护")
            now = installed.get(match[1])
            if now is None or not now.endswith(match[2].replace('"', "")):
                what = "不见了" if now is None else "被换过"
                say = f"“{title}”只能追加的数据库保护（{match[1]}）{what}：有人动过数据库结构。请查明后重装。"
                _fault(report, "trigger", say, str(title))


def check_search(report: Report) -> None:
    """全文索引里的词就是“件的文字”里的词（各件的文字对不对，逐件核验时看）。"""
    report.count("全文索引")
    if say := dialect.index_broken():
        _fault(report, "search", f"{say}。请用 jiezhi reindex 重建。", "件的文字")


def _installed() -> dict[str, str]:
    with connection.cursor() as cursor:
        if connection.vendor == "sqlite":
            cursor.execute("SELECT name, replace(sql, '\"', '') FROM sqlite_master WHERE type = 'trigger'")
        else:
            # 触发器还在、调用的函数被换成空的，等于没有：函数内容不符的不算。
            cursor.execute(
                "SELECT t.tgname, CASE WHEN p.prosrc = %s THEN replace(pg_get_triggerdef(t.oid, true), '\"', '')"
                " ELSE '' END FROM pg_trigger t JOIN pg_proc p ON p.oid = t.tgfoid WHERE t.tgenabled IN ('O', 'A')",
                [append_only.POSTGRESQL_BODY],
            )
        return dict(cursor.fetchall())
