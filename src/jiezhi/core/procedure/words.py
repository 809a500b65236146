"""声明里各个键的中文说法：报错和编辑器提示都用它，叫法只有一处。"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

# 各部分里一个条目叫什么。
SECTIONS: dict[str, str] = {
    "roles": "角色",
    "fields": "字段",
    "params": "参数",
    "predicates": "命名判断",
    "meanings": "法律含义",
    "conditions": "办理条件",
    "clocks": "时限",
    "sequences": "编号",
    "measures": "用时",
    "documents": "文书",
    "materials": "材料",
    "guide": "办事指南",
    "states": "环节",
    "actions": "办理动作",
    "statutes": "法律",
    "rules": "法律规则",
    "codes": "代码",
    "arguments": "参数",
    "powers": "事项",
}

KEYS: dict[str, str] = {
    **SECTIONS,
    "matter": "业务模板代号",
    "trait": "通用做法代号",
    "law": "法律规则集的名称",
    "means": "法律含义",
    "list": "代码表",
    "title": "名称",
    "covers": "对应的系统编号",
    "class": "事项类别",
    "trade": "一件叫什么",
    "host": "主办系统",
    "use": "引用的通用做法",
    "help": "说明",
    "summary": "作件名的字段",
    "located_by": "作地点的字段",
    "reported_by": "作来件人的字段",
    "unique_open": "同时只能有一件未办结的字段",
    "from": "从哪里起",
    "to": "到哪里",
    "by": "谁能做",
    "on": "自动办理的时机",
    "every": "每隔多久",
    "collect": "要采集的字段",
    "needs": "办理条件",
    "clears": "作废的法律含义",
    "basis": "依据",
    "say": "缺什么的说明",
    "remedy": "怎样补",
    "effect": "拦住还是提醒",
    "cel": "表达式",
    "when": "判断",
    "state": "环节",
    "type": "类型",
    "limit": "期限",
    "at_least": "至少提前多久",
    "before": "倒数的基准",
    "binds": "约束的法律含义",
    "until": "停止的时机",
    "each": "每次延长多久",
    "times": "次数",
    "extension": "延长",
    "excludes": "不计入的时间",
    "guards": "保护期内不得做的",
    "warn": "临期提醒",
    "format": "编号格式",
    "default": "缺省值",
    "office": "不由来件人填",
    "online": "可以网上登记",
    "merged": "对并入的来件人说的话",
    "min": "下限",
    "max": "上限",
    "field": "字段",
    "rests_on": "依据的字段",
    "terminal": "是不是办结",
    "ended": "怎样结束",
    "name": "名称",
    "version": "版本",
    "in_force": "施行日",
    "status": "核对状态",
    "text": "内容",
    "applies_to": "适用的事项类别",
    "kind": "种类",
    "articles": "条文",
    "choices": "选项",
    "columns": "列",
    "unit": "单位",
    "open": "随之开立的子件",
    "clock": "时限",
    "amount": "延长多久",
    "notify": "通知",
    "assign": "指定",
    "number": "取号",
    "document": "文书",
    "deemed": "法律拟制",
    "distinct_from": "不得是同一人",
    "personal": "只属于本人",
    "of": "子件种类",
    "witness": "试算值",
    "met": "成立的试算值",
    "unmet": "不成立的试算值",
    "system": "外部系统名称",
    "import": "来表格式",
    "acts": "依次办理的动作",
    "action": "办理动作",
    "duty": "职责类别",
    "authorisation": "授权",
    "announcement": "授权公告",
    "article": "直接授权的条文",
    "fee": "收费",
    "also": "另外可用的业务模板",
    "note": "备注",
    "audience": "谁可以办",
    "actual": "实际用时",
    "ways": "怎样办",
    "result": "办成了给什么",
    "notes": "注意",
    "remedies": "救济",
    "original": "原件份数",
    "copies": "份数",
    "shared": "从哪里共享得到",
    "promise": "可以承诺代替",
    "form": "空白表",
    "elsewhere": "还要录到的上级平台",
    "enter": "登记编号的动作",
    "only": "写着什么才开件",
    "again": "跟着对方走",
    "matters": "业务模板",
    "sheets": "清单",
    "authority": "主管部门",
    "owner": "谁负责对账",
    "period": "多久对一次账",
    "pattern": "编号的写法",
    "like": "例子",
    "unlike": "反例",
    "dated": "按哪个日期算哪一期",
    "compare": "比什么",
    "here": "对应的环节",
    "leads": "随之办理的动作",
    "update": "照对方更正的动作",
    "sheet": "抄录单",
    "mark": "抄完办的动作",
    "units": "对方叫法 → 单位",
}


def gloss(key: object) -> str:
    """`basis` → `basis（依据）`;没有中文说法的原样。"""
    text = str(key)
    return f"{text}（{KEYS[text]}）" if text in KEYS else text


def place_name(data: Any, path: tuple[str | int, ...]) -> str:
    """路径所在条目给人看的叫法，如 `办理动作“派单”`;不在任何条目里时为空。"""
    label, current = "", data
    for position, part in enumerate(path):
        current = _step(current, part)
        before = path[position - 1] if position else None
        if isinstance(before, str) and before in SECTIONS and isinstance(part, str) and position in (1, 3):
            title = current.get("title") or current.get("name") if isinstance(current, Mapping) else None
            label += f"{SECTIONS[before]}“{title if isinstance(title, str) and title else part}”"
            break
    return label


def _step(value: Any, part: str | int) -> Any:
    if isinstance(value, Mapping):
        return value.get(part)
    if isinstance(value, list) and isinstance(part, int) and part < len(value):
        return value[part]
    return None
