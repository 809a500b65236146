"""整条导入路：10 万行热线工单表（每百行有一行有问题），读表、对列、开件、逐行报告。用法：python bench/import_rows.py [行数]"""

from __future__ import annotations

import sys
import tempfile
import time
from pathlib import Path

from common import demo_street

demo_street()

import xlsxwriter  # noqa: E402

from jiezhi.base.accounts.models import Officer  # noqa: E402
from jiezhi.base.casework.models import Case  # noqa: E402
from jiezhi.connect.excel import actions  # noqa: E402
from jiezhi.demo.street import build_street  # noqa: E402


def write(path: Path, rows: int) -> None:
    """造一张表；每百行一行日期不对，或编号与前一行相同。"""
    plan = build_street()
    book = xlsxwriter.Workbook(str(path), {"constant_memory": True})
    sheet = book.add_worksheet("工单")
    heads = [
        "工单编号",
        "来电时间",
        "标题",
        "诉求内容",
        "地址",
        "经度",
        "纬度",
        "来电人",
        "联系电话",
        "诉求类别",
    ]
    sheet.write_row(0, 0, heads)
    for i in range(rows):
        report, building = plan.reports[i % len(plan.reports)], plan.buildings[i % len(plan.buildings)]
        number = f"RX{i - 1 if i % 200 == 150 else i:09}"
        when = "不知道" if i % 200 == 50 else f"2026-{i % 9 + 1:02}-{i % 27 + 1:02} 09:{i % 60:02}:00"
        sheet.write_row(
            i + 1,
            0,
            [
                number, when, report.text[:30], report.text, building.address, building.lon, building.lat,
                report.reporter, f"139{i:08}", f"{report.category}/{report.subcategory}",
            ],
        )  # fmt: skip
    book.close()


def main() -> None:
    rows = int(sys.argv[1]) if len(sys.argv) > 1 else 100_000
    path = Path(tempfile.mkdtemp(prefix="jiezhi-bench-")) / "工单.xlsx"
    write(path, rows)
    clerk = next(
        one for one in build_street().officers if any(post.post == "hotline_clerk" for post in one.postings)
    )
    start = time.perf_counter()
    run = actions.start_import("hotline.order", path, acting_officer=Officer.objects.get(login=clerk.login))
    report = actions.run_import(run)
    seconds = time.perf_counter() - start
    print(report)
    for text, number in report.kinds:
        print(f"  {number:,} 行：{text}")
    print(f"{rows:,} 行用 {seconds:.0f} 秒，每秒 {rows / seconds:,.0f} 行；库里 {Case.objects.count():,} 件")


main()
