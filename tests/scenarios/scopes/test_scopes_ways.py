"""不经网址的路：网络推送、节点包、对账单、抄录单；命令逐条列出，`commands.yaml` 里写明怎样试。"""

from __future__ import annotations

import io
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import click
import pytest
from click.testing import CliRunner
from django.core.exceptions import PermissionDenied, ValidationError
from django.utils import timezone
from ruamel.yaml import YAML

from jiezhi.base.casework import outbox
from jiezhi.base.casework.models import Case
from jiezhi.base.registry.models import Unit
from jiezhi.cli.main import main
from jiezhi.connect.hooks import actions as hooks
from jiezhi.connect.nodes.models import OutgoingEntry
from jiezhi.connect.nodes.tests.counterpart import Counterpart
from jiezhi.connect.systems import actions as systems
from jiezhi.connect.systems import copying, importing, reconciling
from jiezhi.connect.systems.exporting import export_run
from jiezhi.connect.systems.testing import copy_bytes
from jiezhi.connect.systems.tests.sheets import ORDERS, order, table
from jiezhi.web.office.testing import packs

TABLE: dict[str, Any] = YAML(typ="safe").load(Path(__file__).with_name("commands.yaml"))
OWNER, OTHER = "jingban", "minzheng"


# ---- 往外送的 ----


def test_pushes_go_only_where_the_bound_officer_may_see(town: Any) -> None:
    """订阅绑的是谁，就只推他看得见的；限指定人员的谁也不推；排上之后改绑了乙，也不推。"""
    made = {
        who: hooks.create(
            name=f"推给{who}",
            url=f"https://203.0.113.9/{who}",
            officer=town.officer(who),
            acting_officer=None,
        )
        for who in (OWNER, OTHER, "huangang", "guoqi", "fenbo", "fuze")
    }
    for kind in ("plain", "sealed"):
        town.does(town.cases[kind], OWNER, "mark_urgent")
    hooks.change(made["fuze"], officer=town.officer(OTHER), acting_officer=None)
    outbox.drain(timezone.now())  # 任期过了的那一位的攒着不送
    assert set(town.sent) == {OWNER, "fenbo", "tui"}, "甲、分拨员的，和原来就绑着甲的那一个"
    text = "".join(one for bodies in town.sent.values() for one in bodies)
    assert town.cases["plain"].number in text and town.cases["sealed"].number not in text
    assert town.target["phone"] not in text and town.target["name"] not in text


def test_a_parcel_goes_only_to_the_unit_it_was_transferred_to(town: Any, settings: Any) -> None:
    """移送到某单位的，只送登记为那个单位的节点，不带姓名电话；别的区、外网节点一条也没有。"""
    settings.NODE = "yunqiao-nei"
    now = timezone.now()
    peers = {}
    for code, seed in (("chengguan", b"c" * 32), ("shuiwu", b"s" * 32)):
        Unit.objects.create(code=code, name=f"区{code}", kind="external", path=f"/{code}/")
        peers[code] = Counterpart(code, seed).join("superior", now, unit=code)
    peers["wai"] = Counterpart("yunqiao-wai", b"w" * 32).join("outside", now, opens="report.snapshot")
    town.does(town.cases["plain"], "fenbo", "send_outside", "区里办", to_unit="chengguan")
    town.does(town.cases["handed"], OWNER, "mark_urgent")
    assert outbox.drain(now + timedelta(minutes=1)).failed == 0
    entries = {
        code: [one.sealed for one in OutgoingEntry.objects.filter(peer=peer)] for code, peer in peers.items()
    }
    assert entries["shuiwu"] == entries["wai"] == []
    (told,) = entries["chengguan"]
    assert town.target["address"] in told and town.cases["plain"].number in told
    assert town.target["phone"] not in told and town.target["name"] not in told
    others = [case.number for kind, case in town.cases.items() if kind != "plain"]
    assert not [one for one in others if one in told]


@pytest.fixture
def hotline(town: Any) -> Case:
    """甲答复了的一件热线工单，等着抄回去。"""
    now = timezone.now()
    systems.publish_from(packs(), now - timedelta(days=4))
    row = order("GZ739100173", 标题=f"热线{town.target['words']}", 地址=town.target["address"])
    row |= {"来电时间": f"{timezone.localtime(now - timedelta(hours=3)):%Y-%m-%d %H:%M:%S}"}
    row |= {"来电人": town.target["name"], "联系电话": town.target["phone"], "热线时限": "", "承办单位": ""}
    rexian = town.officer("rexian")
    importing.import_sheet("hotline", table(ORDERS, row), acting_officer=rexian, now=now, name="单.xlsx")
    case = Case.objects.get(number="GZ739100173")
    town.does(case, "fenbo", "dispatch", to_unit="law")
    town.does(case, OWNER, "sign")
    town.does(case, OWNER, "answer", reply=town.target["reply"], contacted=True)
    return case


def test_copying_sheets(town: Any, hotline: Case) -> None:
    """抄录单：看不见的印不出来，写了编号也一样；写了理由也一样。"""
    kind = ("hotline", "hotline.order")
    for who in (OTHER, "huangang", "lvren"):
        officer = town.officer(who)
        with pytest.raises(ValidationError, match="没有等着抄录的件"):
            copy_bytes(*kind, acting_officer=officer)
        said = []
        for number in (hotline.number, "GZ739100962"):
            with pytest.raises(ValidationError) as refused:
                copy_bytes(*kind, acting_officer=officer, numbers=[number], reason="核对来电人")
            said.append(str(refused.value.messages).replace(number, "〈写的〉"))
        assert said[0] == said[1]
        ((_, result),) = copying.mark_copied(*kind, {hotline.number: ""}, acting_officer=officer)
        assert not result.ok and "没有" in str(result)
    told = copy_bytes(*kind, acting_officer=town.officer(OWNER), form="xlsx")
    text = town.unpacked(told)
    assert hotline.number in text and town.target["reply"] in text


