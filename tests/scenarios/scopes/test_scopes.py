"""数据范围穿越：甲的件从哪个网址、哪种方法都到不了乙手里。网址由程序列出，`routes.yaml` 里逐个写明怎样试。"""

from __future__ import annotations

import io
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from django.db import transaction
from django.http import Http404
from django.test import Client
from django.urls import resolve
from ruamel.yaml import YAML

from jiezhi.api.root import api
from jiezhi.api.testing import BASE
from jiezhi.base.casework.tests.lives import photo_bytes
from jiezhi.config.testing_addresses import addresses, allowed

TABLE: dict[str, dict[str, Any]] = YAML(typ="safe").load(Path(__file__).with_name("routes.yaml"))
OWNER, OTHER = "jingban", "minzheng"
OUTSIDERS = ("minzheng", "guoqi", "huangang", "ligang", "lvren")
KINDS = ("plain", "sealed", "secret", "child", "merged", "main", "paper")
DENIED = {401, 403, 404}


@dataclass(frozen=True)
class Way:
    """一种试法，见 `routes.yaml` 的说明。"""

    route: str
    method: str
    path: str
    data: Any = None
    shows: str = ""
    who: str = ""
    way: str = ""
    why: str = ""
    differs: str = ""
    known: tuple[str, ...] = ()
    ours: Any = None
    status: int = 0

    @property
    def how(self) -> str:
        """浏览器、令牌还是不用登录。"""
        return self.way or ("api" if self.route.startswith("api:") else "page")

    @property
    def singles_out(self) -> bool:
        """网址里指着某一件、某一份别人的：一律 403、404。"""
        return any(not one.startswith("own") for one in re.findall(r"\{(\w+)\}", self.path))

    @property
    def idle(self) -> bool:
        """与件无关，请求里也没有写件上的什么。"""
        return bool(self.why) and re.search(r"\{\w+\}", f"{self.path}{self.data}") is None

    def kinds(self) -> tuple[str, ...]:
        """网址里的 {uid} 各种件都试。"""
        return KINDS if "{uid}" in self.path else ("plain",)

    def __str__(self) -> str:
        return f"{self.method} {self.route}"


def _ways() -> Iterator[Way]:
    for route, methods in TABLE.items():
        for method, found in methods.items():
            for one in found if isinstance(found, list) else [found]:
                given = {key: value for key, value in one.items() if key not in ("with", "known")}
                yield Way(route, method, ours=one.get("with"), known=tuple(one.get("known", ())), **given)


WAYS = list(_ways())


def filled(given: Any, values: Mapping[str, str]) -> Any:
    """把 {…} 换成值；“@颜色”换成照片。"""
    if isinstance(given, str):
        text = re.sub(r"\{(\w+)\}", lambda found: values[found[1]], given)
        if not text.startswith("@"):
            return text
        picture = io.BytesIO(photo_bytes(text[1:]))
        picture.name = "我传的.jpg"
        return picture
    if isinstance(given, Mapping):
        return {key: filled(value, values) for key, value in given.items()}
    return [filled(one, values) for one in given] if isinstance(given, list) else given


@contextmanager
def undone() -> Iterator[None]:
    """里面写的都退回。"""
    block = transaction.atomic()
    block._from_testcase = True  # type: ignore[attr-defined]
    with block:
        yield
        transaction.set_rollback(True)


def send(client: Client, way: Way, values: Mapping[str, str], given: Any = None) -> list[Any]:
    """请求一次，跟着转到底；返回一路的答复（后面的是转到的）。"""
    path = filled(way.path, values)
    path = BASE + path if way.route.startswith("api:") else path
    data = filled(way.data if given is None else given, values)
    if way.method == "GET":
        code = {"X-Query-Code": data["code"]} if isinstance(data, dict) and "code" in data else None
        found = client.get(path, None if code else data, headers=code)
    elif way.how == "page" or way.route.startswith("public:") or (isinstance(data, dict) and "file" in data):
        found = client.post(path, data or {})
    else:
        found = client.generic(way.method, path, _json(data or {}), "application/json")
    answers = [found]
    while found.status_code in (301, 302, 303) and len(answers) < 4:
        found = client.get(found.headers["Location"])
        answers.append(found)
    return answers


def _json(data: Any) -> bytes:
    import json

    return json.dumps(data, ensure_ascii=False).encode()


def probe(
    town: Any, who: str, way: Way, values: Mapping[str, str], given: Any = None
) -> tuple[list[int], str]:
    """某人试一次，试完退回。返回一路的状态码和露给他的全部。"""
    with undone():
        client = Client() if way.how == "open" else town.client(who, way.how)
        answers = send(client, way, values, given)
        return [one.status_code for one in answers], "\n".join(map(town.told, answers))


def typed(town: Any, way: Way, values: Mapping[str, str]) -> str:
    """来人自己写进请求的，和本来就知道的。"""
    names = set(re.findall(r"\{(\w+)\}", f"{way.path}{way.data}")) | set(way.known)
    return "\n".join(values[name] for name in names if name in values)


