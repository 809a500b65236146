"""来人的网络地址：限速、数试错次数用。缺省只信连过来的那一头，谁都能写的 X-Forwarded-For 不信。"""

from __future__ import annotations

from ipaddress import IPv6Address, ip_address

from django.conf import settings
from django.http import HttpRequest


def client_address(request: HttpRequest) -> str:
    """来人的地址；IPv6 取前 64 位（一户人家一段）。

    设置 TRUSTED_PROXIES 是前面有几层可信的反向代理：从 X-Forwarded-For 右边数过去，取最外一层代理看到的那个。
    """
    seen = request.META.get("REMOTE_ADDR") or ""
    depth = int(settings.TRUSTED_PROXIES)
    if depth > 0:
        chain = [one.strip() for one in request.META.get("HTTP_X_FORWARDED_FOR", "").split(",")]
        # 代理少写了几个的，不往左取：再往左就是来人自己写的。
        seen = chain[-depth] if len(chain) >= depth and chain[-depth] else seen
    return _network(seen)


def _network(text: str) -> str:
    try:
        found = ip_address(text)
    except ValueError:
        return text[:64]
    if isinstance(found, IPv6Address):
        if found.ipv4_mapped is not None:
            return str(found.ipv4_mapped)
        return str(IPv6Address(int(found) >> 64 << 64)) + "/64"
    return str(found)
