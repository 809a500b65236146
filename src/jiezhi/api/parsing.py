"""请求怎样读、答复怎样写。读进来就挡住：不是 UTF-8、不成样、层次太深、非数、空字符、不成对的代理字符。"""

from __future__ import annotations

import json
from typing import Any, NoReturn

from django.http import HttpRequest
from ninja.parser import Parser
from ninja.renderers import JSONRenderer
from ninja.responses import NinjaJSONEncoder

from jiezhi.api.problems import Problem

JSON_TYPE = "application/json"


def _no_constant(text: str) -> NoReturn:
    raise ValueError(f"不接受 {text}")


def read_json(data: bytes) -> Any:
    """JSON 字节 → 值。不成样 → Problem。"""
    try:
        value = json.loads(data.decode("utf-8"), parse_constant=_no_constant)
        if b"\\u" in data:  # 只有转义写得出空字符和不成对的代理字符
            json.dumps(value, ensure_ascii=False).encode("utf-8")
            if _has_null(value):
                raise ValueError("有空字符")
    except (ValueError, RecursionError) as error:
        raise Problem("bad-request", "内容不是合用的 JSON：要是 UTF-8、没有空字符、层次不太深") from error
    return value


def _has_null(value: Any) -> bool:
    if isinstance(value, dict):
        return any("\x00" in key or _has_null(item) for key, item in value.items())
    if isinstance(value, list):
        return any(map(_has_null, value))
    return isinstance(value, str) and "\x00" in value


class JsonParser(Parser):
    """读 JSON。"""

    def parse_body(self, request: HttpRequest) -> Any:
        """请求的内容。类型不是 JSON → Problem。"""
        if request.content_type and request.content_type != JSON_TYPE:
            raise Problem("media-type", "这里只收 application/json")
        return read_json(request.body)


class JsonRenderer(JSONRenderer):
    """写 JSON：中文原样写。"""

    def render(self, request: HttpRequest, data: Any, *, response_status: int) -> bytes:
        """答复的字节。"""
        text = json.dumps(data, ensure_ascii=False, separators=(",", ":"), cls=NinjaJSONEncoder)
        return text.encode("utf-8", "backslashreplace")
