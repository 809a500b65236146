"""Excel 与 CSV：读进来、对上列、取出值、按原样写出去。"""

from jiezhi.connect.excel.cells import Cell
from jiezhi.connect.excel.columns import Column, ColumnMap, Converted, Matching, convert, match
from jiezhi.connect.excel.errors import SheetError, ValueProblem
from jiezhi.connect.excel.layouts import Layout, error_report, export
from jiezhi.connect.excel.reader import Row, Sheet, read_sheet

__all__ = [
    "Cell",
    "Column",
    "ColumnMap",
    "Converted",
    "Layout",
    "Matching",
    "Row",
    "Sheet",
    "SheetError",
    "ValueProblem",
    "convert",
    "error_report",
    "export",
    "match",
    "read_sheet",
]
