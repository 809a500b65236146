"""jiezhi powers：权责清单。看清单、起草、修订、送审、审核、公布、废止、导出。"""

from __future__ import annotations

import csv
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from jiezhi.cli.output import emit, fail, officer_named, refusing

if TYPE_CHECKING:
    from jiezhi.base.registry.models import PowerVersion

DAY = click.DateTime(["%Y-%m-%d"])
COLUMNS = {
    "code": "代码", "title": "名称", "class": "类别", "duty": "职责类别", "bases": "依据",
    "authorisation": "授权", "unit": "责任单位", "fee": "收费", "since": "生效日", "version": "版次",
}  # fmt: skip


@click.group("powers", help="权责清单：看、起草、修订、送审、审核、公布、废止、导出")
def powers_command() -> None:
    """命令组。"""
    from jiezhi.cli.main import django_ready

    django_ready()


@powers_command.command("list", help="全部事项和现在的状态")
@click.option("--class", "class_name", help="只看一类，如 行政处罚")
@click.option("--json", "as_json", is_flag=True)
def list_command(class_name: str | None, as_json: bool) -> None:
    from jiezhi.base.registry.queries import powers

    rows = [one for one in powers.latest() if class_name in (None, one.class_name)]
    emit([_plain(one) for one in rows], as_json, [*map(_line, rows), f"共 {len(rows)} 项"])


@powers_command.command("counts", help="今天生效的事项各有多少：按类别、职责类别")
@click.option("--json", "as_json", is_flag=True)
def counts_command(as_json: bool) -> None:
    from django.utils import timezone

    from jiezhi.base.registry.queries import powers

    found = powers.counts(timezone.now())
    lines = [
        f"生效 {found['total']['total']} 项",
        "按类别：" + "，".join(f"{name} {n}" for name, n in found["classes"].items() if n),
        "按职责：" + "，".join(f"{name} {n}" for name, n in found["duties"].items()),
    ]
    emit(found, as_json, lines)


@powers_command.command("stale", help="法律名录、业务模板变了之后，哪些生效的事项要修订重新公布")
@click.option("--json", "as_json", is_flag=True)
def stale_command(as_json: bool) -> None:
    from django.conf import settings
    from django.utils import timezone

    from jiezhi.base.casework.powercheck import stale
    from jiezhi.core.procedure.loader import load_folder

    found = stale(load_folder(settings.PACKS_DIR), timezone.now())
    lines = [f"{code}：{'；'.join(said)}" for code, said in found.items()]
    emit(found, as_json, [*lines, f"要修订的 {len(found)} 项"])


@powers_command.command("export", help="把今天生效的清单另存为表（CSV），给公众看的样子")
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
def export_command(file: Path) -> None:
    from django.utils import timezone

    from jiezhi.base.registry.queries import powers

    rows = powers.public_list(timezone.now())
    # 带 BOM：表格软件打开中文不乱码。
    with file.open("w", encoding="utf-8-sig", newline="") as stream:
        writer = csv.writer(stream)
        writer.writerow(COLUMNS.values())
        for row in rows:
            writer.writerow(_cell(row[key]) for key in COLUMNS)
    click.echo(f"已导出 {len(rows)} 项到 {file.name}")


@powers_command.command("draft", help="登记新事项的草稿：FILE 是 YAML，写法同权责清单种子，可写责任单位 unit")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--as", "login", required=True, help="权责清单管理员的登录名")
@click.option("--json", "as_json", is_flag=True)
def draft_command(file: Path, login: str, as_json: bool) -> None:
    from jiezhi.base.casework import powers

    _each(powers.draft, file, login, as_json)


@powers_command.command(
    "revise", help="修订成新的一版草稿：FILE 同 draft，只写要改的键，写成 null 的去掉；其余照最近一版"
)
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--as", "login", required=True, help="权责清单管理员的登录名")
@click.option("--json", "as_json", is_flag=True)
def revise_command(file: Path, login: str, as_json: bool) -> None:
    from jiezhi.base.casework import powers

    _each(powers.revise, file, login, as_json)


@powers_command.command("submit", help="草稿送法制审核")
@click.argument("code")
@click.option("--as", "login", required=True, help="权责清单管理员的登录名")
@click.option("--json", "as_json", is_flag=True)
def submit_command(code: str, login: str, as_json: bool) -> None:
    from jiezhi.base.casework import powers

    _run(lambda **who: powers.submit(code, **who), login, as_json)


