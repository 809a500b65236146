"""单位、代码表、权责清单、办事指南、业务模板。只读。"""

from __future__ import annotations

from typing import Annotated, Any

from django.http import HttpRequest
from django.utils import timezone
from ninja import Router
from pydantic import StringConstraints

from jiezhi.api import shapes_registry as shapes
from jiezhi.api.auth import Token, officer
from jiezhi.api.problems import not_found
from jiezhi.base.casework import matters, queries
from jiezhi.base.casework.models import CodeList, MatterVersion
from jiezhi.base.casework.statutes import current_statutes
from jiezhi.base.registry.models import PowerVersion
from jiezhi.base.registry.queries import powers, units_and_people
from jiezhi.core.procedure.asking import asked
from jiezhi.core.procedure.definition import START, Definition
from jiezhi.services.promise import queries as services

router = Router(tags=["单位、清单、指南、业务模板"])
READ = Token("registry:read")
Text = Annotated[str, StringConstraints(max_length=100)]
Code = Annotated[str, StringConstraints(max_length=80)]


@router.get("/units", response=list[shapes.UnitOut], auth=READ, summary="单位和任职的人")
def units(request: HttpRequest) -> Any:
    """在用的单位；人员的代号是办理时人员字段要写的。"""
    return [
        {
            "code": one.code,
            "name": one.name,
            "kind": one.kind,
            "parent": one.parent.code if one.parent else None,
            "officers": [{"code": str(pk), "title": name} for pk, name in people.items()],
        }
        for one, people in units_and_people(timezone.now())
    ]


@router.get("/codes/{name}", response=shapes.CodesOut, auth=READ, summary="代码表")
def codes(request: HttpRequest, name: Code) -> Any:
    """如诉求类别；字段的 `list` 是它的名字。"""
    row = CodeList.objects.filter(name=name).first()
    if row is None:
        raise not_found("没有这张代码表")
    return {"name": row.name, "title": row.title, "codes": row.codes}


@router.get("/powers", response=list[shapes.PowerRow], auth=READ, summary="权责清单")
def power_list(request: HttpRequest, class_name: Text = "", duty: Text = "", q: Text = "") -> Any:
    """每个事项一行：有生效的取生效的，没有的取最后一版。"""
    return [
        power_row(row)
        for row in powers.latest()
        if class_name in ("", row.class_name)
        and duty in ("", row.duty)
        and (q in row.title or q.upper() in row.power.code.upper())
    ]


@router.get("/powers/{code}", response=shapes.PowerOut, auth=READ, summary="一个事项")
def power(request: HttpRequest, code: Code) -> Any:
    """生效的一版，没有的取最后一版。"""
    now = timezone.now()
    row = powers.in_force(code, now) or powers.versions(code).last()
    if row is None:
        raise not_found("没有这个事项")
    return {
        **power_row(row),
        "bases": powers.basis_labels(row.bases),
        "authorisation": row.authorisation,
        "exercisable": powers.in_force(code, now) is not None
        and powers.exercisable(row, now, statutes=current_statutes()),
        "fee": row.fee,
        "digest": row.digest,
    }


def power_row(row: PowerVersion) -> dict[str, Any]:
    """权责清单的一行。"""
    return {
        "code": row.power.code,
        "title": row.title,
        "class_name": row.class_name,
        "duty": row.duty,
        "status": row.status,
        "unit": row.unit.name if row.unit else "",
        "matter": row.matter,
        "version": row.number,
        "valid_from": row.valid_from,
        "valid_to": row.valid_to,
    }


@router.get("/guides", response=list[shapes.GuideRow], auth=READ, summary="办事指南")
def guides(request: HttpRequest) -> Any:
    """有指南的事项。"""
    return guide_rows()


@router.get("/guides/{matter}", response=shapes.GuideOut, auth=READ, summary="一份办事指南")
def guide(request: HttpRequest, matter: Code) -> Any:
    """材料、条件、环节、时限、收费、救济、依据；与页面、打印单是同一份。"""
    return guide_whole(matter)


def guide_rows() -> list[dict[str, Any]]:
    """有指南的事项，给办公接口和居民接口。"""
    return [
        {
            "matter": row.matter,
            "title": row.title,
            "kind": row.class_name,
            "fee": definition.matter.guide.fee,
        }
        for row, definition in services.services()
    ]


def guide_whole(matter: str) -> dict[str, Any]:
    """一份指南。没有 → Problem。"""
    definition = services.service(matter)
    if definition is None:
        raise not_found("没有这个事项，或这项业务没有办事指南")
    return services.guide(definition).as_json()


def _current(matter: str) -> Definition:
    try:
        return matters.definition_of(matters.current_version(matter))
    except matters.UnknownMatter as error:
        raise not_found("没有这个业务模板") from error


@router.get("/matters", response=list[shapes.OpeningOut], auth=READ, summary="我能登记的")
def matter_list(request: HttpRequest) -> Any:
    """我能登记哪些件，各要填什么。"""
    return [opening(row, action) for row, action in queries.openable(officer(request))]


def opening(row: MatterVersion, action: str, kind: str = "officer") -> dict[str, Any]:
    """一种开件。`kind` 是谁来填（officer、reporter）。"""
    definition = matters.definition_of(row)
    decl = definition.matter.actions[action]
    return {
        "matter": row.matter,
        "title": row.title,
        "class_name": row.class_name,
        "trade": row.trade,
        "action": action,
        "action_title": decl.title,
        "reason": decl.reason,
        "external": definition.matter.host_system or "",
        "fields": asked(definition, decl, kind),
    }


@router.get("/matters/{matter}", response=shapes.MatterOut, auth=READ, summary="一个业务模板")
def matter_whole(request: HttpRequest, matter: Code) -> Any:
    """现行版本：环节，每个办理动作在什么环节办、要填什么。"""
    definition = _current(matter)
    declared = definition.matter
    states = [(name, one.title) for name, one in declared.states.items()]
    return {
        "matter": declared.matter,
        "title": declared.title,
        "class_name": declared.class_,
        "trade": declared.trade,
        "digest": definition.digest,
        "states": [
            {"code": START, "title": "开件"},
            *({"code": name, "title": said} for name, said in states),
        ],
        "indexed": [name for name, one in declared.fields.items() if one.indexed and not one.secret],
        "actions": [
            {
                "action": name,
                "title": decl.title,
                "help": decl.help or "",
                "before": definition.sources(decl),
                "after": [branch.state for branch in decl.to],
                "automatic": decl.automatic,
                "reason": decl.reason,
                "basis": definition.label(decl.basis),
                "fields": asked(definition, decl),
            }
            for name, decl in declared.actions.items()
        ],
    }
