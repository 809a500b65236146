"""按原样写出去，退回有问题的行。"""

from __future__ import annotations

import datetime as dt
import io
import zipfile
from decimal import Decimal

import pytest

from jiezhi.connect.excel import Layout, SheetError, error_report, export, layouts, read_sheet
from jiezhi.connect.excel.moments import SHANGHAI
from jiezhi.connect.excel.tests import build


def two_row_sheet() -> bytes:
    def fill(book):
        sheet = book.add_worksheet("二〇二四")
        sheet.merge_range(0, 0, 0, 3, "某街道台账")
        sheet.merge_range(1, 0, 2, 0, "编号")
        sheet.merge_range(1, 1, 1, 2, "来电人")
        sheet.merge_range(1, 3, 2, 3, "受理时间")
        sheet.write_row(2, 1, ["姓名", "电话"])
        sheet.write_row(3, 0, ["001", "甲", "13800138000", "2024-1-1"])
        sheet.write_row(4, 0, ["002", "乙", "12", "2024-13-1"])
        sheet.set_column(0, 0, 25)

    return build.workbook(fill)


def written(layout, rows, **options) -> bytes:
    out = io.BytesIO()
    export(layout, rows, out, **options)
    return out.getvalue()


def test_layout_survives_json_and_comes_out_as_it_came_in():
    layout = Layout.of(read_sheet(two_row_sheet()))
    layout = Layout.model_validate_json(layout.model_dump_json())
    assert layout.headers == ["编号", "来电人/姓名", "来电人/电话", "受理时间"]
    moment = dt.datetime(2024, 3, 1, 1, 2, 3, tzinfo=SHANGHAI)
    content = written(
        layout, [{"编号": "0007", "受理时间": moment, "结果": "已办"}, ["8", "丙"]], extra=["结果"]
    )
    again = read_sheet(content)
    assert again.headers == [*layout.headers, "结果"]
    assert again.titles == layout.titles == ["某街道台账"]
    assert again.name == "二〇二四"
    assert again.header_rows[0][:4] == layout.header_rows[0]
    assert set(again.header_merges) == {*layout.header_merges, (0, 4, 1, 4)}
    assert again.widths[0] == layout.widths[0] == 25
    assert [row.cells for row in again.rows] == [
        ("0007", "", "", dt.datetime(2024, 3, 1, 1, 2, 3), "已办"),
        ("8", "丙", "", "", ""),
    ]


def test_values_keep_their_kind():
    layout = Layout(headers=["甲", "乙"])
    utc = dt.datetime(2024, 1, 1, 20, tzinfo=dt.UTC)
    content = written(
        layout,
        [
            ["=1+1", "+cmd|' /C calc'!A0"],
            ["@SUM(A1)", "-2+3"],
            ["00012", "http://example.test/"],
            [440301198001010013, 123456789012.0],
            [12, Decimal("12.5")],
            [True, None],
            [utc, dt.date(2024, 2, 29)],
            [dt.date(1890, 1, 1), float("nan")],
            ["长" * 40_000, dt.time(9, 30)],
        ],
    )
    sheet_xml = zipfile.ZipFile(io.BytesIO(content)).read("xl/worksheets/sheet1.xml")
    assert b"<f>" not in sheet_xml
    assert b"hyperlink" not in sheet_xml
    got = [row.cells for row in read_sheet(content).rows]
    assert got[0] == ("=1+1", "+cmd|' /C calc'!A0")
    assert got[1] == ("@SUM(A1)", "-2+3")
    assert got[2] == ("00012", "http://example.test/")
    assert got[3] == ("440301198001010013", "123456789012")
    assert got[4] == (12.0, 12.5)
    assert got[5] == ("是", "")
    assert got[6] == (dt.datetime(2024, 1, 2, 4), dt.date(2024, 2, 29))
    assert got[7] == ("1890-01-01", "")
    assert got[8] == ("长" * 32_767, dt.time(9, 30))


def test_error_report_can_be_corrected_and_imported_again():
    sheet = read_sheet(two_row_sheet())
    layout = Layout.of(sheet)
    rejected = [(row, ["受理时间：不对", "电话：不对"]) for row in sheet.rows if row.cells[0] == "002"]
    out = io.BytesIO()
    assert error_report(layout, rejected, out) == 1
    again = read_sheet(out.getvalue(), wanted=["编号", "受理时间"])
    assert again.headers == [*layout.headers, "问题"]
    (row,) = again.rows
    assert row.cells == ("002", "乙", "12", "2024-13-1", "原第 5 行：受理时间：不对；电话：不对")
    out = io.BytesIO()
    error_report(Layout.of(again), [(row, ["还是不对"])], out)
    third = read_sheet(out.getvalue())
    assert third.headers == again.headers
    assert next(third.rows).cells[-1] == "原第 4 行：还是不对"


def test_more_rows_than_a_worksheet_holds(monkeypatch):
    monkeypatch.setattr(layouts, "MAX_ROWS", 3)
    with pytest.raises(SheetError, match="写不下"):
        written(Layout(headers=["甲"]), [["1"], ["2"], ["3"]])
    assert export(Layout(headers=["甲"]), [["1"], ["2"]], io.BytesIO()) == 2


def test_odd_sheet_names_are_made_valid():
    assert read_sheet(
        written(Layout(headers=["甲", "乙"], sheet_name="a/b[c]" + "长" * 40), [["1", "2"]])
    ).name == ("a_b_c_" + "长" * 25)
