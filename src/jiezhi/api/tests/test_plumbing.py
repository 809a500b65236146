"""出错一律 problem+json；来人的地址怎样认；限速怎样数。"""

from __future__ import annotations

from typing import Any

import pytest
from django.db import OperationalError
from django.test import Client, RequestFactory

from jiezhi.api import root, throttle
from jiezhi.api.actions import create_token
from jiezhi.api.models import SCOPES
from jiezhi.api.parsing import read_json
from jiezhi.api.problems import MEDIA, Problem
from jiezhi.api.testing import BASE, Caller, problem
from jiezhi.base.accounts import throttle as counting
from jiezhi.base.accounts.address import client_address
from jiezhi.base.casework import actions
from jiezhi.base.casework.testing import Office, make_office


@pytest.fixture
def office(db: None) -> Office:
    return make_office()


@pytest.fixture
def me(office: Office) -> Caller:
    return Caller(create_token(office.dispatcher, name="测试", scopes=SCOPES, days=9, acting_officer=None)[1])


# ---- 出错的样子 ----


@pytest.mark.parametrize(
    "path", ["/nothing", "/cases/abc", "/cases/1/2/3", "/", "", "/cases/", "//", "/公示"]
)
def test_no_such_address(me: Caller, path: str) -> None:
    problem(me.get(path), 404, "not-found")


def test_outside_v1_too(db: None) -> None:
    found = Client().get("/api/v2/cases")
    assert (found.status_code, found.headers["Content-Type"]) == (404, MEDIA)
    assert Client().get("/no-such-page").headers["Content-Type"].startswith("text/html"), "页面照旧"


@pytest.mark.parametrize("method", ["put", "delete", "patch", "head"])
def test_wrong_method(me: Caller, method: str) -> None:
    found = getattr(me.client, method)(f"{BASE}/cases", headers=me.headers)
    assert (found.status_code, found.headers["Content-Type"]) == (405, MEDIA)
    assert set(found.headers["Allow"].split(", ")) == {"GET", "POST"}


@pytest.mark.parametrize(
    "body",
    [
        b"{", b"", b"[", b"nul", b'{"a": NaN}', b'{"a": Infinity}', b"\xff\xfe{}", b'{"a": "\\u0000"}', b'{"a": "\\ud800"}',
        b'{"a":' * 5000 + b"1" + b"}" * 5000, b"[" * 200_000, b'{"a": ' + b"9" * 5000 + b"}", b'"\x01"', b"{'a': 1}",
    ],
    ids=range(14),
)  # fmt: skip
def test_not_json(me: Caller, body: bytes) -> None:
    found = me.client.post(f"{BASE}/cases", body, content_type="application/json", headers=me.headers)
    assert found.status_code in (400, 422) and found.headers["Content-Type"] == MEDIA


@pytest.mark.parametrize(
    "body", [b"[]", b"1", b'"x"', b"null", b"true", b"{}", b'{"matter": 1}', b'{"x": 1}']
)
def test_json_of_another_shape(me: Caller, body: bytes) -> None:
    found = problem(
        me.client.post(f"{BASE}/cases", body, content_type="application/json", headers=me.headers),
        422,
        "invalid",
    )
    assert found["errors"] and all(one["say"] for one in found["errors"])


def test_another_media_type(me: Caller) -> None:
    for kind in ("text/plain", "application/xml", "application/x-www-form-urlencoded"):
        found = me.client.post(f"{BASE}/cases", b"a=1", content_type=kind, headers=me.headers)
        problem(found, 415, "media-type")


def test_too_much_json(me: Caller, settings: Any) -> None:
    settings.API_MAX_BYTES = 50
    problem(me.post("/cases", {"matter": "x" * 100}), 413, "too-large")


def test_null_bytes_in_the_address(me: Caller) -> None:
    problem(me.get("/powers/a%00b"), 400, "bad-request")
    problem(me.client.get(f"{BASE}/cases?q=%00", headers=me.headers), 400, "bad-request")


def test_a_busy_database_says_come_back(me: Caller, monkeypatch: Any) -> None:
    def locked(*_: Any, **__: Any) -> None:
        raise OperationalError("database is locked" if root.connection.vendor == "sqlite" else "timeout")

    monkeypatch.setattr(actions, "open_case", locked)
    found = me.post("/cases", {"matter": "test.report", "inputs": {}})
    problem(found, 503, "unavailable")
    assert found.headers["Retry-After"]


