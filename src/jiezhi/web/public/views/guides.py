"""办事指南：分类、查找，一份指南，打印单和空白表。内容与窗口、打印单是同一份。"""

from __future__ import annotations

from datetime import date

from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.utils import timezone

from jiezhi.core.procedure.clockdue import LOCAL
from jiezhi.services.promise import actions
from jiezhi.services.promise import queries as services
from jiezhi.web.public import queries
from jiezhi.web.public.shell import attachment, missing, reading, show


@reading
def listing(request: HttpRequest) -> HttpResponse:
    """全部事项的指南，按类分。"""
    wanted = queries.Sought.read(request.GET)
    return show(
        request, "public/guides.html", {"list": queries.guides(wanted, timezone.now()), "wanted": wanted}
    )


@reading
def guide(request: HttpRequest, matter: str) -> HttpResponse:
    """一份指南；可以网上登记的有“网上办”。"""
    definition = services.service(matter)
    if definition is None:
        return missing(request, "public:guides", "办事指南", "没有这份办事指南")
    found = services.guide(definition)
    forms = services.blank_forms(definition)
    context = {
        "guide": found,
        "limit": found.limits[0] if found.limits else None,
        "forms": forms.items(),
        "online": matter in queries.online(timezone.now()),
    }
    return show(request, "public/guide.html", context)


@reading
def guide_file(request: HttpRequest, matter: str) -> HttpResponseBase:
    """指南的 Word 打印单。"""
    definition = services.service(matter)
    if definition is None:
        return missing(request, "public:guides", "办事指南", "没有这份办事指南")
    data = actions.guide_docx(services.guide(definition), definition, _today())
    return attachment(data, f"{definition.matter.title}办事指南.docx")


@reading
def form_file(request: HttpRequest, matter: str, name: str) -> HttpResponseBase:
    """空白申请表。"""
    definition = services.service(matter)
    title = definition and services.blank_forms(definition).get(name)
    if definition is None or title is None:
        return missing(request, "public:guides", "办事指南", "没有这份空白表")
    return attachment(actions.form_docx(definition, name, _today()), f"{title}.docx")


def _today() -> date:
    return timezone.now().astimezone(LOCAL).date()
