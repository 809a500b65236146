"""命令行的输出：给人看的中文，或给程序读的 JSON。"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable
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
