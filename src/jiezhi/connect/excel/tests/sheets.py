"""测试用：热线工单、问政留言的来表，和导入一遍。"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from jiezhi.base.casework.testing import Office
from jiezhi.connect.excel import actions
from jiezhi.connect.excel.models import ImportRun
from jiezhi.connect.excel.queries import ImportReport

NOW = datetime(2026, 8, 10, 1, 0, tzinfo=UTC)


HEAD = [
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
    "备注",
]


REPLIED = ["留言编号", "留言用户", "留言主题", "留言时间", "留言详情", "答复意见", "答复时间"]


def order(number: Any = "GZ001", **changes: Any) -> list[Any]:
    """热线工单表的一行。"""
    row = {
        "工单编号": number,
        "来电时间": "2026-08-03 09:30:00",
        "标题": "路灯不亮",
        "诉求内容": "楼下路灯三天不亮",
        "地址": "云桥大道12号",
        "经度": "113.95",
        "纬度": "22.75",
        "来电人": "张三",
        "联系电话": "13800138000",
        "诉求类别": "市政设施",
        "备注": "",
    }
    return list({**row, **changes}.values())


def load(
    office: Office, content: bytes, matter: str = "hotline.order", **more: Any
) -> tuple[ImportRun, ImportReport]:
    """上传并导。"""
    name = more.pop("name", "工单.xlsx")
    batch = more.pop("batch", 500)
    run = actions.start_import(
        matter, content, name=name, acting_officer=more.pop("officer", office.dispatcher), now=NOW, **more
    )
    return run, actions.run_import(run, now=NOW, batch=batch)


def counts(report: ImportReport) -> tuple[int, int, int, int]:
    return report.opened, report.repeated, report.refused, report.skipped


def said(report: ImportReport) -> dict[int, str]:
    return {item.row: "|".join(item.problems) for item in report.problems}


def message(number: str = "1001", reply: str = "已派人修好,请放心。", **changes: Any) -> list[Any]:
    row = {
        "留言编号": number,
        "留言用户": "A0001",
        "留言主题": "路灯不亮",
        "留言时间": "2026/8/3 9:30:00",
        "留言详情": "楼下路灯三天不亮",
        "答复意见": reply,
        "答复时间": "2026/8/5 15:00:00" if reply else "",
    }
    return list({**row, **changes}.values())