def test_reconciling_is_for_its_own_post_and_leaves_out_the_confidential(town: Any, hotline: Case) -> None:
    """对账单：不是那个岗位的对不了；限指定人员的不列，记重了的也不说。"""
    now = timezone.now()
    today = timezone.localtime(now).date()
    rows = table(ORDERS, order("GZ739100999", 来电时间=f"{today} 00:01:00"))
    span = (today - timedelta(days=2), today + timedelta(days=1))

    def bill(who: str) -> str:
        run = reconciling.reconcile("hotline", rows, *span, acting_officer=town.officer(who), now=now)
        out = io.BytesIO()
        export_run(run, out)
        return str(town.unpacked(out.getvalue()))

    for who in (OTHER, "huangang", "guoqi", OWNER):
        with pytest.raises(PermissionDenied):
            bill(who)
    assert hotline.number in bill("rexian")
    Case.objects.filter(pk=hotline.pk).update(confidential=True)
    assert hotline.number not in bill("rexian")


# ---- 命令行 ----


def _commands(found: click.Command, context: click.Context, before: str = "") -> Iterator[str]:
    if not isinstance(found, click.Group):
        yield before.strip()
        return
    for name in found.list_commands(context):
        one = found.get_command(context, name)
        assert one is not None
        yield from _commands(one, context, f"{before} {name}")


def rows(value: Any) -> list[dict[str, Any]]:
    return value if isinstance(value, list) else [value]


CASES = [(name, one) for name, value in TABLE["cases"].items() for one in rows(value)]


def test_every_command_is_in_the_table() -> None:
    """命令一条不漏。"""
    listed = [*TABLE["cases"], *TABLE["managed"], *TABLE["plain"], *TABLE["elsewhere"]]
    assert sorted(listed) == sorted(_commands(main, click.Context(main)))
    assert [name for name, one in CASES if not one.get("shows") and not one.get("why")] == []


@pytest.fixture
def values(town: Any, hotline: Case, tmp_path: Path) -> dict[str, str]:
    """命令里要填的。"""
    sheet = tmp_path / "来表.xlsx"
    sheet.write_bytes(table(ORDERS, order(hotline.number, 标题="我抄来的", 联系电话="13700002222")))
    (tmp_path / "对照.yaml").write_text("{}", encoding="utf-8")
    more = {
        "map": str(tmp_path / "对照.yaml"),
        "copied": "登记 1 件",
        "hotline": hotline.number,
        "sheet": str(sheet),
        "out": str(tmp_path / "出.bin"),
    }
    return {**town.shown, **more, "paper_title": "收件凭证", "missing": '"missing"'}


def ran(town: Any, name: str, given: list[str], values: dict[str, str], who: str) -> tuple[int, str]:
    """某人跑一条命令：退出码，印出来的和写出来的全部。"""
    words = [*name.split(), *(one.format_map(values) for one in given), "--as", who]
    found = CliRunner().invoke(main, words)
    assert found.exception is None or isinstance(found.exception, SystemExit), found.exception
    out, text = Path(values["out"]), found.output
    for path in sorted(out.parent.glob(out.name + "*")):
        text += town.unpacked(path.read_bytes())
        path.unlink()
    return found.exit_code, text


@pytest.mark.parametrize(("name", "row"), CASES, ids=[name for name, _ in CASES])
def test_commands_give_only_what_the_officer_may_see(
    town: Any, values: dict[str, str], name: str, row: dict[str, Any]
) -> None:
    """看不见的与没有的说同一句话，什么也不写；甲跑得出来。"""
    nothing = {**values, **town.fake, "number_paper": "XKZ202697391", "hotline": "GZ739100962"}
    typed = " ".join(row["run"]).format_map(values)
    for who in ("minzheng", "huangang", "guoqi", "lvren"):
        code, text = ran(town, name, row["run"], values, who)
        assert not town.leaks(text, typed), who
        absent = ran(town, name, row["run"], nothing, who)
        assert (code, town.level(text, values)) == (absent[0], town.level(absent[1], nothing)), who
    assert ran(town, name, row["run"], values, "ligang")[0] == 1, "离岗的人不能用"
    if "shows" in row:
        code, text = ran(town, name, row["run"], values, row.get("who", OWNER))
        assert values[row["shows"]] in text, (code, text[:2000])


@pytest.mark.parametrize("name", TABLE["managed"])
def test_commands_for_certain_posts_refuse_the_rest(town: Any, values: dict[str, str], name: str) -> None:
    """专门的岗位才办得了的：别人跑了不成，也不露。"""
    given = TABLE["managed"][name]
    typed = " ".join(given).format_map(values)
    for who in ("minzheng", "huangang", "lvren"):
        code, text = ran(town, name, given, values, who)
        assert code != 0, text
        assert not town.leaks(text, typed), text


def test_a_repeated_command_is_answered_after_the_case_has_gone(town: Any, values: dict[str, str]) -> None:
    """办完就转走了的，带着同样的请求标识再跑，照样答复办过了；别人拿着这个标识也不行。"""
    words = ["{number}", "return", "--reason", "不属本单位", "--key", "k-7391"]
    first, again = (ran(town, "act", words, values, OWNER) for _ in range(2))
    assert first == again and first[0] == 0
    assert town.client(OWNER).get(f"/cases/{town.target['plain']}/").status_code == 404
    assert ran(town, "act", words, values, OTHER)[0] == 1
