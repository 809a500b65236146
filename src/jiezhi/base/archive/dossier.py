"""由数据库备齐一件的案卷：办理记录、各栏的值和盐、材料、业务模板、存证凭据、有关的件。"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Any

from django.conf import settings

from jiezhi.base.accounts.models import Officer
from jiezhi.base.archive import queries
from jiezhi.base.casework import bundles, files
from jiezhi.base.casework import queries as casework
from jiezhi.base.casework.bundles import Bundle
from jiezhi.base.casework.models import Case, MatterVersion
from jiezhi.core.evidence import Checkpoint, Inclusion, Json, PackageSource, prove_inclusion
from jiezhi.core.procedure.clockwork import LOCAL
from jiezhi.core.procedure.definition import Definition
from jiezhi.core.procedure.fold import REASON


class Incomplete(ValueError):
    """案卷备不齐；文字说明缺什么。"""


@dataclass(frozen=True, slots=True)
class Dossier:
    """备齐的案卷。`sensitive`：包里有原值的敏感栏 → 名称。"""

    source: PackageSource
    sensitive: dict[str, str]


def gather(case: Case, *, acting_officer: Officer, now: datetime) -> Dossier:
    """备齐一件的案卷（不写任何东西）。内容读不出、材料不在 → Incomplete。"""
    found = bundles.load(Case.objects.filter(pk=case.pk))
    if not found or not found[0].events:
        raise Incomplete("没有这一件，或它没有办理记录。请核验全库")
    bundle = found[0]
    row = MatterVersion.objects.get(pk=bundle.row.version_id)
    definition = Definition.load(bytes(row.content))
    openings, erased, sensitive = {}, {}, {}
    for event in bundle.events:
        content = bundle.contents.get(event.pk)
        if content is None:
            continue
        if content.problem:
            raise Incomplete(f"第{event.seq}号办理记录的填报内容读不出：{content.problem}。请核验全库")
        openings[event.seq], erased[event.seq] = content.openings, content.erased
        for name, opening in content.openings.items():
            decl = definition.matter.fields.get(name)
            if name != REASON and (decl is None or decl.secret) and opening.value is not None:
                sensitive[name] = decl.title if decl else name
    checkpoint, inclusion = _proof(bundle)
    source = PackageSource(
        office=settings.OFFICE_NAME,
        case=_header(bundle, definition, acting_officer, now),
        records=[event.record() for event in bundle.events],
        definition=bytes(row.content).decode(),
        openings={seq: items for seq, items in openings.items() if items},
        erased={seq: items for seq, items in erased.items() if items},
        files={digest: partial(_path, digest) for digest in _digests(bundle)},
        checkpoint=checkpoint,
        inclusion=inclusion,
    )
    return Dossier(source, sensitive)


def _path(digest: str) -> Path:
    return files.path_of(digest)


def _digests(bundle: Bundle) -> list[str]:
    """办理记录提到的材料；依法清除的除外，缺的 → Incomplete。"""
    mentioned: dict[str, int] = {}
    gone: set[str] = set()
    for event in bundle.events:
        body = bundle.body(event)
        for item in body["files"]:
            mentioned.setdefault(item["digest"], event.seq)
        for item in body["effects"].get("erase", []):
            gone |= set(item.get("files", []))
    for digest, seq in mentioned.items():
        if digest not in gone and not files.path_of(digest).is_file():
            raise Incomplete(f"第{seq}号办理记录的材料（{digest[:16]}…）不见了。请先从备份恢复")
    return sorted(set(mentioned) - gone)


def _proof(bundle: Bundle) -> tuple[Checkpoint | None, Inclusion | None]:
    """最近的存证点和它含有这件的凭据；还没有存证过为 None。"""
    row = queries.latest_checkpoint()
    if row is None:
        return None, None
    try:
        heads = queries.heads_of(row)
        return queries.checkpoint(row), prove_inclusion(heads, bundle.uid)
    except KeyError:
        return None, None
    except ValueError as error:
        raise Incomplete(f"最近的存证点读不懂（{error}）。请核验全库") from error


def _header(bundle: Bundle, definition: Definition, officer: Officer, now: datetime) -> dict[str, Json]:
    """件的概况。有关的件只列看得见的，其余只说有几件。"""
    row, matter = bundle.row, definition.matter
    state = matter.states.get(row.state)
    header: dict[str, Json] = {
        "uid": bundle.uid,
        "number": row.number,
        "title": f"{row.number} {row.title}",
        "matter": row.matter,
        "matter_title": matter.title,
        "state": row.state,
        "state_title": state.title if state else row.state,
        "opened_at": row.opened_at.astimezone(LOCAL).isoformat(),
        "closed_at": row.closed_at.astimezone(LOCAL).isoformat() if row.closed_at else None,
        "unit": row.unit_id,
        "area": row.area_id,
        "host_system": row.host_system or None,
    }
    seen = casework.visible(officer, now)
    related: dict[str, Any] = {
        "parent": Case.objects.filter(children=row.pk),
        "merged_into": Case.objects.filter(merged=row.pk),
        "children": Case.objects.filter(parent=row.pk),
        "merged": Case.objects.filter(merged_into=row.pk),
    }
    for name, cases in related.items():
        listed: list[Json] = [_short(one) for one in seen.filter(pk__in=cases.values("pk")).order_by("pk")]
        header[name] = listed
        if hidden := cases.count() - len(listed):
            header[f"{name}_not_shown"] = hidden
    return header


def _short(case: Case) -> Json:
    return {
        "uid": str(case.uid),
        "number": case.number,
        "matter": case.matter,
        "state": case.state,
        "slot": case.slot,
        "head": bytes(case.head).hex(),
    }
