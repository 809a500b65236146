"""jiezhi diff / change-version：两个版本差在哪里；正在办的件换到新版。"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

import click

from jiezhi.cli.output import emit, fail, officer_named, progress

if TYPE_CHECKING:
    from jiezhi.base.casework.versions import Changed
    from jiezhi.core.procedure.change import ChangeDecl
    from jiezhi.core.procedure.definition import Definition


@click.command("diff", help="业务模板 MATTER 的两个版本差在哪里；缺省比库里的现行版本和业务模板包里的")
@click.argument("matter")
@click.option("--from", "before", default="", help="旧版：内容摘要前几位；不写是库里的现行版本")
@click.option("--to", "after", default="", help="新版：内容摘要前几位；不写是业务模板包里的")
@click.option(
    "--packs", "path", type=click.Path(exists=True, path_type=Path), help="业务模板包；不写用现用的"
)
@click.option("--json", "as_json", is_flag=True)
def diff_command(matter: str, before: str, after: str, path: Path | None, as_json: bool) -> None:
    from jiezhi.cli.main import django_ready

    django_ready()
    from jiezhi.base.accounts.posts import STANDARD_POSTS
    from jiezhi.core.procedure.difference import difference

    old = _published(matter, before, as_json)
    new = _published(matter, after, as_json) if after else _packed(matter, path, as_json)
    posts = {code: post.title for code, post in STANDARD_POSTS.items()}
    found = difference(old, new, posts)
    data = {
        "ok": True,
        "matter": matter,
        "from": old.digest,
        "to": new.digest,
        "changes": [one.as_json() for one in found],
    }
    lines = [f"{new.matter.title}（{matter}）：{old.digest[:12]} → {new.digest[:12]}"]
    heads = {3: "会影响正在办的件：", 2: "以后的办法变了：", 1: "新增的：", 0: "只改了说法："}
    for impact, head in heads.items():
        mine = [f"  {one.say}" for one in found if one.impact == impact]
        lines += [head, *mine] if mine else []
    if not found:
        lines = [f"{new.matter.title}（{matter}）：没有差别"]
    emit(data, as_json, lines)


def _published(matter: str, prefix: str, as_json: bool) -> Definition:
    from jiezhi.base.casework import matters

    try:
        return matters.definition_of(matters.version_like(matter, prefix))
    except matters.UnknownMatter as error:
        fail(str(error), as_json)


def _packed(matter: str, path: Path | None, as_json: bool) -> Definition:
    """业务模板包里的，代入本单位调整过的参数。"""
    from django.conf import settings

    from jiezhi.base.casework import params
    from jiezhi.core.procedure.errors import PackError
    from jiezhi.core.procedure.loader import load_folder

    packs = load_folder(path or settings.PACKS_DIR)
    loaded = packs.matters.get(matter)
    if loaded is None:
        fail(f"业务模板包里没有“{matter}”，或它有错误；先用 jiezhi check 看看", as_json)
    try:
        return params.built(loaded, packs)
    except PackError as error:
        fail(str(error), as_json)


@click.command("change-version", help="把业务模板 MATTER 正在办的件换到新版，一件一条办理记录")
@click.argument("matter")
@click.option(
    "--map", "file", type=click.Path(exists=True, path_type=Path), required=True, help="写明映射的 YAML"
)
@click.option("--as", "login", help="街道办负责人或权责清单管理员的登录名；试算可以不给")
@click.option("--dry-run", is_flag=True, help="只试算哪些件能换，不换")
@click.option("--json", "as_json", is_flag=True)
def change_version_command(matter: str, file: Path, login: str | None, dry_run: bool, as_json: bool) -> None:
    from jiezhi.cli.main import django_ready

    django_ready()
    from django.core.exceptions import PermissionDenied

    from jiezhi.base.casework import versions

    if not login and not dry_run:
        fail("换版要写明由谁办：--as 登录名", as_json)
    decl = _map(file, as_json)
    officer = officer_named(login, as_json) if login else None
    try:
        with progress(versions.TITLE, None, as_json) as bar:
            found = versions.change_all(
                matter, decl, acting_officer=officer, dry_run=dry_run, on_case=lambda one: bar.update(1)
            )
    except versions.Unchangeable as error:
        _unchangeable(error, as_json)
    except PermissionDenied as error:
        fail(str(error), as_json)
    _report(found, dry_run, as_json)


def _map(file: Path, as_json: bool) -> ChangeDecl:
    """读映射。写法不对就说清哪一行、怎么不对。"""
    from pydantic import ValidationError

    from jiezhi.core.procedure.change import ChangeDecl
    from jiezhi.core.procedure.explain import problems_of
    from jiezhi.core.procedure.source import read_text

    source = read_text(file.read_text(encoding="utf-8"), file.name)
    if source.problems or not isinstance(source.data, dict):
        fail("\n".join(map(str, source.problems)) or f"{file.name} 不是映射", as_json)
    try:
        return ChangeDecl.model_validate(source.data, by_alias=True, by_name=False)
    except ValidationError as error:
        found = problems_of(
            error,
            ChangeDecl,
            source.data,
            lambda path, key: source.positions.at(path, key=key),
            pack=file.stem,
            file=file.name,
        )
        fail("\n".join(map(str, found)), as_json)


def _unchangeable(error: Any, as_json: bool) -> NoReturn:
    lines = [str(error)]
    for one in error.problems:
        walked = f"〔旧版走法：{'→'.join(one.path)}〕" if one.path else ""
        lines.append(f"{'' if one.is_error else '〔提醒〕'}{one.say}{walked}")
    data = {"ok": False, "error": str(error), "problems": [one.as_json() for one in error.problems]}
    fail("\n".join(lines), as_json, data=data)


def _report(found: list[Changed], dry_run: bool, as_json: bool) -> None:
    refused = [one for one in found if not one.ok]
    data = {
        "ok": not refused,
        "dry_run": dry_run,
        "changed": len(found) - len(refused),
        "refused": [{"case": one.number, "uid": one.uid, "say": str(one.result)} for one in refused],
    }
    word = "可以换" if dry_run else "换了"
    lines = [f"{one.number}：{one.result}" for one in refused]
    lines.append(f"{word} {len(found) - len(refused)} 件，不能换 {len(refused)} 件")
    emit(data, as_json, lines)
    if refused:
        raise SystemExit(1)
