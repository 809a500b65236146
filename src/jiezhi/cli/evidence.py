"""jiezhi package / verify / checkpoint：案卷包、验证、检查点。"""

from __future__ import annotations

from pathlib import Path

import click

from jiezhi.cli.output import case_numbered, emit, fail, officer_named, progress


@click.command("package", help="把一件做成案卷包（zip 和签名）,CASE 为编号")
@click.argument("case")
@click.option("--as", "login", required=True, help="办理人的登录名；他看得见的件才能做")
@click.option("--out", type=click.Path(path_type=Path), help="写到哪个文件；不写为当前目录下以编号为名")
@click.option("--reason", default="", help="案卷包里有个人信息全文：写明做包的理由，会记入查看记录")
@click.option("--json", "as_json", is_flag=True)
def package_command(case: str, login: str, out: Path | None, reason: str, as_json: bool) -> None:
    from jiezhi.cli.main import django_ready

    django_ready()
    from django.core.exceptions import PermissionDenied
    from django.utils import timezone

    from jiezhi.base.archive import actions
    from jiezhi.core.evidence import PackageRefused

    officer = officer_named(login, as_json)
    row = case_numbered(case, officer, as_json)
    target = out or Path(f"{row.number.replace('/', '-')}.zip")
    try:
        signed = actions.write_case_package(
            row,
            target,
            acting_officer=officer,
            now=timezone.now(),
            reveal=bool(reason),
            reason=reason,
        )
    except (PackageRefused, PermissionDenied, ValueError, OSError) as error:
        fail(f"案卷包没有做成：{error}", as_json)
    data = {"ok": True, "file": str(target), "signature": f"{target}.sig", "sm3": signed.sm3}
    emit(data, as_json, [f"案卷包 {target.name} 和签名 {target.name}.sig 已做好", f"SM3 {signed.sm3}"])


@click.command("verify", help="验证案卷包（不需要数据库），或用 --database 验证整个库")
@click.argument("package", required=False, type=click.Path(path_type=Path))
@click.option("--database", is_flag=True, help="验证整个库：链、内容、每件重放、材料、编号、检查点")
@click.option("--key", help="对方的公钥（十六进制），证明确是它签的")
@click.option("--json", "as_json", is_flag=True)
def verify_command(package: Path | None, database: bool, key: str | None, as_json: bool) -> None:
    if database == (package is not None):
        fail("请给一个案卷包，或写 --database", as_json)
    if package is not None:
        _verify_package(package, key, as_json)
        return
    from jiezhi.cli.main import django_ready

    django_ready()
    from jiezhi.base.casework.integrity import verify_database
    from jiezhi.base.casework.models import Case

    with progress("验证各件", Case.objects.count(), as_json) as bar:

        def step(what: str, done: int, total: int) -> None:
            if what == "件":
                bar.update(done - bar.pos)

        report = verify_database(progress=step)
    faults = [str(fault) for fault in report.faults]
    data = {
        "ok": report.ok,
        "faults": faults,
        "counts": report.counts,
        "seconds": report.seconds,
    }
    counts = ",".join(f"{name} {number}" for name, number in report.counts.items())
    verdict = "全部相符" if report.ok else f"发现 {len(report.faults)} 处不符"
    emit(data, as_json, [*faults, f"{counts}。用时 {report.seconds:.1f} 秒。{verdict}"])
    if not report.ok:
        raise SystemExit(1)


def _verify_package(path: Path, key: str | None, as_json: bool) -> None:
    from jiezhi.core.evidence import verify_package

    try:
        trusted = bytes.fromhex(key) if key else None
    except ValueError:
        fail("公钥应为十六进制", as_json)
    report = verify_package(path, trusted_key=trusted)
    faults = [fault.say for fault in report.faults]
    notes = [getattr(note, "say", str(note)) for note in report.notes]
    data = {
        "ok": report.ok,
        "faults": faults,
        "notes": notes,
        "facts": report.facts,
    }
    verdict = "验证通过：与签名时一字不差" if report.ok else f"验证不通过：{len(report.faults)} 处不符"
    emit(data, as_json, [*faults, *notes, verdict])
    if not report.ok:
        raise SystemExit(1)


@click.command("checkpoint", help="做一个检查点：全部件的链头合成树根，签名，可导出存到别处")
@click.option("--out", type=click.Path(path_type=Path), help="同时导出到文件")
@click.option("--print", "printable", is_flag=True, help="印出可存纸的文字")
@click.option("--json", "as_json", is_flag=True)
def checkpoint_command(out: Path | None, printable: bool, as_json: bool) -> None:
    from jiezhi.cli.main import django_ready

    django_ready()
    from django.utils import timezone

    from jiezhi.base.archive import actions, queries

    try:
        row = actions.make_checkpoint(now=timezone.now())
    except actions.ArchiveRefused as error:
        fail(f"检查点没有做成：{error}", as_json)
    if out is not None:
        try:
            actions.export_checkpoint(row.number, out)
        except (actions.ArchiveRefused, OSError) as error:
            fail(f"检查点 {row.number} 已做好，但没有导出：{error}", as_json)
    lines = [f"检查点 {row.number} 已做好"]
    if out is not None:
        lines.append(f"已导出到 {out.name}，请存到本系统以外的地方")
    if printable:
        lines.append(queries.printable(row))
    emit({"ok": True, "number": row.number, "content": row.content}, as_json, lines)
