"""向外发 HTTP：只连许可的地址。"""

from __future__ import annotations

import socket
from ipaddress import ip_address
from typing import Any

import pytest

from jiezhi.connect import calling
from jiezhi.connect.hooks.tests.receiver import Receiver

INSIDE = [
    "127.0.0.1", "10.1.2.3", "172.16.0.1", "192.168.1.1", "169.254.169.254", "100.64.0.1", "0.0.0.0", "224.0.0.1",
    "255.255.255.255", "::1", "::", "fe80::1", "fc00::1", "::ffff:10.0.0.1", "::ffff:127.0.0.1", "64:ff9b::7f00:1",
    "2002:7f00:1::", "2002:a00:1::", "ff02::1",
]  # fmt: skip


@pytest.mark.parametrize("address", INSIDE)
def test_inside_addresses_are_refused(settings: Any, address: str) -> None:
    settings.OUTGOING_NETWORKS = []
    with pytest.raises(calling.Blocked):
        calling.check_address(ip_address(address), plain=False)


@pytest.mark.parametrize("address", ["1.1.1.1", "2606:4700::1111"])
def test_public_addresses_only_over_tls(settings: Any, address: str) -> None:
    settings.OUTGOING_NETWORKS = ["10.0.0.0/8"]
    calling.check_address(ip_address(address), plain=False)
    with pytest.raises(calling.Blocked):
        calling.check_address(ip_address(address), plain=True)
    calling.check_address(ip_address("10.9.9.9"), plain=True)


def test_a_name_that_points_inside_is_refused_when_connecting(
    settings: Any, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    """登记时域名好好的，发的时候指到了本机：连的那一步挡住；一个好一个坏的也挡。"""
    settings.OUTGOING_NETWORKS = []
    port = int(receiver.url.split(":")[2].split("/")[0])

    def points(*addresses: str) -> Any:
        found = [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (one, port)) for one in addresses]
        return lambda *args, **more: found

    for addresses in (("127.0.0.1",), ("1.1.1.1", "127.0.0.1")):
        monkeypatch.setattr(socket, "getaddrinfo", points(*addresses))
        answer = calling.post(f"https://looks-fine.example:{port}/", b"x", {})
        assert answer.status is None and "不许发" in answer.error
    assert not receiver.got


def test_answers_are_bounded_and_redirects_not_followed(settings: Any, receiver: Receiver) -> None:
    receiver.words, receiver.answers = "啊" * 100_000, [307]
    answer = calling.post(receiver.url, b"{}", {"x": "1"}, most=1000)
    assert answer.status == 307 and len(answer.body) == 1000 and len(receiver.got) == 1
    assert receiver.headers[0]["x"] == "1"


def test_a_proxy_in_the_environment_is_not_used(receiver: Receiver, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    assert calling.post(receiver.url, b"", {}).status == 200


def test_nobody_there() -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    answer = calling.post(f"http://127.0.0.1:{port}/", b"", {})
    assert answer.status is None and "连不上" in answer.error
    assert calling.post("https://没有这个.invalid/", b"", {}, seconds=5).status is None
    assert "写法不对" in calling.post("https://", b"", {}).error
