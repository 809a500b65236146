"""每次出表单一个标识：重复提交认得出来，只办一次。"""

from __future__ import annotations

import re
import uuid

from django.http import QueryDict

TOKEN = re.compile(r"[0-9a-f]{32}\Z")


def new_token() -> str:
    """每次出表单一个：重复提交认得出来。"""
    return uuid.uuid4().hex


def token_of(post: QueryDict) -> str:
    """请求里的表单标识；没有或不成样的为空串。"""
    token = post.get("token", "")
    return token if TOKEN.match(token) else ""
