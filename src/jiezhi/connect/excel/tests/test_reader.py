"""读表：真实表格里的各种毛病。"""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest

from jiezhi.connect.excel import package
from jiezhi.connect.excel.errors import SheetError
from jiezhi.connect.excel.reader import read_sheet
from jiezhi.connect.excel.tests import build

PLAIN = [["编号", "内容", "时间"], ["1", "路灯不亮", "2024-1-1"], ["2", "井盖缺失", "2024-1-2"]]


def cells(sheet: Any) -> list[tuple[Any, ...]]:
    return [row.cells for row in sheet.rows]


def refused(content: bytes, **options: Any) -> str:
    with pytest.raises(SheetError) as caught:
        list(read_sheet(content, **options).rows)
    return str(caught.value)


def test_plain_sheet_from_bytes_and_path(tmp_path):
    content = build.table(*PLAIN)
    path = tmp_path / "工单.xlsx"
    path.write_bytes(content)
    for source in (content, path, str(path)):
        sheet = read_sheet(source)
        assert sheet.headers == ["编号", "内容", "时间"]
        rows = list(sheet.rows)
        assert [row.number for row in rows] == [2, 3]
        assert rows[0].cells == ("1", "路灯不亮", "2024-1-1")
        assert sheet.warnings == []


def test_titles_above_and_table_away_from_the_corner():
    def fill(book):
        sheet = book.add_worksheet("台账")
        sheet.merge_range(0, 2, 0, 4, "某街道二〇二四年工单台账")
        sheet.write_row(1, 2, ["填报单位：某街道"])
        sheet.write_row(3, 2, ["编号", "内容", "时间"])
        sheet.write_row(5, 2, ["1", "路灯", "2024-1-1"])
        sheet.set_column(3, 3, 33)

    sheet = read_sheet(build.workbook(fill), wanted=["编号", "时间"])
    assert sheet.headers == ["编号", "内容", "时间"]
    assert sheet.titles == ["某街道二〇二四年工单台账", "填报单位：某街道"]
    assert sheet.header_number == 4
    assert sheet.widths[1] == 33
    assert [(row.number, row.cells) for row in sheet.rows] == [(6, ("1", "路灯", "2024-1-1"))]


def test_two_row_header_with_merged_cells():
    def fill(book):
        sheet = book.add_worksheet()
        sheet.merge_range(0, 0, 0, 4, "统计表")
        sheet.merge_range(1, 0, 2, 0, "序号")
        sheet.merge_range(1, 1, 1, 2, "来电人")
        sheet.merge_range(1, 3, 1, 4, "被反映人")
        sheet.write_row(2, 1, ["姓名", "电话", "姓名", "电话"])
        sheet.write_row(3, 0, ["1", "甲", "13800138000", "乙", "13900139000"])

    content = build.workbook(fill)
    expected = ["序号", "来电人/姓名", "来电人/电话", "被反映人/姓名", "被反映人/电话"]
    for wanted in ([], ["来电人/姓名"], ["序号"], ["姓名"]):
        sheet = read_sheet(content, wanted=wanted)
        assert sheet.headers == expected, wanted
        assert cells(sheet) == [("1", "甲", "13800138000", "乙", "13900139000")]
        assert sheet.header_rows == [
            ["序号", "来电人", "", "被反映人", ""],
            ["", "姓名", "电话", "姓名", "电话"],
        ]
        assert sheet.header_merges and (0, 1, 0, 2) in sheet.header_merges


def test_two_row_header_without_merge_information():
    text = "序号,来电人,,备注\n,姓名,电话,\n1,甲,13800138000,无\n"
    sheet = read_sheet(text.encode())
    assert sheet.headers == ["序号", "来电人/姓名", "来电人/电话", "备注"]
    assert cells(sheet) == [("1", "甲", "13800138000", "无")]


