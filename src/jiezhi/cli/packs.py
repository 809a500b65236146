"""jiezhi check / load-packs / draw：业务模板包的校验、公布、画图。"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from jiezhi.cli.output import emit, fail

if TYPE_CHECKING:
    from jiezhi.core.procedure.errors import Problem
    from jiezhi.core.procedure.packset import LoadedMatter, PackSet

DEFAULT = Path(__file__).resolve().parents[1] / "packs"


def verified(path: Path) -> tuple[PackSet, dict[str, list[Problem]]]:
    """读一个文件夹的业务模板包并逐份校验（连服务登记的名字）：模板代号 → 问题。参数取缺省值，不看本单位的调整。"""
    from jiezhi.cli.main import django_ready

    django_ready()
    from jiezhi.base.casework.checking import examine
    from jiezhi.core.procedure.loader import load_folder

    packs = load_folder(path)
    return packs, examine(packs)


@click.command("check", help="校验业务模板包：走得通、不违法律规则、时限不超法定、办理条件都说得清")
@click.argument("path", type=click.Path(exists=True, path_type=Path), default=DEFAULT)
@click.option("--json", "as_json", is_flag=True, help="输出 JSON")
def check_command(path: Path, as_json: bool) -> None:
    from jiezhi.core.procedure.verifier import summary

    packs, found = verified(path)
    matters = []
    for name, loaded in packs.matters.items():
        entry: dict[str, Any] = {
            "matter": name,
            "title": loaded.decl.title,
            "covers": list(loaded.decl.covers),
            "class": loaded.decl.class_,
            "file": loaded.file,
            "problems": [problem.as_json() for problem in found[name]],
        }
        if loaded.definition is not None:
            entry |= {"digest": loaded.definition.digest, "summary": summary(loaded.definition, found[name])}
        matters.append(entry)
    problems = [*packs.problems, *(one for items in found.values() for one in items)]
    errors = [one for one in problems if one.severity == "error"]
    covered = sorted(
        {code for item in matters for code in item["covers"]} | ({"A1"} if packs.powers else set())
    )
    data = {
        "ok": not errors,
        "matters": matters,
        "covers": covered,
        "powers": len(packs.powers),
        "systems": len(packs.externals),
        "errors": len(errors),
        "warnings": len(problems) - len(errors),
        "problems": [one.as_json() for one in packs.problems],
    }
    emit(data, as_json, _report(problems, data))
    if errors:
        raise SystemExit(1)


def _report(problems: list[Problem], data: dict[str, Any]) -> list[str]:
    lines = [str(problem) for problem in problems]
    for item in data["matters"]:
        summary = item.get("summary", {})
        lines.append(
            f"{item['title']}({item['matter']})：{summary.get('states', 0)} 个环节，{summary.get('actions', 0)} 个动作，"
            f"{summary.get('clocks', 0)} 个时限，覆盖 {'、'.join(item['covers'])}"
        )
        pending = summary.get("resting", {}).get("待核", [])
        if pending:
            lines.append(f"  参数暂按待核依据（可调，不拦办理）：{'、'.join(pending)}")
    verdict = "全部通过" if data["ok"] else f"有 {data['errors']} 处错误，改好再公布"
    if data["powers"]:
        lines.append(f"权责清单种子 {data['powers']} 项")
    if data["systems"]:
        lines.append(f"外部系统的登记 {data['systems']} 个")
    lines.append(f"共 {len(data['matters'])} 个业务模板，覆盖系统 {'、'.join(data['covers'])}。{verdict}")
    return lines


def publish_all(path: Path) -> list[str]:
    """校验并公布一个文件夹的业务模板包；返回有错误的问题的文字（见 `casework.packs.publish_all`）。要先 django_ready。"""
    from django.utils import timezone

    from jiezhi.base.casework import packs
    from jiezhi.core.procedure.loader import load_folder

    return packs.publish_all(load_folder(path), now=timezone.now())


@click.command("load-packs", help="校验并公布业务模板包")
@click.argument("path", type=click.Path(exists=True, path_type=Path), default=DEFAULT)
def load_packs_command(path: Path) -> None:
    from jiezhi.cli.main import django_ready

    django_ready()
    refused = publish_all(path)
    if refused:
        fail("\n".join([*refused, "有错误的业务模板没有公布"]))
    click.echo("业务模板已公布")


@click.command("draw", help="把业务模板画成 SVG，或导出成 BPMN 2.0")
@click.argument("matter")
@click.option("--packs", "path", type=click.Path(exists=True, path_type=Path), default=DEFAULT)
@click.option("--bpmn", "as_bpmn", is_flag=True, help="导出 BPMN 2.0（带坐标），给别的流程工具看")
@click.option("--out", type=click.Path(path_type=Path), help="写到文件；不写则印出来")
def draw_command(matter: str, path: Path, as_bpmn: bool, out: Path | None) -> None:
    from jiezhi.core.procedure.bpmn import bpmn
    from jiezhi.core.procedure.drawing import draw
    from jiezhi.core.procedure.loader import load_folder

    loaded: LoadedMatter | None = load_folder(path).matters.get(matter)
    if loaded is None or loaded.definition is None:
        fail(f"没有“{matter}”这个业务模板，或它读不通；先用 jiezhi check 看看")
    text = bpmn(loaded.definition) if as_bpmn else draw(loaded.definition)
    if out is None:
        click.echo(text)
    else:
        out.write_text(text, encoding="utf-8")
        click.echo(f"已画到 {out.name}")
