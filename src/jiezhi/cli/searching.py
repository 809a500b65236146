"""jiezhi reindex：补建、重建全文索引。"""

from __future__ import annotations

import click

from jiezhi.cli.output import emit, progress


@click.command("reindex", help="照件现在的样子补建全文索引；索引坏了的整个重建")
@click.option("--tidy", is_flag=True, help="总是重建：把去掉的旧词从磁盘上清干净。重建时不能办理，宜在下班后")
@click.option("--json", "as_json", is_flag=True)
def reindex_command(tidy: bool, as_json: bool) -> None:
    from jiezhi.cli.main import django_ready

    django_ready()
    from jiezhi.base.casework import search
    from jiezhi.base.casework.models import Case

    total = Case.objects.count()
    with progress("核对各件", total, as_json) as bar:
        changed = search.reindex(bar.update, tidy=tidy)
    emit(
        {"ok": True, "cases": total, "changed": changed},
        as_json,
        [f"核对了 {total} 件，补建了 {changed} 件" + ("，索引已重建" if tidy else "")],
    )