def test_text_rows_are_not_taken_for_a_second_header_row():
    sheet = read_sheet("编号,内容,备注\n甲,路灯,\n乙,井盖,急\n".encode())
    assert sheet.headers == ["编号", "内容", "备注"]
    assert len(cells(sheet)) == 2


def test_header_names_are_tidied_and_the_wanted_row_wins():
    content = build.table(
        ["导出条件", "全部", "街道"],
        ["\ufeff 工单\n编号 ", "*受理 时间*", "联系电话(手机)1"],
        ["1", "2024-1-1", "2"],
    )
    sheet = read_sheet(content, wanted=["工单编号", "受理时间"])
    assert sheet.headers == ["工单编号", "*受理时间*", "联系电话(手机)1"]
    assert sheet.titles == ["导出条件 全部 街道"]


def test_duplicate_and_missing_header_names_warn():
    content = build.table(["电话", "姓名", "电话", "电话(2)", ""], ["1", "甲", "2", "3", "4"])
    sheet = read_sheet(content)
    assert sheet.headers == ["电话", "姓名", "电话(3)", "电话(2)", "E列"]
    assert any("重复" in said for said in sheet.warnings)
    assert any("E 列没有列名" in said for said in sheet.warnings)


def test_blank_rows_and_columns_totals_and_notes():
    content = build.table(
        ["编号", "", "内容", "数量", "备注"],
        ["1", "", "路灯", 2, ""],
        ["", "  ", "\u200b", None, ""],
        ["2", "", "井盖", 3, ""],
        ["合 计", "", "", 5, ""],
        ["编号", "", "内容", "数量", "备注"],
        ["说明：本表由系统导出"],
        ["本表一式两份"],
    )
    sheet = read_sheet(content)
    rows = list(sheet.rows)
    assert sheet.headers == ["编号", "内容", "数量", "备注"]
    assert [row.number for row in rows] == [2, 4, 8]
    assert [number for number, _ in sheet.skipped] == [5, 6, 7]
    assert any("合计" in said for said in sheet.warnings)
    assert "只有一格" in rows[-1].warnings[0]


def test_late_content_without_a_column_name_is_reported():
    rows = [["编号", "内容"]] + [[str(i), "路灯"] for i in range(60)] + [["61", "井盖", "孤零零"]]
    sheet = read_sheet(build.table(*rows))
    assert all(len(row.cells) == 2 for row in sheet.rows)
    assert any("C 列没有列名" in said and "62" in said for said in sheet.warnings)


def test_vertically_merged_data_cells_are_filled_down():
    def fill(book):
        sheet = book.add_worksheet()
        sheet.write_row(0, 0, ["社区", "编号"])
        sheet.merge_range(1, 0, 3, 0, "一社区")
        sheet.write_column(1, 1, ["1", "2", "3"])
        sheet.write_row(4, 0, ["二社区", "4"])

    sheet = read_sheet(build.workbook(fill))
    assert cells(sheet) == [("一社区", "1"), ("一社区", "2"), ("一社区", "3"), ("二社区", "4")]
    assert any("合并" in said for said in sheet.warnings)


def test_formulas_are_never_evaluated_and_warned_about():
    def fill(book):
        sheet = book.add_worksheet()
        sheet.write_row(0, 0, ["编号", "甲", "乙", "丙", "丁"])
        sheet.write(1, 0, "1")
        sheet.write_formula(1, 1, "=1+1", None, 2)
        sheet.write_formula(1, 2, "=1+1", None, "")
        sheet.write_formula(1, 3, "=1/0", None, "#DIV/0!")
        sheet.write_string(1, 4, "=cmd|' /C calc'!A0")
        sheet.write_row(2, 0, ["2", "-5", "+86 138", "@张三", "- 见附件"])

    rows = list(read_sheet(build.workbook(fill)).rows)
    assert rows[0].cells == ("1", 2.0, "", "", "=cmd|' /C calc'!A0")
    said = ";".join(rows[0].warnings)
    assert "C2 格" in said and "没有保存结果" in said
    assert "D2 格" in said and "错误值" in said
    assert "“丁”的内容像公式" in said and "B2" not in said
    assert rows[1].warnings == ()


