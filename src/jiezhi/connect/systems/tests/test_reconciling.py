"""对账：两边各有、不一样的一件不漏，说差在哪；只读；结果存档不可改，重对一样；说明过的以后还算数。"""

from __future__ import annotations

import io
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from django.core.exceptions import ValidationError

from jiezhi.base.accounts.append_only import AppendOnlyError
from jiezhi.base.accounts.errors import NotAllowed
from jiezhi.base.accounts.models import AdminRecord
from jiezhi.base.casework import actions as casework
from jiezhi.base.casework.models import Case, CaseField, Event
from jiezhi.connect.excel.errors import SheetError
from jiezhi.connect.excel.reader import read_sheet
from jiezhi.connect.systems import actions, importing, queries, reconciling
from jiezhi.connect.systems.exporting import HEADERS, export_run
from jiezhi.connect.systems.models import ReconcileItem, ReconcileRun
from jiezhi.connect.systems.tests.conftest import Street
from jiezhi.connect.systems.tests.sheets import CASES, ORDERS, case, order, table
from jiezhi.connect.systems.tests.test_importing import answered, clue

NOW = datetime(2026, 8, 5, 1, 0, tzinfo=UTC)
SINCE, UNTIL = date(2026, 8, 3), date(2026, 8, 4)


def load(street: Street, *rows: dict[str, Any]) -> None:
    importing.import_sheet(
        "hotline", table(ORDERS, *rows), acting_officer=street.clerk, now=NOW, name="a.xlsx"
    )


def check(street: Street, *rows: dict[str, Any], headers: list[str] = ORDERS, **more: Any) -> ReconcileRun:
    """拿这几行当对方的清单对账。"""
    options = {"acting_officer": street.clerk, "now": NOW, "name": "清单.xlsx"} | more
    since, until = options.pop("since", SINCE), options.pop("until", UNTIL)
    return reconciling.reconcile("hotline", table(headers, *rows), since, until, **options)


def said(run: ReconcileRun) -> list[tuple[str, str, list[tuple[str, str, str]]]]:
    return [
        (one.kind, one.number or one.ours, [(d["title"], d["there"], d["here"]) for d in one.details])
        for one in queries.items(run)
    ]


def test_all_the_same(street: Street) -> None:
    rows = [order(f"GZ20260{n:02}") for n in range(4)]
    load(street, *rows)
    run = check(street, *rows)
    assert run.conclusion == "本期对方 4 件，本单位 4 件，全部相符。"
    assert (run.theirs, run.ours, run.same) == (4, 4, 4) and said(run) == []
    assert run.notes == []


def test_each_kind_of_difference(street: Street) -> None:
    load(street, *[order(f"GZ202600{n}") for n in range(1, 7)])
    answered(street, "GZ2026003")
    headers = [one for one in ORDERS if one != "标题"]
    run = check(
        street,
        order("GZ2026001"),
        order("GZ2026002", 工单状态="已退回"),
        order("GZ2026003", 工单状态="待回访", 承办单位="公共服务办", 答复时间="2026-08-04 10:00"),
        order("GZ2026004", 来电时间="2026-08-02 09:30", 热线时限="2026-08-11 18:00"),
        order("GZ2026005", 来电时间="2026-02-30"),
        order("GZ2026099"),
        order("不是编号"),
        headers=headers,
    )
    assert said(run) == [
        ("那边有这边没有", "GZ2026099", [("日期", "2026-08-03", "")]),
        ("这边有那边没有", "GZ2026006", []),
        ("两边都有而不一样", "GZ2026002", [("状态", "已退回", "待分派")]),
        (
            "两边都有而不一样",
            "GZ2026003",
            [("承办单位", "公共服务办", "综合执法队"), ("答复日期", "2026-08-04", "2026-08-05")],
        ),
        (
            "两边都有而不一样",
            "GZ2026004",
            [("受理日期", "2026-08-02", "2026-08-03"), ("热线时限", "2026-08-11 18:00", "2026-08-10 18:00")],
        ),
        ("两边都有而不一样", "GZ2026005", [("受理日期", run_wrong(run), "")]),
        ("清单里看不懂的行", "", [("缘由", "编号的写法不像12345热线的编号（4 个字）", "")]),
    ]
    assert run.conclusion == (
        "本期对方 5 件，本单位 6 件，6 处不符（那边有这边没有 1 件，这边有那边没有 1 件，两边都有而不一样 4 件）"
        "；另有 1 行看不懂，没有比。"
    )
    assert run.counts["两边都有而不一样"] == 4 and run.same == 1


