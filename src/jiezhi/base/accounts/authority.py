"""谁可以做管理类操作。

“系统管理员”是一个岗位，任职在上一层（registry）才知道；所以由上一层把判断登记进来，没有登记时一律不许。
"""

from collections.abc import Callable
from datetime import datetime

from jiezhi.base.accounts.errors import NotAllowed
from jiezhi.base.accounts.models import Officer

Check = Callable[[Officer, datetime], bool]
_checks: list[Check] = []


def register_administrator_check(check: Check) -> None:
    """登记一个判断：此人此刻是否系统管理员。重复登记同一个函数无妨。"""
    if check not in _checks:
        _checks.append(check)


def is_administrator(officer: Officer, at: datetime) -> bool:
    return officer.is_active and any(check(officer, at) for check in _checks)


def require_active(officer: Officer | None) -> None:
    """办理人须在岗；None 表示安装或系统自动。出错：NotAllowed。"""
    if officer is None:
        return
    if not isinstance(officer, Officer):
        raise NotAllowed("请先登录")
    if not officer.is_active:
        raise NotAllowed("这个账号已离岗，不能再办理")


def require_administrator(officer: Officer | None, at: datetime) -> None:
    """须是系统管理员；None 表示安装或系统自动。出错：NotAllowed。"""
    require_active(officer)
    if officer is not None and not is_administrator(officer, at):
        raise NotAllowed("这一步只有系统管理员可以办，请联系本单位的系统管理员")
