"""一条办理记录填了什么：推送、送节点都要用。"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from jiezhi.base.accounts import secrets
from jiezhi.base.casework.models import Event
from jiezhi.core.procedure.fold import REASON


def filled(event: Event) -> dict[str, Any]:
    """这一步填的内容（明文），不含理由；依法清除了的没有。`event` 最好带着 payload。"""
    return {name: item["value"] for name, item in _openings(event).items() if name != REASON}


def reason(event: Event) -> str:
    """这一步的理由；没有写、已清除的为空串。"""
    found = _openings(event).get(REASON)
    return str(found["value"]) if found else ""


def cleaned(value: Any, clean: Callable[[str], str]) -> Any:
    """值里的文字都过一遍 `clean`；不是文字的照原样。"""
    if isinstance(value, str):
        return clean(value)
    if isinstance(value, list):
        return [cleaned(one, clean) for one in value]
    if isinstance(value, dict):
        return {key: cleaned(one, clean) for key, one in value.items()}
    return value


def _openings(event: Event) -> dict[str, Any]:
    payload = getattr(event, "payload", None)
    found: dict[str, Any] = json.loads(secrets.decrypt(bytes(payload.sealed))) if payload else {}
    return found
