"""出错的答复：application/problem+json（RFC 9457）。每一种有固定的 `type`，程序认它；`title`、`detail` 给人看。"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any

from django.http import HttpRequest, HttpResponse

from jiezhi.core.procedure.view import Missing, Refusal

MEDIA = "application/problem+json"
TYPE = "urn:jiezhi:problem:"

#: 种类 → （状态码，标题）
KINDS: dict[str, tuple[int, str]] = {
    "bad-request": (400, "请求不成样"),
    "unauthorized": (401, "没有令牌，或者令牌不能用"),
    "scope": (403, "令牌的范围不够"),
    "not-allowed": (403, "不由您办理"),
    "not-found": (404, "没有找到，或您无权查看"),
    "method": (405, "这个地址不支持这种方法"),
    "conflict": (409, "与别人的办理冲突"),
    "idempotency": (409, "同一请求标识的内容不同"),
    "too-large": (413, "内容太大"),
    "media-type": (415, "内容的类型不对"),
    "invalid": (422, "填写的内容不对"),
    "refused": (422, "还差条件，没有办成"),
    "too-many": (429, "太频繁了"),
    "internal": (500, "程序出错，没有办成"),
    "unavailable": (503, "暂时办不了"),
}
BY_STATUS = {
    400: "bad-request", 401: "unauthorized", 403: "not-allowed", 404: "not-found", 405: "method",
    409: "conflict", 413: "too-large", 415: "media-type", 422: "invalid", 429: "too-many", 503: "unavailable",
}  # fmt: skip
USUAL = {
    "bad-request": "请求不成样，请对照接口说明核对",
    "not-found": "没有这个地址、这件或这份材料，或您无权查看",
    "method": "请看答复的 Allow 头",
    "too-large": "请分成几次，或者压缩后再传",
    "internal": "已记在服务器的日志里，请联系系统管理员",
    "unavailable": "数据库正忙，请稍后再试；带着同一个 Idempotency-Key 再来不会办两遍",
}


class Problem(Exception):
    """办不成；由接口换成答复。`missing` 是差的各项，`headers` 是要带的头。"""

    def __init__(
        self,
        kind: str,
        detail: str,
        *,
        missing: Iterable[Missing] = (),
        errors: Iterable[Mapping[str, str]] = (),
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(detail)
        self.kind = kind
        self.detail = detail
        self.missing = tuple(missing)
        self.errors = tuple(errors)
        self.headers = dict(headers or {})

    def response(self, request: HttpRequest) -> HttpResponse:
        """答复。"""
        status, title = KINDS[self.kind]
        body: dict[str, Any] = {
            "type": TYPE + self.kind,
            "title": title,
            "status": status,
            "detail": self.detail,
            "instance": request.path[:200],
        }
        if self.missing:
            body["missing"] = [missing_out(one) for one in self.missing]
        if self.errors:
            body["errors"] = [dict(one) for one in self.errors]
        headers = {"Cache-Control": "no-store", **self.headers}
        return HttpResponse(to_json(body), status=status, content_type=MEDIA, headers=headers)


def to_json(body: Any) -> bytes:
    """JSON 字节：中文原样写；不成对的代理字符（只会是来人写的）转义，不出错。"""
    text = json.dumps(body, ensure_ascii=False, separators=(",", ":"))
    return text.encode("utf-8", "backslashreplace")


def not_found(detail: str = "") -> Problem:
    """没有的和无权看的，同一种说法。"""
    return Problem("not-found", detail or USUAL["not-found"])


def missing_out(item: Missing) -> dict[str, Any]:
    """差的一项：code 程序认，say 差什么，remedy 怎么补，basis 凭什么，field 是哪个字段；blocking 为假只是提醒。"""
    return {
        "code": item.code,
        "say": item.say,
        "remedy": item.remedy,
        "basis": item.basis,
        "field": item.field,
        "blocking": item.blocking,
    }


def refused(refusal: Refusal) -> Problem:
    """办理没有办成 → 答复。"""
    codes = {item.code for item in refusal.missing}
    kind = "refused"
    if "key" in codes:
        kind = "idempotency"
    elif codes & {"no_case", "unknown_action", "unknown_matter"}:
        kind = "not-found"
    elif "who" in codes:
        kind = "not-allowed"
    elif "version" in codes:
        kind = "conflict"
    elif codes <= {"input", "file", "at", "reason"}:
        kind = "invalid"
    return Problem(kind, str(refusal), missing=refusal.missing)


def of_status(request: HttpRequest, response: HttpResponse) -> HttpResponse:
    """别处给的出错答复（没有这个地址、方法不对、程序出错……）换成 problem+json；原来的 Allow 等头留着。"""
    kind = BY_STATUS.get(response.status_code, "internal" if response.status_code >= 500 else "bad-request")
    kept = {name: response.headers[name] for name in ("Allow", "Retry-After") if name in response.headers}
    return Problem(kind, USUAL.get(kind, KINDS[kind][1]), headers=kept).response(request)
