"""jiezhi check / load-packs / draw：业务模板包的校验、公布、画图。"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from jiezhi.cli.output import emit, fail

if TYPE_CHECKING:
    from jiezhi.core.procedure.definition import Definition
    from jiezhi.core.procedure.errors import Problem
    from jiezhi.core.procedure.packset import LoadedMatter, PackSet

DEFAULT = Path(__file__).resolve().parents[1] / "packs"


def verified(path: Path, *, names: bool = True) -> tuple[PackSet, dict[str, list[Problem]]]:
    """读一个文件夹的业务模板包并逐个校验，再查几份之间件号的格式重不重：模板代号 → 问题。

    `names` 为真时连服务登记的名字也核对。参数取缺省值，不看本单位的调整（`publish_all` 看）。
    """
    from jiezhi.core.procedure.loader import load_folder
    from jiezhi.core.procedure.verifier import same_numbers, verify

    packs = load_folder(path)
    catalogue = _catalogue(packs) if names else None
    found: dict[str, list[Problem]] = {}
    for name, loaded in packs.matters.items():
        problems: list[Problem] = []
        if loaded.definition is not None:
            problems = verify(
                loaded.definition,
                locate=partial(packs.position, name),
                catalogue=catalogue,
            )
        found[name] = problems
    places = {name: partial(packs.position, name) for name in packs.matters}
    shared = same_numbers({name: loaded.definition for name, loaded in packs.matters.items()}, places)
    for name, problems in shared.items():
        found[name] = [*found[name], *problems]
    return packs, found


def _catalogue(packs: PackSet) -> Any:
    from jiezhi.cli.main import django_ready
    from jiezhi.core.procedure.verifier.catalogue import Catalogue, MatterInfo

    django_ready()
    from jiezhi.base.accounts.posts import STANDARD_POSTS
    from jiezhi.base.casework.extensions import extensions

    posts = frozenset(STANDARD_POSTS)
    return Catalogue(
        posts=posts,
        unit_posts=posts,
        resolvers=frozenset(extensions.resolvers),
        conditions=frozenset(extensions.conditions),
        consequences=frozenset(extensions.consequences),
        facts=frozenset(extensions.facts),
        matters={name: MatterInfo.of(loaded.decl) for name, loaded in packs.matters.items()},
        lists=frozenset(packs.codes),
    )


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
            entry |= {"digest": loaded.definition.digest, "summary": summary(loaded.definition)}
        matters.append(entry)
    problems = [*packs.problems, *(one for items in found.values() for one in items)]
    errors = [one for one in problems if one.severity == "error"]
    covered = sorted({code for item in matters for code in item["covers"]})
    data = {
        "ok": not errors,
        "matters": matters,
        "covers": covered,
        "errors": len(errors),
        "warnings": len(problems) - len(errors),
        "problems": [one.as_json() for one in packs.problems],
    }
    emit(data, as_json, _report(packs, problems, data))
    if errors:
        raise SystemExit(1)


def _report(packs: PackSet, problems: list[Problem], data: dict[str, Any]) -> list[str]:
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
    lines.append(f"共 {len(data['matters'])} 个业务模板，覆盖系统 {'、'.join(data['covers'])}。{verdict}")
    return lines


def publish_all(path: Path) -> list[str]:
    """校验并公布一个文件夹的业务模板包，代入本单位调整过的参数；有错误的不公布。返回有错误的模板的问题。要先 django_ready。"""
    from django.utils import timezone

    from jiezhi.base.casework import matters

    packs, found = verified(path)
    refused = [str(one) for one in packs.problems if one.severity == "error"]
    for code_list in packs.codes.values():
        matters.publish_codes(code_list.list, code_list.title, code_list.codes)
    ready = _adjusted(packs, found)
    for name in packs.matters:
        errors = [one for one in found[name] if one.severity == "error"]
        refused += [str(one) for one in errors]
        if not errors and not refused:
            matters.publish(ready[name], now=timezone.now())
    return refused


def _adjusted(packs: PackSet, found: dict[str, list[Problem]]) -> dict[str, Definition]:
    """代入本单位调整过的参数；调整过的重新校验，问题并入 `found`。"""
    from jiezhi.base.casework import params
    from jiezhi.core.procedure.errors import PackError
    from jiezhi.core.procedure.verifier import same_numbers

    ready: dict[str, Definition] = {}
    for name, loaded in packs.matters.items():
        try:
            ready[name] = params.built(loaded, packs)
        except PackError as error:
            hint = f"；本单位调整过它，请用 jiezhi param {name} 核对，再改过或改回缺省值"
            found[name] = [*found[name], *(replace(one, say=one.say + hint) for one in error.problems)]
            continue
        if ready[name] is not loaded.definition:
            found[name] = [*found[name], *checker(packs, name)(ready[name])]
    places = {name: partial(packs.position, name) for name in ready}
    for name, problems in same_numbers(ready, places).items():
        found[name] = list(dict.fromkeys([*found[name], *problems]))
    return ready


def checker(packs: PackSet, name: str) -> Callable[[Definition], list[Problem]]:
    """校验一份代入参数之后的业务模板，连服务登记的名字也核对。"""
    from jiezhi.core.procedure.verifier import verify

    return partial(verify, locate=partial(packs.position, name), catalogue=_catalogue(packs))


@click.command("load-packs", help="校验并公布业务模板包")
@click.argument("path", type=click.Path(exists=True, path_type=Path), default=DEFAULT)
def load_packs_command(path: Path) -> None:
    from jiezhi.cli.main import django_ready

    django_ready()
    refused = publish_all(path)
    if refused:
        fail("\n".join([*refused, "有错误的业务模板没有公布"]))
    click.echo("业务模板已公布")


@click.command("draw", help="把业务模板画成 SVG")
@click.argument("matter")
@click.option("--packs", "path", type=click.Path(exists=True, path_type=Path), default=DEFAULT)
@click.option("--out", type=click.Path(path_type=Path), help="写到文件；不写则印出来")
def draw_command(matter: str, path: Path, out: Path | None) -> None:
    from jiezhi.core.procedure.drawing import draw
    from jiezhi.core.procedure.loader import load_folder

    loaded: LoadedMatter | None = load_folder(path).matters.get(matter)
    if loaded is None or loaded.definition is None:
        fail(f"没有“{matter}”这个业务模板，或它读不通；先用 jiezhi check 看看")
    svg = draw(loaded.definition)
    if out is None:
        click.echo(svg)
    else:
        out.write_text(svg, encoding="utf-8")
        click.echo(f"已画到 {out.name}")
