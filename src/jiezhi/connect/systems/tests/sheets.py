"""合成的来表。"""

from __future__ import annotations

from typing import Any

from jiezhi.connect.excel.tests import build

ORDERS = [
    "工单编号", "来电时间", "派单时间", "标题", "诉求内容", "地址", "来电人", "联系电话", "诉求类别", "热线时限", "工单状态",
    "承办单位", "答复时间", "办结时间",
]  # fmt: skip
CASES = [
    "案号", "本单位案号", "案件状态", "登记时间", "案情简介", "案件来源", "案发地址", "违法行为日", "立案日期",
    "决定日期", "决定书文号", "罚款金额", "承办单位", "结案日期",
]  # fmt: skip


def order(number: str = "GZ2026001", **changes: Any) -> dict[str, Any]:
    """热线工单表的一行。"""
    return {
        "工单编号": number,
        "来电时间": "2026-08-03 09:30:00",
        "派单时间": "2026-08-03 09:40:00",
        "标题": "路灯不亮",
        "诉求内容": "楼下路灯三天不亮",
        "地址": "云桥大道12号",
        "来电人": "张三",
        "联系电话": "13800138000",
        "诉求类别": "市政设施",
        "热线时限": "2026-08-10 18:00",
        "工单状态": "办理中",
        "承办单位": "",
        "答复时间": "",
        "办结时间": "",
    } | changes


def case(number: str = "粤云执案〔2026〕1号", **changes: Any) -> dict[str, Any]:
    """省平台案件清单的一行。"""
    return {
        "案号": number,
        "本单位案号": "",
        "案件状态": "案源登记",
        "登记时间": "2026-08-03 09:00",
        "案情简介": "沿街商铺占道堆放",
        "案件来源": "日常巡查",
        "案发地址": "",
        "违法行为日": "",
        "立案日期": "2026-08-04",
        "决定日期": "",
        "决定书文号": "",
        "罚款金额": "",
        "承办单位": "",
        "结案日期": "",
    } | changes


def table(headers: list[str], *rows: dict[str, Any]) -> bytes:
    """写成 .xlsx；列次序照 `headers`。"""
    return build.table(headers, *[[row.get(one, "") for one in headers] for row in rows])