def run_wrong(run: ReconcileRun) -> str:
    """读不出的那一格，说的是缘由。"""
    detail = queries.items(run).get(number="GZ2026005").details[0]
    assert "不是存在的日期" in detail["there"] and "02-30" not in detail["there"]
    return str(detail["there"])


def test_pairs_are_met_whatever_period_each_side_puts_them_in(street: Street) -> None:
    """两边算在不同的一期，不算漏：只报日期不一样；两边都不在这一期的不报。"""
    load(street, order("GZ2026001"), order("GZ2026002", 来电时间="2026-08-02 09:30"))
    run = check(
        street, order("GZ2026001", 来电时间="2026-08-02 23:00"), order("GZ2026002", 来电时间="2026-08-01")
    )
    assert said(run) == [("两边都有而不一样", "GZ2026001", [("受理日期", "2026-08-02", "2026-08-03")])]
    assert (run.theirs, run.ours) == (0, 1)


def test_reading_only(street: Street) -> None:
    load(street, order("GZ2026001"))
    before = (
        Event.objects.count(),
        list(Case.objects.values_list("pk", "seq", "head")),
        CaseField.objects.count(),
    )
    check(street, order("GZ2026001", 工单状态="已办结", 标题="改了"), order("GZ2026002"))
    after = (
        Event.objects.count(),
        list(Case.objects.values_list("pk", "seq", "head")),
        CaseField.objects.count(),
    )
    assert before == after


def test_the_same_list_again_gives_the_same_result(street: Street) -> None:
    load(street, order("GZ2026001"), order("GZ2026002"))
    rows = [order("GZ2026001", 工单状态="已办结"), order("GZ2026003")]
    first = check(street, *rows)
    second = check(street, *reversed(rows), headers=ORDERS[::-1], now=NOW + timedelta(days=1))
    assert first.result == second.result and first.conclusion == second.conclusion
    assert first.sm3 != second.sm3, "行列次序不同的另一个文件"
    load(street, order("GZ2026003"))
    assert check(street, *rows).result != first.result, "这边变了，结果就变"


def test_kept_for_good(street: Street) -> None:
    load(street, order("GZ2026001"))
    run = check(street)
    assert said(run) == [("这边有那边没有", "GZ2026001", [])], "对方这一期一件也没有，也对得了"
    assert run.notes == ["清单里一行也没有，请核对导出的时间范围。"]
    with pytest.raises(AppendOnlyError):
        run.save()
    with pytest.raises(AppendOnlyError):
        ReconcileItem.objects.update(kind="相符")
    with pytest.raises(AppendOnlyError):
        ReconcileRun.objects.all().delete()


def test_doubled_rows(street: Street) -> None:
    load(street, order("GZ2026001"), order("GZ2026002"))
    run = check(
        street,
        order("GZ2026001"),
        order("GZ2026001"),
        order("GZ2026002"),
        order("GZ2026002", 工单状态="已办结"),
    )
    assert said(run) == [
        ("清单里看不懂的行", "GZ2026002", [("缘由", "第 4、5 行编号相同而内容不同，没有比", "")])
    ]
    assert (run.theirs, run.ours, run.same) == (2, 2, 1)


def test_what_was_not_compared_is_said(street: Street) -> None:
    load(street, order("GZ2026001"))
    headers = [one for one in ORDERS if one not in ("承办单位", "答复时间", "办结时间")]
    run = check(street, order("GZ2026001", 工单状态="流转中"), headers=headers)
    assert run.unchecked == {"状态“流转中”在登记里没有对应": 1}
    assert run.conclusion.endswith("全部相符；另有 1 件有一项没有比。")
    assert "清单里没有这些列，没有比：承办单位、答复日期、办结日期" in run.notes[0]


def test_confidential_cases_are_not_named(street: Street) -> None:
    load(street, order("GZ2026001"), order("GZ2026002"))
    Case.objects.update(confidential=True)
    run = check(street, order("GZ2026001", 工单状态="已办结"))
    assert said(run) == [] and run.ours == 0
    assert run.unchecked == {"限指定人员的，没有列出": 2}


def test_the_offices_own_names_for_units(street: Street) -> None:
    load(street, order("GZ2026001"))
    answered(street)
    text = queries.content_of(queries.register_of("hotline").decl) | {"units": {"云桥街道执法队": "law"}}
    actions.change(yaml(text), street.packs, acting_officer=street.admin, now=NOW)
    row = order("GZ2026001", 工单状态="待回访", 承办单位="云桥街道执法队", 答复时间="2026-08-05 09:00")
    assert said(check(street, row)) == []


def yaml(content: dict[str, Any]) -> str:
    from ruamel.yaml import YAML

    out = io.StringIO()
    YAML().dump(content, out)
    return out.getvalue()


