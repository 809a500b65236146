"""来人的网络地址：限速、登录锁定、数试错次数用。缺省只信连过来的那一头，谁都能写的 X-Forwarded-For 不信。"""

from __future__ import annotations

from ipaddress import IPv4Address, IPv6Address, ip_address

from django.conf import settings
from django.http import HttpRequest


def seen(request: HttpRequest) -> str:
    """可信代理之后的真地址，原样。

    设置 TRUSTED_PROXIES 是前面有几层可信的反向代理：从 X-Forwarded-For 右边数过去，取最外一层代理看到的那个。
    """
    near = request.META.get("REMOTE_ADDR") or ""
    depth = int(settings.TRUSTED_PROXIES)
    if depth > 0:
        chain = [one.strip() for one in request.META.get("HTTP_X_FORWARDED_FOR", "").split(",")]
        # 代理少写了几个的，不往左取：再往左就是来人自己写的。
        return chain[-depth] if len(chain) >= depth and chain[-depth] else near
    return near


def network(text: str) -> IPv4Address | IPv6Address | None:
    """一户人家是一个：IPv6 取前 64 位；不成地址的为 None。"""
    try:
        found = ip_address(text)
    except ValueError:
        return None
    if isinstance(found, IPv6Address):
        return found.ipv4_mapped or IPv6Address(int(found) >> 64 << 64)
    return found


def for_sign_in(request: HttpRequest) -> str | None:
    """登录锁定数次数用的地址（设置 AXES_CLIENT_IP_CALLABLE）；代理写的不成地址的，用代理自己的。"""
    found = network(seen(request)) or network(request.META.get("REMOTE_ADDR") or "")
    return str(found) if found is not None else None


def client_address(request: HttpRequest) -> str:
    """限速、数试错次数用的地址：IPv6 一户人家一段，写作 …/64；不成地址的截短了原样用。"""
    text = seen(request)
    found = network(text)
    if found is None:
        return text[:64]
    return f"{found}/64" if isinstance(found, IPv6Address) else str(found)
