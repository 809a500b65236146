"""各命令共用的：取人、取件，接住错误，输出给人看的中文或给程序读的 JSON。"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any, NoReturn

import click


def emit(data: Any, as_json: bool, lines: Iterable[str]) -> None:
    """`as_json` 时把 `data` 印成 JSON，否则逐行印 `lines`。"""
    if as_json:
        click.echo(json.dumps(data, ensure_ascii=False, indent=2, default=str))
    else:
        for line in lines:
            click.echo(line)


def fail(message: str, as_json: bool = False, code: int = 1, data: Any = None) -> NoReturn:
    """报错并以 `code` 退出。"""
    if as_json:
        click.echo(
            json.dumps(data if data is not None else {"ok": False, "error": message}, ensure_ascii=False)
        )
    else:
        click.echo(message, err=True)
    sys.exit(code)


def progress(label: str, total: int | None, quiet: bool) -> Any:
    """进度条；输出给程序读、或不在终端上时不画。"""
    return click.progressbar(
        length=total or 0,
        label=label,
        file=sys.stderr,
        show_pos=True,
        hidden=quiet or not sys.stderr.isatty(),
    )


def officer_named(login: str, as_json: bool = False) -> Any:
    """按登录名找在岗人员；没有就报错退出。"""
    from jiezhi.base.accounts.queries import officer_by_login

    officer = officer_by_login(login)
    if officer is None or not officer.is_active:
        fail(f"没有在岗人员“{login}”，请用登录名", as_json)
    return officer


def case_numbered(number: str, officer: Any, as_json: bool = False, key: str | None = None) -> Any:
    """按编号或全局标识找 `officer` 看得见的件；没有（或看不见）、不止一件就报错退出。

    他用请求标识 `key` 办过的，办完转给了别人也认：重来时照样答复“已办”。
    """
    from contextlib import suppress
    from uuid import UUID

    from django.db.models import Q

    from jiezhi.base.casework.models import Case
    from jiezhi.base.casework.queries import visible

    query = Q(number=number)
    with suppress(ValueError):
        query |= Q(uid=UUID(number))
    rows = list(visible(officer).filter(query).select_related("version")[:2])
    if not rows and key:
        rows = list(Case.objects.filter(query, events__key=key, events__officer=officer)[:2])
    if not rows:
        fail(f"没有编号为“{number}”的件，或您无权查看", as_json)
    if len(rows) > 1:
        fail(f"有几件编号都是“{number}”（来自不同系统），请改用全局标识", as_json)
    return rows[0]


@contextmanager
def refusing(failed: str, as_json: bool, *also: type[Exception]) -> Iterator[None]:
    """里面的写操作内容不对、无权（或抛出 `also`）时报错退出，话以 `failed`（如 没有办成）开头。"""
    from django.core.exceptions import PermissionDenied, ValidationError

    try:
        yield
    except ValidationError as error:
        fail(f"{failed}。" + "\n".join(error.messages), as_json)
    except Exception as error:
        if not isinstance(error, (PermissionDenied, *also)):
            raise
        fail(f"{failed}。{error}", as_json)
