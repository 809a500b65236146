"""办事指南和审批提速：指南页、打印单、空白表都由业务模板生成；三列从件和办理记录算。"""

from __future__ import annotations

from django.http import FileResponse, Http404, HttpRequest, HttpResponse
from django.utils import timezone
from django.views.decorators.http import require_safe

from jiezhi.base.casework.queries import visible
from jiezhi.core.procedure.clockdue import LOCAL
from jiezhi.core.procedure.definition import Definition
from jiezhi.core.procedure.guide import Guide, guide_of, sections
from jiezhi.services.promise import actions, queries
from jiezhi.web.office.shell import download, officer_of, page, show


@page
@require_safe
def guides(request: HttpRequest) -> HttpResponse:
    """全部事项的指南。"""
    found = [(row, guide_of(definition)) for row, definition in queries.services()]
    return show(request, "office/guides.html", {"found": found}, rail="guides")


@page
@require_safe
def guide(request: HttpRequest, matter: str) -> HttpResponse:
    """一个事项的指南：材料、条件、环节、时限三列、收费、救济、依据。"""
    definition = _definition(matter)
    found = _guide(request, definition)
    context = {
        "guide": found,
        "sections": sections(found),
        "forms": queries.blank_forms(definition).items(),
        "digest": definition.digest[:8],
    }
    return show(request, "office/guide.html", context, rail="guides")


@page
@require_safe
def guide_file(request: HttpRequest, matter: str) -> FileResponse:
    """指南的 Word 打印单。"""
    definition = _definition(matter)
    data = actions.guide_docx(
        _guide(request, definition), definition, timezone.now().astimezone(LOCAL).date()
    )
    return download(data, f"{definition.matter.title}办事指南.docx")


@page
@require_safe
def form_file(request: HttpRequest, matter: str, name: str) -> FileResponse:
    """空白申请表。"""
    definition = _definition(matter)
    try:
        data = actions.form_docx(definition, name, timezone.now().astimezone(LOCAL).date())
    except ValueError as error:
        raise Http404(str(error)) from error
    return download(data, f"{definition.matter.documents[name].title}.docx")


@page
@require_safe
def speed(request: HttpRequest) -> HttpResponse:
    """审批提速：法定、承诺、实际三列，超期和错批为零的证明。只算看得见的件。"""
    now = timezone.now()
    found = queries.speed(visible(officer_of(request), now), now)
    return show(request, "office/speed.html", {"speed": found, "now": now}, rail="speed")


def _definition(matter: str) -> Definition:
    definition = queries.service(matter)
    if definition is None:
        raise Http404("没有这个事项，或这项业务没有办事指南")
    return definition


def _guide(request: HttpRequest, definition: Definition) -> Guide:
    now = timezone.now()
    pace = queries.pace_of(definition, visible(officer_of(request), now), now)
    return queries.guide(definition, pace.limit.actual)
