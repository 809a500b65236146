"""测试用：网址总表逐层展开，每个网址一行。要求“每个网址都……”的测试都从这里取，不漏。"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from django.urls import URLPattern, URLResolver, get_resolver

NOBODY = "00000000-0000-4000-8000-000000000000"


@dataclass(frozen=True, slots=True)
class Address:
    """一个网址。`name` 带名字空间，没有名字的是“None”；`route` 是全写，与 `resolve(路).route` 相同。"""

    name: str
    route: str

    def example(self) -> str:
        """填上样子对的值的路，走得到这个网址。"""
        samples = {"uuid": NOBODY, "uuidstr": NOBODY, "int": "1"}
        found = re.sub(r"<(?:(\w+):)?\w+>", lambda one: samples.get(one[1] or "", "mou"), self.route)
        return f"/{found}"


def addresses(found: URLResolver | None = None, route: str = "", space: str = "") -> Iterator[Address]:
    """`found`（缺省是总表）下的全部网址，连同 include 进来的和接口的。"""
    for one in (found or get_resolver()).url_patterns:
        if isinstance(one, URLResolver):
            inner = f"{one.namespace}:" if one.namespace else space
            yield from addresses(one, route + str(one.pattern), inner)
        elif isinstance(one, URLPattern):
            yield Address(f"{space}{one.name}", route + str(one.pattern))


def allowed(response: Any) -> set[str]:
    """拿没有用的方法去问，照答复的 Allow 认哪几种方法；没有说的两种都算。"""
    said = response.headers.get("Allow", "GET, POST")
    return set(re.findall(r"[A-Z]+", said)) - {"HEAD", "OPTIONS", "PUT"}
