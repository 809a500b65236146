"""存下来的筛选和列的偏好：各人自己的。"""

from __future__ import annotations

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_http_methods

from jiezhi.web.office import actions, lists, queries
from jiezhi.web.office.shell import officer_of, page, show


@page
@require_http_methods(["GET", "POST"])
def views(request: HttpRequest) -> HttpResponse:
    """我存下的筛选；POST 按 `do` 存下、改名、删去、设为先用的，或者记下列。"""
    if request.method == "POST":
        try:
            return redirect(_done(request))
        except ValidationError as error:
            return _page(request, "；".join(error.messages), status=422)
    return _page(request)


def _page(request: HttpRequest, problem: str = "", *, status: int = 200) -> HttpResponse:
    context = {"views": queries.views_of(officer_of(request)), "problem": problem}
    return show(request, "office/views.html", context, rail="home", status=status)


def _done(request: HttpRequest) -> str:
    """照 `do` 办一件，返回接着去的网址。"""
    post, officer = request.POST, officer_of(request)
    number = post.get("view", "")
    view = int(number) if number.isdecimal() and len(number) < 18 else 0
    name = post.get("name", "")[:200]
    match post.get("do", ""):
        case "save":
            row = actions.save_view(
                name, _address(request), default=bool(post.get("default")), acting_officer=officer
            )
            messages.success(request, f"已存下“{row.name}”，在列表上方")
            return f"{reverse('office:home')}?{row.address}"
        case "rename":
            messages.success(
                request, f"已改名为“{actions.rename_view(view, name, acting_officer=officer).name}”"
            )
        case "remove":
            messages.success(request, f"已删除“{actions.remove_view(view, acting_officer=officer).name}”")
        case "first" | "no-first" as do:
            first = actions.use_view_first(view if do == "first" else None, acting_officer=officer)
            messages.success(request, f"打开待办时先用“{first.name}”" if first else "打开待办时不先筛选")
        case "columns":
            columns = () if post.get("usual") else lists.Wanted.read(post).columns
            actions.choose_columns(columns, acting_officer=officer)
            messages.success(request, "已记下，以后都这样显示" if columns else "已恢复缺省的列")
            return f"{reverse('office:home')}?{_address(request) or 'scope='}"
        case _:
            raise ValidationError("没有看懂要办什么，请回到列表再点一次")
    return reverse("office:views")


def _address(request: HttpRequest) -> str:
    """交来的筛选：认得的才留下，写法统一。"""
    usual = lists.usual_scope(officer_of(request), timezone.now())
    return lists.Wanted.read(QueryDict(request.POST.get("address", "")[:4000]), usual).address()
