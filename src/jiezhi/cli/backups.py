"""jiezhi backup / restore：备份（运行着也能备），恢复到另一个位置。"""

from __future__ import annotations

import os
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
    if made.dropped:
        lines.append(f"去掉了旧的 {len(made.dropped)} 份：{'、'.join(made.dropped)}")
    if found.lost:
        lines.append(
            f"注意：{len(found.lost)} 份材料的原件早已不在或坏了，备份里没有。请运行 jiezhi verify --database 看是哪几件的"
        )
    lines.append("钥匙不在备份里：用 jiezhi keys export 另做一份钥匙包，与备份分开保管")
    data = {
        "ok": not found.lost, "path": str(made.path), "counts": found.counts, "files": found.file_count,
        "bytes": found.file_bytes, "lost": list(found.lost), "dropped": list(made.dropped),
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
@click.option("--key", help="本单位的公钥（十六进制），证明备份确是本单位签的")
@click.option("--despite", is_flag=True, help="材料有缺损也恢复，缺哪几份列出来")
@click.option("--json", "as_json", is_flag=True)
def restore_command(
    backup: Path, home: Path | None, check: bool, key: str | None, despite: bool, as_json: bool
) -> None:
    from jiezhi.base.archive import restoring
    from jiezhi.base.archive.backupformat import BackupError

    if check == (home is not None):
        fail("请写 --home 新的文件夹 恢复，或写 --check 只核一遍", as_json)
    try:
        trusted = bytes.fromhex(key) if key else None
    except ValueError:
        fail("公钥应为十六进制", as_json)
    with progress("核对", None, as_json) as bar:

        def step(done: int, total: int) -> None:
            bar.length = total
            bar.update(done - bar.pos)

        try:
            if home is None:
                found = restoring.examine(backup, trusted_key=trusted, progress=step)
            else:
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
    emit(_data(found), as_json, _lines(found, home))
    if found.problems:
        raise SystemExit(1)


def _data(found: Any) -> dict[str, Any]:
    manifest = found.manifest
    return {
        "ok": not found.problems, "made_at": manifest.made_at, "office": manifest.office, "vendor": manifest.vendor,
        "counts": manifest.counts, "files": manifest.file_count, "checkpoint": manifest.checkpoint,
        "fingerprint": found.mark, "problems": list(found.problems), "lost": list(manifest.lost),
    }  # fmt: skip


def _lines(found: Any, home: Path | None) -> list[str]:
    manifest = found.manifest
    point = f"，最近的检查点是第 {manifest.checkpoint[0]} 号" if manifest.checkpoint else ""
    lines = [
        f"{manifest.office} {manifest.made_at} 的备份：{manifest.counts['cases']} 件、"
        f"{manifest.counts['events']} 条办理记录、{manifest.file_count} 份材料{point}",
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