def test_several_sheets_the_fitting_one_is_read_hidden_ones_are_not():
    def fill(book):
        book.add_worksheet("说明").write_row(0, 0, ["填表", "须知"])
        data = book.add_worksheet("数据")
        data.write_row(0, 0, ["编号", "内容"])
        data.write_row(1, 0, ["1", "路灯"])
        hidden = book.add_worksheet("字典")
        hidden.write_row(0, 0, ["编号", "内容"])
        hidden.hide()

    content = build.workbook(fill)
    sheet = read_sheet(content, wanted=["编号", "内容"])
    assert (sheet.name, cells(sheet)) == ("数据", [("1", "路灯")])
    assert any("说明" in said and "字典" not in said for said in sheet.warnings)
    assert "没有名为“甲”的工作表" in refused(content, sheet="甲")


def test_dates_and_the_1904_system():
    def fill(book):
        sheet = book.add_worksheet()
        sheet.write_row(0, 0, ["编号", "时间"])
        style = book.add_format({"num_format": "yyyy/m/d hh:mm:ss"})
        sheet.write_datetime(1, 1, dt.datetime(2019, 2, 28, 11, 25, 5), style)
        sheet.write(1, 0, 188006)

    assert cells(read_sheet(build.workbook(fill))) == [(188006.0, dt.datetime(2019, 2, 28, 11, 25, 5))]
    sheet = read_sheet(build.workbook(fill, date_1904=True))
    assert sheet.date1904
    assert cells(sheet)[0][1] == dt.datetime(2019, 2, 28, 11, 25, 5)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030", "utf-16"])
@pytest.mark.parametrize("mark", [",", "\t", ";", "|"])
def test_csv_encodings_and_separators(encoding, mark):
    text = f'编号{mark}内容\r\n001{mark}"路灯,不亮\n三天"\r\n="002"{mark}井盖\r\n'
    sheet = read_sheet(text.encode(encoding), name="a.csv")
    assert sheet.headers == ["编号", "内容"]
    assert cells(sheet) == [("001", "路灯,不亮\n三天"), ("002", "井盖")]


def test_csv_oddities():
    short = read_sheet("编号,内容,时间\n1,路灯\n2,井盖,x,\n".encode())
    assert cells(short) == [("1", "路灯", ""), ("2", "井盖", "x")]
    assert "引号" in refused(('编号,内容\n1,"' + "长" * 200_000).encode())


def test_ods():
    sheet = read_sheet(build.ods(["编号", "内容"], ["1", "路灯"]), name="a.ods")
    assert (sheet.kind, sheet.headers, cells(sheet)) == ("ods", ["编号", "内容"], [("1", "路灯")])


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("<table:table-row>", '<table:table-row table:number-rows-repeated="1000000">'),
        ("<table:table-cell office", '<table:table-cell table:number-columns-repeated="16384" office'),
    ],
)
def test_ods_repeating_without_end_is_refused(old, new):
    content = build.ods(["编号", "内容"], ["1", "路灯"])
    endless = build.replace_part(content, "content.xml", lambda xml: xml.replace(old, new, 1))
    assert "范围过大" in refused(endless)
    row = '<table:table-row table:number-rows-repeated="1048574"><table:table-cell/></table:table-row>'
    tail = row + "</table:table>"
    usual = build.replace_part(content, "content.xml", lambda xml: xml.replace("</table:table>", tail))
    assert cells(read_sheet(usual)) == [("1", "路灯")]


def test_too_many_rows():
    rows = [["编号", "内容"]] + [[str(i), "x"] for i in range(6)]
    assert "超过 5 行" in refused(build.table(*rows), max_rows=5)
    assert len(cells(read_sheet(build.table(*rows), max_rows=6))) == 6


