"""接口的最外一层：太大的、带空字符的先挡住；别处给出的出错页面换成 problem+json。别的网址原样过。"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import nullcontext

from django.conf import settings
from django.http import HttpRequest, HttpResponse

from jiezhi.api.problems import MEDIA, USUAL, Problem, of_status
from jiezhi.base.registry import stamps

PREFIX = "/api/"
PUBLIC = "/api/v1/public/"
MULTIPART = "multipart/form-data"
# 一份照片之外，表单的分隔和文件名最多这么多字节。
WRAPPING = 64 * 1024


class ProblemsOnly:
    """排在最外面的中间件。"""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """只管 /api/ 下的。"""
        if not request.path_info.startswith(PREFIX):
            return self.get_response(request)
        barred = self._barred(request)
        if barred is not None:
            return barred.response(request)
        # 只看不办的一次请求里，任职、单位这些缓存的戳只核对一次；要办的，办的那一刻再核对。
        with stamps.read_once() if request.method in ("GET", "HEAD") else nullcontext():
            response = self.get_response(request)
        if response.status_code >= 400 and response.headers.get("Content-Type") != MEDIA:
            return of_status(request, response)
        # 答复里有件的内容：没有另说的，哪里也不留。
        response.headers.setdefault("Cache-Control", "no-store")
        return response

    def _barred(self, request: HttpRequest) -> Problem | None:
        if "\x00" in request.path_info or "%00" in request.META.get("QUERY_STRING", ""):
            return Problem("bad-request", "网址里有空字符")
        length = request.META.get("CONTENT_LENGTH") or "0"
        if not length.isdecimal():
            return Problem("bad-request", "Content-Length 不是数字")
        if int(length) > self._most(request):
            return Problem("too-large", USUAL["too-large"])
        return None

    def _most(self, request: HttpRequest) -> int:
        """最多几字节：读之前就按来人说的长短挡住，不先收到盘上。"""
        if not (request.content_type or "").startswith(MULTIPART):
            return int(settings.API_MAX_BYTES)
        if request.path_info.startswith(PUBLIC):
            return int(settings.EVIDENCE_MAX_BYTES) + WRAPPING
        return int(settings.UPLOAD_MAX_BYTES)
