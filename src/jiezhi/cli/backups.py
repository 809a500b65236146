"""jiezhi backup / restore：备份（运行着也能备），恢复到另一个位置。"""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Any

import click

from jiezhi.cli.output import emit, fail, officer_named, progress


@click.command("backup", help="备份到 TARGET：一个目录（材料几次共用，只抄新的），或 .zip 结尾的一个文件")
@click.argument("target", type=click.Path(path_type=Path))
@click.option("--keep", default=0, show_default=True, help="目录里只留最近几份；0 都留")
@click.option("--as", "login", help="谁备的；不写是定时自动备的")
@click.option("--json", "as_json", is_flag=True)
def backup_command(target: Path, keep: int, login: str | None, as_json: bool) -> None:
    from jiezhi.cli.main import django_ready

    django_ready()
    from django.utils import timezone

    from jiezhi.base.archive.backup import backup
    from jiezhi.base.archive.backupformat import BackupError
    from jiezhi.base.casework.models import EvidenceFile

    with progress("抄材料", EvidenceFile.objects.filter(erased_at=None).count(), as_json) as bar:

        def step(done: int, total: int) -> None:
            bar.update(done - bar.pos)

        try:
            made = backup(
                target,
                now=timezone.now(),
                acting_officer=officer_named(login, as_json) if login else None,
                keep=keep,
                progress=step,
            )
        except BackupError as error:
            fail(f"没有备成：{error}", as_json)
    found = made.manifest
    lines = [
        f"备好了：{made.path.name}，{found.counts['cases']} 件、{found.counts['events']} 条办理记录、"
        f"{found.file_count} 份材料（{found.file_bytes / 1e6:.0f} MB）"
    ]
    if made.mended:
        lines.append(
            f"注意：备份里有 {len(made.mended)} 份材料坏了，已从原件重抄好。备份的硬盘可能要坏，请检查、考虑换一块"
        )
    if made.unread:
        lines.append(
            f"注意：有 {len(made.unread)} 份旧备份读不懂（{'、'.join(made.unread)}），没有动它们，"
            "轮换时也先不清材料。看过之后不要了的，请自己删去那几个文件夹"
        )
    if made.dropped:
        lines.append(f"去掉了旧的 {len(made.dropped)} 份：{'、'.join(made.dropped)}")
    if found.lost:
        lines.append(
            f"注意：{len(found.lost)} 份材料的原件早已不在或坏了，备份里没有。请运行 jiezhi verify --database 看是哪几件的"
        )
    lines.append("钥匙不在备份里：用 jiezhi keys export 另做一份钥匙包，与备份分开保管")
    data = {
        "ok": not found.lost, "path": str(made.path), "counts": found.counts, "files": found.file_count,
        "bytes": found.file_bytes, "lost": list(found.lost), "mended": list(made.mended),
        "unread": list(made.unread), "dropped": list(made.dropped),
    }  # fmt: skip
    emit(data, as_json, lines)
    if found.lost:
        raise SystemExit(1)


