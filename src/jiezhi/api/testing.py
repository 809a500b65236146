"""测试用：带令牌的客户端，认出错的答复。"""

from __future__ import annotations

from typing import Any

from django.test import Client

BASE = "/api/v1"


class Caller:
    """带着一个令牌（或没有）的客户端；地址从 /api/v1 之后写起。"""

    def __init__(self, secret: str = "") -> None:
        self.client = Client()
        self.headers = {"Authorization": f"Bearer {secret}"} if secret else {}

    def get(self, path: str, data: Any = None, **headers: str) -> Any:
        """GET。"""
        return self.client.get(BASE + path, data, headers=self.headers | headers)

    def track(self, number: str, code: str, **more: Any) -> Any:
        """凭编号和查询码查进度；`more` 是 WSGI 的变量。"""
        return self.client.get(f"{BASE}/public/reports/{number}", headers={"X-Query-Code": code}, **more)

    def post(self, path: str, body: Any = None, key: str = "", **headers: str) -> Any:
        """POST 一份 JSON；`key` 是请求标识。"""
        more = {"Idempotency-Key": key} if key else {}
        sent = self.headers | more | headers
        return self.client.post(BASE + path, body or {}, content_type="application/json", headers=sent)

    def upload(self, path: str, data: dict[str, Any]) -> Any:
        """POST 表单和文件。"""
        return self.client.post(BASE + path, data, headers=self.headers)


def problem(response: Any, status: int, kind: str) -> dict[str, Any]:
    """断言是 problem+json、是这一种，返回内容。"""
    seen = (response.status_code, response.headers["Content-Type"])
    assert seen == (status, "application/problem+json"), response.content.decode()
    found: dict[str, Any] = response.json()
    assert found["type"] == f"urn:jiezhi:problem:{kind}" and found["status"] == status
    assert found["title"] and found["detail"]
    return found