# ---- 网址一个不漏 ----


def _methods(town: Any, way: Way) -> set[str]:
    """这个网址认哪几种方法：拿没有用的方法去问，照它的 Allow；不限的两种都算。"""
    with undone():
        client = Client() if way.how == "open" else town.client("fenbo", way.how)
        path = filled(way.path, town.target | {"uid": town.target["plain"]})
        return allowed(client.options(path) if way.route in VIEWS else client.put(path))


VIEWS = {"office:login", "office:logout", "office:second"}


def test_every_address_is_in_the_table(town: Any) -> None:
    """Django 的网址和接口说明里的操作，逐个都要登记；登记了而没有的也不行。"""
    operations = {
        (f"api:{path.removeprefix(BASE)}", method.upper())
        for path, methods in api.get_openapi_schema()["paths"].items()
        for method in methods
    }
    documented = {route for route, _ in operations}
    named = {one.name for one in addresses()}
    pages = {name for name in named if name.split(":")[0] in ("office", "public", "nodes")}
    assert {one for one in TABLE if not one.startswith("api:")} == pages
    assert {one for one in TABLE if one.startswith("api:")} == documented | {"api:openapi-json"}
    listed = {(one.route, one.method) for one in WAYS}
    assert {one for one in listed if one[0] in documented} == operations
    # 不是接口的操作、也不是页面的，只有这几个：接口的入口和说明，没有这个地址。
    others = {name for name in named - pages if name.split(":")[0] != "api"}
    assert others == {"None"}, others
    inner = {name for name in named if name.startswith("api:")}
    assert len(inner) >= len(documented) - 8, "接口的网址都在接口说明里"
    for way in {one.route: one for one in WAYS if not one.route.startswith("api:")}.values():
        listed_here = {method for route, method in listed if route == way.route}
        assert listed_here == _methods(town, way), way.route


def test_every_row_leads_where_it_says(town: Any) -> None:
    """表里写的路走到的就是那个网址：写错了路，答复 404 就什么也证明不了。"""
    for way in WAYS:
        path = filled(way.path, town.target | {"uid": town.target["plain"]})
        path = BASE + path if way.route.startswith("api:") else path
        try:
            found = resolve(path)
        except Http404:
            raise AssertionError(f"{way}：没有 {path}") from None
        if not way.route.startswith("api:"):
            assert found.view_name == way.route, path
        else:
            assert getattr(found.func, "__name__", "") != "nowhere", path


# ---- 逐个试 ----


@pytest.mark.parametrize("way", WAYS, ids=str)
def test_nothing_reaches_an_outsider(town: Any, way: Way) -> None:
    """乙：没有埋的字符串；真有的和没有的，答复一样。别的几位：没有埋的字符串。"""
    for kind in way.kinds():
        real = town.target | {"uid": town.target[kind]}
        fake = town.fake | {"uid": town.fake[kind]}
        own = typed(town, way, real)
        # 各种件都由乙试；别的几位只试两种，路是同一条。
        every = way.how != "open" and kind in ("plain", "sealed") and not way.idle
        for who in OUTSIDERS if every else (OTHER,):
            codes, text = probe(town, who, way, real)
            assert codes[0] < 500, text
            found = town.leaks(text, own)
            assert not found, f"{way}：{who} 看到了 {kind} 的 {found}"
            if way.singles_out:
                denied = codes[0] == way.status if way.status else codes[0] in DENIED
                assert denied or (codes[0] == 302 and "/login/" in text), f"{way}：{who} 得到 {codes}"
            if who == OTHER and not way.differs and not way.idle:
                there, nothing = probe(town, OTHER, way, fake)
                assert codes == there, f"{way}：有这一件是 {codes}，没有是 {there}"
                assert town.level(text, real) == town.level(nothing, fake), f"{way}：看得出有没有这一件"


@pytest.mark.parametrize("way", [one for one in WAYS if one.shows], ids=str)
def test_the_owner_does_get_it(town: Any, way: Way) -> None:
    """对照：同样的请求，该看见的人看得到埋的字符串；不然上面的不算数。"""
    values = town.target | {"uid": town.target["plain"]}
    given = way.ours if way.ours is not None else way.data
    codes, text = probe(town, way.who or OWNER, way, values, given)
    assert town.shown[way.shows] in text, f"{way}：{codes} {text[:3000]}"


def test_rows_without_a_control_say_why() -> None:
    """没有对照的，写明为何与件无关。"""
    assert [str(one) for one in WAYS if not one.shows and not one.why] == []


def test_what_one_asks_nothing_for_stays_the_same(town: Any) -> None:
    """列表、计数、导出、统计：甲的件有没有，乙看到的一字不差；甲看到的不同（别的对照在上面）。"""
    now = town.unasked()
    for key, before in town.before.items():
        assert now[key]() == before, key
    received = 'data-title="收件">1件'
    assert received in town.page(OWNER, "/tisu/") and received not in town.page(OTHER, "/tisu/")