@click.command("restore", help="把 BACKUP（目录、其中一次备份、或 .zip）恢复到一个新的位置；--check 只核不放")
@click.argument("backup", type=click.Path(path_type=Path))
@click.option(
    "--home", type=click.Path(path_type=Path), help="恢复到哪里（新的 JIEZHI_HOME，要没有或是空的）"
)
@click.option("--check", is_flag=True, help="只核一遍：签名、清单、每个文件")
@click.option("--key", help="本单位的公钥（十六进制），证明备份确是本单位签的；恢复时不写就问指纹对不对")
@click.option("--yes", is_flag=True, help="恢复时什么也不问；要同时写 --key")
@click.option("--despite", is_flag=True, help="材料有缺损也恢复，缺哪几份列出来")
@click.option("--json", "as_json", is_flag=True)
def restore_command(
    backup: Path, home: Path | None, check: bool, key: str | None, yes: bool, despite: bool, as_json: bool
) -> None:
    from jiezhi.base.archive import restoring
    from jiezhi.base.archive.backupformat import BackupError

    if check == (home is not None):
        fail("请写 --home 新的文件夹 恢复，或写 --check 只核一遍", as_json)
    try:
        trusted = bytes.fromhex(key) if key else None
    except ValueError:
        fail("公钥应为十六进制", as_json)
    if yes and home and trusted is None:
        fail("写了 --yes 就没有人核对指纹，要同时写 --key 本单位的公钥（导出钥匙包时印的那一串）", as_json)
    try:
        if home and trusted is None:
            trusted = _agreed(restoring.look(backup), home, as_json)
    except (BackupError, OSError) as error:
        fail(f"没有恢复：{error}", as_json)
    with progress("核对", None, as_json) as bar:

        def step(done: int, total: int) -> None:
            bar.length = total
            bar.update(done - bar.pos)

        try:
            if home is None:
                found = restoring.examine(backup, trusted_key=trusted, progress=step)
            else:
                assert trusted is not None
                found = restoring.restore(
                    backup,
                    home,
                    database_url=os.environ.get("JIEZHI_DATABASE_URL"),
                    trusted_key=trusted,
                    despite=despite,
                    progress=step,
                )
        except (BackupError, OSError) as error:
            fail(f"没有恢复：{error}" if home else f"不能用：{error}", as_json)
    emit(_data(found), as_json, map(_plain, _lines(found, home)))
    if found.problems:
        raise SystemExit(1)


def _agreed(found: Any, home: Path, as_json: bool) -> bytes:
    """请人核对是不是本单位签的；是就返回那把公钥。没有人可问、说不是的，报错退出。"""
    if not _someone_here():
        fail(
            "没有恢复：还不知道备份是不是本单位签的。请写上 --key 本单位的公钥（导出钥匙包时印的那一串），"
            "或在终端里运行，照信封上的指纹核对",
            as_json,
        )
    click.echo(_plain(_headline(found)), err=True)
    click.echo(f"签名的公钥指纹  {found.mark}", err=True)
    click.echo("请与导出钥匙包时抄下的指纹逐组核对。不一样，就不是本单位做的备份，不要恢复", err=True)
    if not click.confirm(f"指纹一样，恢复到 {home.name}", err=True):
        fail("没有恢复：指纹没有确认", as_json)
    key: bytes = found.public_key
    return key


def _plain(line: str) -> str:
    """清单里的字还不知道是谁写的：去掉能改写屏幕上别的字（如指纹）的控制符。"""
    return "".join(one if one.isprintable() or one == "\u3000" else "?" for one in line)


def _someone_here() -> bool:
    return sys.stdin.isatty()


def _data(found: Any) -> dict[str, Any]:
    manifest = found.manifest
    return {
        "ok": not found.problems, "made_at": manifest.made_at, "office": manifest.office, "vendor": manifest.vendor,
        "counts": manifest.counts, "files": manifest.file_count, "checkpoint": manifest.checkpoint,
        "fingerprint": found.mark, "problems": list(found.problems), "lost": list(manifest.lost),
    }  # fmt: skip


def _lines(found: Any, home: Path | None) -> list[str]:
    manifest = found.manifest
    lines = [
        _headline(found),
        f"签名的公钥指纹 {found.mark}，应与钥匙包的一致",
        *found.problems,
    ]
    if manifest.lost:
        lines.append(f"备份时就已经缺 {len(manifest.lost)} 份材料")
    if home is None:
        return [*lines, "备份有缺损" if found.problems else "备份完好"]
    return [
        *lines,
        f"已恢复到 {home.name}。接下来：",
        "  1. 放回钥匙：JIEZHI_HOME=新的文件夹 jiezhi keys import 钥匙包文件",
        "  2. 核验全库：JIEZHI_HOME=新的文件夹 jiezhi verify --database",
        "  3. 相符之后再启动：JIEZHI_HOME=新的文件夹 jiezhi run",
    ]


def _headline(found: Any) -> str:
    manifest = found.manifest
    number = f"第 {manifest.serial} 份" if manifest.serial else ""
    point = f"，最近的检查点是第 {manifest.checkpoint[0]} 号" if manifest.checkpoint else ""
    return (
        f"{manifest.office} {manifest.made_at} 的{number}备份：{manifest.counts['cases']} 件、"
        f"{manifest.counts['events']} 条办理记录、{manifest.file_count} 份材料{point}"
    )