@pytest.mark.parametrize(
    ("content", "name", "words"),
    [
        (b"", "a.xlsx", "文件是空的"),
        (b"\xef\xbb\xbf\r\n", "a.csv", "文件是空的"),
        ("编号,内容\n1,2\n".encode(), "a.xlsx", "改成 .csv"),
        (b"<html><table><tr><td>x</td></tr></table></html>", "a.xls", "其实是网页"),
        (b'<?xml version="1.0"?><Workbook/>', "a.xls", "另存为"),
        (b"%PDF-1.7 ...", "a.xlsx", "PDF"),
        (b"\x89PNG\r\n\x1a\n....", "a.xlsx", "图片"),
        (bytes(range(256)) * 20, "a.bin", "认不出"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + "EncryptedPackage".encode("utf-16-le"), "a.xlsx", "密码"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600), "a.xls", "打不开"),
    ],
)
def test_what_is_no_table_is_refused_with_advice(content, name, words):
    assert words in refused(content, name=name)


def test_archives_that_are_no_workbooks():
    assert "Word" in refused(build.archive({"word/document.xml": "x"}))
    assert "先解压" in refused(build.archive({"工单.txt": "x"}))
    assert "改成 .xlsx" in refused(build.table(*PLAIN), name="a.csv")
    assert "没有内容" in refused(build.table())
    assert "只有列名" in refused(build.table(PLAIN[0]))
    assert read_sheet(build.table(PLAIN[0]), allow_no_rows=True).headers == PLAIN[0]


def test_missing_file_says_so(tmp_path):
    with pytest.raises(SheetError, match="找不到或打不开"):
        read_sheet(tmp_path / "没有.xlsx")


def test_truncated_and_damaged_archives():
    content = build.table(*PLAIN)
    assert "不完整" in refused(content[: len(content) // 2])
    start = content.find(b"xl/worksheets/sheet1.xml") + 40
    damaged = content[:start] + b"\xff" * 60 + content[start + 60 :]
    assert "损坏" in refused(damaged)


def test_zip_bomb_is_not_opened_even_when_it_lies_about_its_size(monkeypatch):
    monkeypatch.setattr(package, "MAX_UNPACKED", 1_000_000)
    bomb = build.replace_part(
        build.table(*PLAIN), "xl/worksheets/sheet1.xml", lambda xml: xml + " " * 5_000_000
    )
    assert len(bomb) < 100_000
    assert "异常巨大" in refused(bomb)
    liar = bomb.replace((5_000_000 + _sheet_length()).to_bytes(4, "little"), (100).to_bytes(4, "little"))
    assert liar != bomb
    assert "异常巨大" in refused(liar)


def _sheet_length() -> int:
    import io
    import zipfile

    archive = zipfile.ZipFile(io.BytesIO(build.table(*PLAIN)))
    return archive.getinfo("xl/worksheets/sheet1.xml").file_size


def test_far_away_cell_does_not_exhaust_memory():
    def fill(book):
        sheet = book.add_worksheet()
        sheet.write_row(0, 0, ["编号", "内容"])
        sheet.write(1_048_575, 16_383, "x")

    assert "范围过大" in refused(build.workbook(fill))


def test_far_away_formatting_is_harmless():
    def fill(book):
        sheet = book.add_worksheet()
        sheet.write_row(0, 0, ["编号", "内容"])
        sheet.write_row(1, 0, ["1", "路灯"])
        sheet.write_blank(1_048_575, 16_383, None, book.add_format({"bold": True}))

    assert cells(read_sheet(build.workbook(fill))) == [("1", "路灯")]


def test_entity_declarations_are_refused():
    content = build.replace_part(
        build.table(*PLAIN),
        "xl/workbook.xml",
        lambda xml: xml.replace("<workbook", '<!DOCTYPE x [<!ENTITY a "b">]><workbook', 1),
    )
    assert "为安全起见" in refused(content)