def test_free_text_never_enters_the_archive(street: Street) -> None:
    """对账的结果清除不了：文字不同只说不同，选错列的姓名、电话不抄进来。"""
    headers = ["留言编号", "留言用户", "留言主题", "留言时间", "留言详情"]

    def sheet(*rows: tuple[str, str]) -> bytes:
        cells = [[number, "A1", title, "2026-08-03 09:30", "路灯不亮"] for number, title in rows]
        return table(headers, *[dict(zip(headers, row, strict=True)) for row in cells])

    first = sheet(("1001", "张三家门口的路灯"))
    importing.import_sheet("online", first, acting_officer=street.clerk, now=NOW, name="留言.xlsx")
    second = sheet(("1001", "李四家门口的路灯"), ("王五 13800138000", "x"))
    run = reconciling.reconcile("online", second, SINCE, UNTIL, acting_officer=street.clerk, now=NOW)
    assert said(run) == [
        ("两边都有而不一样", "1001", [("留言主题", "（文字不同）", "（文字不同）")]),
        ("清单里看不懂的行", "", [("缘由", "编号的写法不像网上问政平台的编号（13 个字）", "")]),
    ]
    kept = str(list(ReconcileItem.objects.values())) + str(list(ReconcileRun.objects.values()))
    assert not any(word in kept for word in ("张三", "李四", "王五", "13800138000"))


def test_explaining(street: Street) -> None:
    load(street, order("GZ2026001"))
    rows = [order("GZ2026001", 工单状态="已退回")]
    item = queries.items(check(street, *rows)).get()
    with pytest.raises(ValidationError, match="至少 4 个字"):
        reconciling.explain(item, "核过", acting_officer=street.clerk, now=NOW)
    with pytest.raises(NotAllowed):
        reconciling.explain(item, "热线平台还没有更新", acting_officer=street.office.clerk, now=NOW)
    reconciling.explain(item, "热线平台还没有更新", acting_officer=street.clerk, now=NOW)
    record = AdminRecord.objects.get(action="systems.explain")
    assert (record.officer, record.new["编号"]) == (street.clerk, "GZ2026001")
    # 下次对出同样的一处，说明还算数；变了样的要另外说明
    again = check(street, *rows, order("GZ2026002"), now=NOW + timedelta(days=1))
    (note,) = queries.explained(again).values()
    assert (note.text, note.officer, note.at) == ("热线平台还没有更新", street.clerk, NOW)
    assert queries.left(again) == {"那边有这边没有": 1}
    changed = check(street, order("GZ2026001", 工单状态="已办结"))
    assert queries.explained(changed) == {} and queries.left(changed) == {"两边都有而不一样": 1}


def test_written_as_a_sheet(street: Street) -> None:
    load(street, order("GZ2026001"))
    run = check(
        street, order("GZ2026001", 工单状态="已退回", 热线时限="2026-08-11 18:00"), order("GZ2026002")
    )
    reconciling.explain(queries.items(run)[0], "第二天才派到街道", acting_officer=street.clerk, now=NOW)
    out = io.BytesIO()
    assert export_run(run, out) == 3
    sheet = read_sheet(out.getvalue(), name="结果.xlsx", wanted=set(HEADERS))
    rows = [dict(zip(sheet.headers, row.cells, strict=True)) for row in sheet.rows]
    assert sheet.headers == list(HEADERS) and run.result in " ".join(sheet.titles)
    assert [(one["哪一类"], one["对方编号"], one["差在哪"], one["说明"]) for one in rows] == [
        ("那边有这边没有", "GZ2026002", "日期", "第二天才派到街道"),
        ("两边都有而不一样", "GZ2026001", "状态", ""),
        ("两边都有而不一样", "GZ2026001", "热线时限", ""),
    ]


def test_who_may_reconcile_and_what_must_be_given(street: Street) -> None:
    for officer in (street.admin, street.office.clerk, street.chief):
        with pytest.raises(NotAllowed, match="导入、对账由"):
            check(street, order(), acting_officer=officer)
    with pytest.raises(ValidationError, match="止日要晚于起日"):
        check(street, order(), until=SINCE)
    with pytest.raises(ValidationError, match="没有“别的”这种清单"):
        check(street, order(), sheet="别的")
    with pytest.raises(SheetError, match="缺少“来电时间”列"):
        check(street, order(), headers=["工单编号", "标题"])
    wrong = [one for one in ORDERS if one != "来电时间"]
    renamed = {**order(), "登记的时候": "2026-08-03"}
    run = check(street, renamed, headers=[*wrong, "登记的时候"], column_map={"来电时间": "登记的时候"})
    assert run.theirs == 1
    assert not ReconcileRun.objects.exclude(pk=run.pk).exists()