def test_a_bug_is_a_problem_too_and_is_not_hidden(me: Caller, monkeypatch: Any) -> None:
    def broken(*_: Any, **__: Any) -> None:
        raise ZeroDivisionError("机密的内部细节")

    monkeypatch.setattr(actions, "open_case", broken)
    me.client.raise_request_exception = False
    found = me.post("/cases", {"matter": "test.report", "inputs": {}})
    assert "机密" not in problem(found, 500, "internal")["detail"]


def test_reading_json_keeps_everything_else() -> None:
    text = '{"a": "‮emoji 😀\\u0041\\n", "b": [1, 2.5, null, true]}'
    assert read_json(text.encode()) == {"a": "‮emoji 😀A\n", "b": [1, 2.5, None, True]}
    with pytest.raises(Problem):
        read_json(b'{"a": "\\udc00"}')


def test_the_schema_names_every_scope_and_every_problem(me: Caller) -> None:
    schema = me.get("/openapi.json").json()
    assert schema["openapi"].startswith("3.1")
    for path, operations in schema["paths"].items():
        for operation in operations.values():
            assert operation["responses"]["default"]["$ref"] == "#/components/responses/Problem"
            public = "/public/" in path
            scopes = [] if public else operation["security"][0]["Token"]
            assert public or (len(scopes) == 1 and scopes[0] in SCOPES), path


# ---- 地址 ----


def _seen(remote: str, forwarded: str | None = None) -> str:
    more = {} if forwarded is None else {"HTTP_X_FORWARDED_FOR": forwarded}
    return client_address(RequestFactory().get("/", REMOTE_ADDR=remote, **more))


def test_forwarded_is_not_believed_by_default() -> None:
    assert _seen("10.0.0.1", "1.2.3.4") == "10.0.0.1"


def test_forwarded_is_counted_from_the_right(settings: Any) -> None:
    settings.TRUSTED_PROXIES = 1
    assert _seen("10.0.0.1", "6.6.6.6, 1.2.3.4") == "1.2.3.4"
    settings.TRUSTED_PROXIES = 2
    assert _seen("10.0.0.1", "6.6.6.6, 1.2.3.4, 10.0.0.2") == "1.2.3.4"
    assert _seen("10.0.0.1", "1.2.3.4") == "10.0.0.1", "层数不够的，不往左取"
    assert _seen("10.0.0.1") == "10.0.0.1"


def test_a_household_of_ipv6_is_one_address() -> None:
    assert _seen("2001:db8:1:2::1") == _seen("2001:db8:1:2:ffff::9") == "2001:db8:1:2::/64"
    assert _seen("2001:db8:1:3::1") != _seen("2001:db8:1:2::1")
    assert _seen("::ffff:1.2.3.4") == "1.2.3.4"
    assert _seen("x" * 500) == "x" * 64 and _seen("") == ""


# ---- 限速 ----


def test_a_window_fills_and_empties(settings: Any, monkeypatch: Any) -> None:
    settings.PUBLIC_RATES = {"try": "2/10"}
    clock = [100.0]
    monkeypatch.setattr(counting.time, "monotonic", lambda: clock[0])
    one = throttle.ByAddress("try")
    ask = RequestFactory().get("/", REMOTE_ADDR="10.0.0.1")
    other = RequestFactory().get("/", REMOTE_ADDR="10.0.0.2")
    assert [one.allow_request(ask) for _ in range(3)] == [True, True, False]
    clock[0] = 104.0
    assert not one.allow_request(ask) and one.wait() == 6.0
    assert one.allow_request(other)
    clock[0] = 110.0
    assert one.allow_request(ask)


def test_many_addresses_do_not_fill_the_memory(settings: Any, monkeypatch: Any) -> None:
    settings.PUBLIC_RATES = {"try": "2/10"}
    monkeypatch.setattr(counting, "MOST", 50)
    one = counting.Counter("try")
    for n in range(500):
        assert not one.wait(RequestFactory().get("/", REMOTE_ADDR=f"10.0.{n // 200}.{n % 200}"))
        assert len(one._seen) <= 51
