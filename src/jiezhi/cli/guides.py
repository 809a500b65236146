"""jiezhi guide / speed：办事指南（印出来或写成 Word 打印单）、审批提速的三列和核对结果。"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import click

from jiezhi.cli.output import emit, fail
from jiezhi.cli.packs import DEFAULT

if TYPE_CHECKING:
    from jiezhi.core.procedure.guide import Guide
    from jiezhi.services.promise.queries import Speed


@click.command("guide", help="办事指南：由业务模板生成，和网页、打印单是同一份")
@click.argument("matter", metavar="代号")
@click.option("--docx", "target", type=click.Path(dir_okay=False, path_type=Path), help="写成 Word 打印单")
@click.option("--packs", "path", type=click.Path(exists=True, path_type=Path), default=DEFAULT)
@click.option("--json", "as_json", is_flag=True, help="输出 JSON")
def guide_command(matter: str, target: Path | None, path: Path, as_json: bool) -> None:
    from jiezhi.core.procedure.guide import guide_of
    from jiezhi.core.procedure.loader import load_folder

    loaded = load_folder(path).find(matter)
    if loaded is None or loaded.definition is None or not loaded.usable:
        fail(f"没有“{matter}”这个业务模板，或它读不通；先用 jiezhi check 看看", as_json)
    found = guide_of(loaded.definition)
    if target is not None:
        from jiezhi.cli.main import django_ready

        django_ready()
        from django.utils import timezone

        from jiezhi.base.documents.values import office
        from jiezhi.core.procedure.clockdue import LOCAL
        from jiezhi.services.promise.actions import guide_docx

        contact = office()
        found = guide_of(loaded.definition, office=contact["name"], phone=contact["phone"])
        day = timezone.now().astimezone(LOCAL).date()
        target.write_bytes(guide_docx(found, loaded.definition, day))
        emit({"ok": True, "file": target.name}, as_json, [f"已写到 {target.name}"])
        return
    emit(found.as_json(), as_json, guide_lines(found))


def guide_lines(guide: Guide) -> Iterator[str]:
    """指南逐行印。"""
    from jiezhi.core.procedure.guide import sections

    yield f"{guide.title}办事指南（{guide.kind}）"
    for section in sections(guide):
        yield f"\n【{section.title}】"
        yield from section.lines
        for row in section.cells:
            yield f"- {row[0][1]}：" + "；".join(f"{title} {cell}" for title, cell in row[1:] if cell != "—")


@click.command("speed", help="审批提速：法定、承诺、实际三列，超期和错批核对了多少件")
@click.option("--since", type=click.DateTime(["%Y-%m-%d"]), help="从哪天收的件算起（含）")
@click.option("--until", type=click.DateTime(["%Y-%m-%d"]), help="到哪天收的件为止（不含）")
@click.option("--json", "as_json", is_flag=True, help="输出 JSON")
def speed_command(since: click.DateTime | None, until: click.DateTime | None, as_json: bool) -> None:
    from jiezhi.cli.main import django_ready

    django_ready()
    from django.utils import timezone

    from jiezhi.base.casework.models import Case
    from jiezhi.core.procedure.clockdue import LOCAL
    from jiezhi.services.promise.queries import speed

    start, end = (one.replace(tzinfo=LOCAL) if one else None for one in (since, until))  # type: ignore[attr-defined]
    found = speed(Case.objects.all(), timezone.now(), since=start, until=end)
    emit(found.as_json(), as_json, _speed_lines(found))


def _speed_lines(found: Speed) -> Iterator[str]:
    from jiezhi.core.procedure.guide import saved_words

    for row in found.rows:
        limit = row.limit
        yield f"{row.title}：法定 {limit.legal}，承诺 {limit.promised}，压缩 {saved_words(limit)}；{limit.actual}"
        for late in row.overdue:
            yield f"  超期 {late.number}：{late.reason or '还没有公开说明理由'}"
        if row.wrong:
            yield f"  被撤销或者确认违法 {len(row.wrong)} 件：{'、'.join(row.wrong)}"
    if found.checked:
        yield f"核对了已经作出决定的 {found.checked} 件：超期 {found.overdue} 件，错批 {found.wrong} 件。"
    else:
        yield f"还没有作出决定的件，不能证明没有超期、错批；正在办的超期 {found.overdue} 件。"
