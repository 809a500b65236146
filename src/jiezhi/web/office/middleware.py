"""只收 POST 的网址被直接打开（收藏了、登录后转回来、在地址栏里回车）：不给一张白页，说清楚并指回去的路。"""

from __future__ import annotations

from collections.abc import Callable

from django.conf import settings
from django.http import HttpRequest, HttpResponseBase
from django.shortcuts import render
from django.urls import Resolver404, resolve, reverse

Answer = Callable[[HttpRequest], HttpResponseBase]
SITES = {"office": ("office:home", "回到待办"), "public": ("public:home", "回到首页")}


class ButtonsOnly:
    """办公页面和公开站的 405：状态码和 Allow 不变，正文写给人看。接口、节点的不管。"""

    def __init__(self, get_response: Answer) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        response = self.get_response(request)
        found = request.resolver_match
        if response.status_code != 405 or found is None or found.app_name not in SITES:
            return response
        where, words = SITES[found.app_name]
        if found.app_name == "office" and "uid" in found.kwargs:
            where, words = reverse("office:case", args=[found.kwargs["uid"]]), "回到这一件"
        else:
            where, words = _above(request.path, found.view_name) or (reverse(where), words)
        context = {"office_name": settings.OFFICE_NAME, "back": where, "back_words": words}
        page = render(request, "405.html", context, status=405)
        page.headers["Allow"] = response.headers.get("Allow", "")
        return page


def _above(path: str, own: str) -> tuple[str, str] | None:
    """上一级有网址的那一页；到了最上面还没有就是 None。"""
    parts = path.strip("/").split("/")[:-1]
    while parts:
        above = f"/{'/'.join(parts)}/"
        try:
            found = resolve(above)
        except Resolver404:
            parts.pop()
            continue
        return (above, "回到上一页") if found.view_name != own else None
    return None