@powers_command.command("review", help="法制审核：通过或退回，要写意见")
@click.argument("code")
@click.option("--approve/--return", "approve", required=True, help="通过，或退回草稿")
@click.option("--opinion", required=True, help="审核意见")
@click.option("--as", "login", required=True, help="法制审核员的登录名")
@click.option("--json", "as_json", is_flag=True)
def review_command(code: str, approve: bool, opinion: str, login: str, as_json: bool) -> None:
    from jiezhi.base.casework import powers

    _run(lambda **who: powers.review(code, approve=approve, opinion=opinion, **who), login, as_json)


@powers_command.command("publish", help="公布待公布的一版；连同业务模板和参数一起校验")
@click.argument("code")
@click.option("--from", "start", type=DAY, help="自哪天起生效；不写是今天")
@click.option("--as", "login", required=True, help="街道办负责人的登录名")
@click.option("--json", "as_json", is_flag=True)
def publish_command(code: str, start: Any, login: str, as_json: bool) -> None:
    from jiezhi.base.casework import powers

    _run(lambda **who: powers.publish(code, start=_day(start), **who), login, as_json)


@powers_command.command("repeal", help="废止生效的一版，要写理由")
@click.argument("code")
@click.option("--on", type=DAY, help="自哪天起废止；不写是今天")
@click.option("--reason", required=True, help="理由和依据")
@click.option("--as", "login", required=True, help="街道办负责人的登录名")
@click.option("--json", "as_json", is_flag=True)
def repeal_command(code: str, on: Any, reason: str, login: str, as_json: bool) -> None:
    from jiezhi.base.casework import powers

    _run(lambda **who: powers.repeal(code, reason=reason, on=_day(on), **who), login, as_json)


def _run(step: Callable[..., PowerVersion], login: str, as_json: bool) -> None:
    from django.utils import timezone

    officer = officer_named(login, as_json)
    with refusing("没有办成", as_json):
        version = step(acting_officer=officer, now=timezone.now())
    emit(_plain(version), as_json, [_line(version)])


def _each(step: Callable[..., PowerVersion], file: Path, login: str, as_json: bool) -> None:
    """文件里的事项逐个办；有一项办不成，全都不办。"""
    from django.conf import settings
    from django.core.exceptions import ValidationError
    from django.db import transaction
    from django.utils import timezone

    from jiezhi.core.procedure.loader import load_folder

    wanted = _powers_in(file, as_json)
    given = {
        "acting_officer": officer_named(login, as_json),
        "now": timezone.now(),
        "packs": load_folder(settings.PACKS_DIR),
    }
    done: list[PowerVersion] = []
    with refusing("没有办成", as_json), transaction.atomic():
        for code, content in wanted.items():
            try:
                done.append(step(code, content, **given))
            except ValidationError as error:
                raise ValidationError([f"{code}：{say}" for say in error.messages]) from error
    emit([_plain(one) for one in done], as_json, map(_line, done))


def _powers_in(file: Path, as_json: bool) -> dict[str, Any]:
    """种子写法的一个文件：事项代码 → 内容。读不通就报错退出。"""
    from jiezhi.core.procedure.source import read_text

    source = read_text(file.read_bytes(), file.name)
    problems = [str(one) for one in source.problems if one.is_error]
    data = source.data if isinstance(source.data, dict) else {}
    found = data.get("powers")
    if not problems and (
        set(data) != {"powers"}
        or not isinstance(found, dict)
        or not found
        or not all(isinstance(content, dict) for content in found.values())
    ):
        problems = [f"{file.name} 最外层要只有 powers，下面按“事项代码:”逐项写，写法同权责清单种子"]
    if problems:
        fail("\n".join(["没有办成。", *problems]), as_json)
    return {str(code): content for code, content in data["powers"].items()}


def _day(value: Any) -> date | None:
    return value.date() if value else None


def _plain(one: PowerVersion) -> dict[str, Any]:
    return {
        "code": one.power.code,
        "title": one.title,
        "class": one.class_name,
        "duty": one.duty,
        "version": one.number,
        "status": one.status,
        "status_title": one.get_status_display(),
        "from": one.valid_from,
        "to": one.valid_to,
        "unit": one.unit.code if one.unit else None,
        "matter": one.matter or None,
        "digest": one.digest,
    }


def _line(one: PowerVersion) -> str:
    dates = f"，自 {one.valid_from} 起" if one.valid_from else ""
    dates += f"，到 {one.valid_to} 为止" if one.valid_to else ""
    unit = f"，{one.unit}" if one.unit else ""
    return f"{one.power.code} {one.title}（{one.class_name}，{one.duty}）：第{one.number}版{one.get_status_display()}{dates}{unit}"


def _cell(value: Any) -> str:
    text = "；".join(value) if isinstance(value, list) else str(value if value is not None else "")
    # 以这些字符开头的，表格软件会当公式算。
    return f"'{text}" if text[:1] in ("=", "+", "-", "@") else text
