"""jiezhi keys export / import：钥匙包，与备份分开保管。"""

from __future__ import annotations

import sys
from datetime import UTC, datetime
from pathlib import Path

import click

from jiezhi.cli.output import emit, fail, officer_named, refusing

_STDIN = click.option("--password-stdin", is_flag=True, help="从标准输入读口令，不问")
_JSON = click.option("--json", "as_json", is_flag=True)


@click.group("keys", help="钥匙：做成口令加密的钥匙包，放回")
def keys_command() -> None:
    """命令组。"""


@keys_command.command("export", help="把全部钥匙写成钥匙包 FILE（会问口令）。与备份分开保管")
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
@click.option("--as", "login", required=True, help="系统管理员的登录名")
@_STDIN
@_JSON
def export_command(file: Path, login: str, password_stdin: bool, as_json: bool) -> None:
    from jiezhi.cli.main import django_ready

    django_ready()
    from django.conf import settings
    from django.utils import timezone

    from jiezhi.base.accounts.authority import require_administrator
    from jiezhi.base.archive.actions import record_keys_export, signer
    from jiezhi.base.archive.keyring import KeyringError, export
    from jiezhi.core.evidence import fingerprint

    now, officer = timezone.now(), officer_named(login, as_json)
    with refusing("没有导出", as_json, KeyringError, OSError):
        require_administrator(officer, now)
        public_key = signer().public_key  # 还没有签名钥匙的先造好，一并带上
        names = export(
            Path(settings.KEYS_DIR),
            file,
            _password(password_stdin, True, as_json),
            office=settings.OFFICE_NAME,
            now=now,
        )
        record_keys_export(names, acting_officer=officer, now=now)
    lines = [
        f"{len(names)} 把钥匙已写进 {file.name}。请存到两个地方，不要与备份放在一起；口令另记、另放",
        "没有钥匙包（或忘了口令），备份里的个人信息谁也读不出",
        f"请把公钥指纹抄在信封上，恢复时要逐组核对：{fingerprint(public_key)}",
        f"公钥（恢复时不想人核对的，写在 --key 后面）：{public_key.hex()}",
    ]
    data = {
        "ok": True, "file": str(file), "keys": list(names),
        "fingerprint": fingerprint(public_key), "public_key": public_key.hex(),
    }  # fmt: skip
    emit(data, as_json, lines)


@keys_command.command("import", help="把钥匙包 FILE 放回钥匙目录（会问口令）")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--home", type=click.Path(path_type=Path), help="放到哪个 JIEZHI_HOME；不写就用环境变量的")
@click.option("--replace", is_flag=True, help="已有不同的钥匙时，移到旁边再放")
@_STDIN
@_JSON
def import_command(file: Path, home: Path | None, replace: bool, password_stdin: bool, as_json: bool) -> None:
    from jiezhi.base.archive.keyring import KeyringError, place
    from jiezhi.config import keys

    data = home or keys.home()
    try:
        done = place(
            file,
            keys.folder(data),
            _password(password_stdin, False, as_json),
            replace=replace,
            now=datetime.now(UTC),
            home=data,
        )
    except (KeyringError, OSError) as error:
        fail(f"没有放回：{error}", as_json)
    lines = [f"{len(done.names)} 把钥匙已放回", f"签名的公钥指纹 {done.mark}，应与备份的一致"]
    if done.replaced:
        lines.append(f"换下的钥匙移到了 {done.replaced.name}；确认不用了再删")
    emit({"ok": True, "keys": list(done.names), "fingerprint": done.mark}, as_json, lines)


def _password(from_stdin: bool, twice: bool, as_json: bool) -> str:
    if from_stdin:
        text = sys.stdin.readline().rstrip("\r\n")
        if not text:
            fail("标准输入里没有口令", as_json)
        return text
    again = "再输一次" if twice else False
    found: str = click.prompt("钥匙包的口令", hide_input=True, confirmation_prompt=again, err=True)
    return found