def test_due_until_every_day_is_covered(street: Street) -> None:
    def owed(day: int) -> list[tuple[str, str, bool]]:
        moment = datetime(2026, 8, day, 2, 0, tzinfo=UTC)
        return [
            (one.register.decl.system, one.window.since.isoformat(), one.late)
            for one in queries.due(moment)
            if one.register.decl.system in ("hotline", "online")
        ]

    assert owed(3) == []
    assert owed(4) == [("hotline", "2026-08-03", False)]
    assert owed(5) == [("hotline", "2026-08-03", True), ("hotline", "2026-08-04", False)]
    check(street, order("GZ2026001"), since=date(2026, 8, 3), until=date(2026, 8, 5))
    assert owed(5) == []
    check(street, order("GZ2026001"), since=date(2026, 8, 6), until=date(2026, 8, 7))
    assert owed(7) == [("hotline", "2026-08-05", True)], "中间缺的那天还欠着"
    check(street, order("GZ2026001"), since=date(2026, 8, 5), until=date(2026, 8, 6))
    assert owed(7) == []
    assert owed(10)[0] == ("hotline", "2026-08-07", True) and owed(10)[-1] == ("online", "2026-08-03", False)
    assert {one.people for one in queries.due(datetime(2026, 8, 9, tzinfo=UTC))} == {(street.clerk,)}


# ---- 执法平台：一件两个号 ----


def platform(street: Street, *rows: dict[str, Any], **more: Any) -> ReconcileRun:
    options = {"acting_officer": street.chief, "now": NOW, "name": "案件.xlsx"} | more
    return reconciling.reconcile(
        "enforcement", table(CASES, *rows), date(2026, 8, 1), date(2026, 9, 1), **options
    )


def test_cases_with_two_numbers(street: Street) -> None:
    """线索不必在平台上；平台写着我方案号而没有回填的、记重了的、登记错号的，各说各的。"""
    mine, other, third = (clue(street, text) for text in ("占道堆放", "乱倒垃圾", "乱贴广告"))
    for one, number in ((mine, "粤云执案〔2026〕1号"), (third, "粤云执案〔2026〕3号")):
        result = casework.act(
            str(one.uid), "enter_province_number", acting_officer=street.chief,
            inputs={"province_number": number}, now=NOW,
        )  # fmt: skip
        assert result.ok, str(result)
    CaseField.objects.filter(case=third, name="province_number").update(text="粤云执案〔2026〕1号")
    run = platform(
        street,
        case("粤云执案〔2026〕1号", 本单位案号=mine.number),
        case("粤云执案〔2026〕2号", 本单位案号=other.number, 罚款金额="500"),
        case("粤云执案〔2026〕9号", 立案日期="2026-07-30"),
        case("粤云执案〔2026〕10号", 罚款金额="五百"),
    )
    assert said(run) == [
        ("那边有这边没有", "粤云执案〔2026〕10号", [("日期", "2026-08-04", "")]),
        (
            "两边都有而不一样",
            "粤云执案〔2026〕1号",
            [
                ("记重了", "粤云执案〔2026〕1号", f"{mine.number}、{third.number}"),
                ("立案日期", "2026-08-04", "（还没有）"),
            ],
        ),
        (
            "两边都有而不一样",
            "粤云执案〔2026〕2号",
            [
                ("省平台案号", "粤云执案〔2026〕2号", "（还没有登记）"),
                ("立案日期", "2026-08-04", "（还没有）"),
                ("罚款金额", "500元", "（空白）"),
            ],
        ),
    ]
    assert run.ours == 0, "线索还没有立案，不必在平台的清单上"


def test_a_period_by_a_date_on_the_case(street: Street) -> None:
    """按件上的日期算哪一期：起日在内，止日不在内。"""
    days = ["2026-07-31", "2026-08-01", "2026-08-31", "2026-09-01"]
    content = queries.content_of(queries.register_of("enforcement").decl)
    listed = content["matters"]["enforcement.penalty"]
    listed |= {"dated": "field.act_on", "except": ["archived"]}
    actions.change(yaml(content), street.packs, acting_officer=street.admin, now=NOW)
    late = datetime(2026, 9, 5, 1, 0, tzinfo=UTC)
    for place, day in enumerate(days, 1):
        row = case(f"粤云执案〔2026〕{place}号", 违法行为日=day)
        importing.import_sheet(
            "enforcement", table(CASES, row), acting_officer=street.chief, now=late, name="a.xlsx"
        )
    run = platform(street, now=late)
    assert [number for _, number, _ in said(run)] == ["粤云执案〔2026〕2号", "粤云执案〔2026〕3号"]
    assert {kind for kind, _, _ in said(run)} == {"这边有那边没有"} and run.ours == 2
