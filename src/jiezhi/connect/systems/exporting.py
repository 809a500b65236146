"""把一次对账的结果写成 Excel。"""

from __future__ import annotations

from collections.abc import Iterator
from os import PathLike
from typing import Any, BinaryIO

from jiezhi.connect.excel.layouts import Layout, export
from jiezhi.connect.systems import queries
from jiezhi.connect.systems.models import ReconcileRun
from jiezhi.core.calendar import CHINA

HEADERS = (
    "哪一类",
    "对方编号",
    "本单位编号",
    "清单第几行",
    "差在哪",
    "对方",
    "本单位",
    "说明",
    "说明人",
    "说明时间",
)


def export_run(run: ReconcileRun, out: str | PathLike[str] | BinaryIO) -> int:
    """写出一次对账的结果，返回几行（一处不符差几样就几行）。表上面是哪一期、照哪份清单、结论和结果的摘要。"""
    who = run.officer.name if run.officer else "系统"
    layout = Layout(
        headers=list(HEADERS),
        titles=[
            f"{run.title}对账结果（{run.since} 至 {run.until}，不含止日）",
            f"清单：{run.sheet_title}“{run.file_name}”，SM3 {run.sm3}",
            f"{run.conclusion}对账人：{who}，{run.at.astimezone(CHINA):%Y-%m-%d %H:%M}；结果摘要 {run.result}",
        ],
        widths=[16, 24, 24, 8, 16, 30, 30, 30, 10, 20],
        sheet_name="对账结果",
    )
    return export(layout, _lines(run), out)


def _lines(run: ReconcileRun) -> Iterator[list[Any]]:
    known = queries.explained(run)
    for item in queries.items(run).iterator(chunk_size=1000):
        note = known.get(item.mark)
        told = [note.text, note.officer.name, note.at] if note else ["", "", None]
        head = [str(item.kind), item.number, item.ours, item.row]
        for detail in item.details or [{"title": "", "there": "", "here": ""}]:
            yield [*head, detail["title"], detail["there"], detail["here"], *told]
