"""办理条件的几种写法，统一成 Need。

done.inform / not done.inform      法律含义已经（没有）做过，且未作废     校验器精确跟踪
predicate.complex / not …          命名判断                             校验器精确跟踪
field.reply                        字段已采集
materials.complete                 材料齐全：缺的逐样列出（见 checklist.py）
clock.defence.expired / .running / .not_running                          时限状态
<名字>                              conditions 里声明的条件
{…}                                就地声明的条件
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

from jiezhi.core.procedure.base import ConditionDecl
from jiezhi.core.procedure.matter import MatterDecl

COMPLETE = "materials.complete"
NeedKind = Literal["done", "predicate", "field", "clock", "condition", "materials"]
_SHORT = re.compile(
    r"^(?P<neg>not )?(?:(?P<kind>done|predicate|field)\.(?P<name>[a-z][a-z0-9_]*)"
    r"|clock\.(?P<clock>[a-z][a-z0-9_]*)\.(?P<status>expired|running|not_running))$"
)


@dataclass(frozen=True)
class Need:
    """一条办理条件。简写的说明和补法由声明里的名称拼出来，所以也总有说明和补法。"""

    kind: NeedKind
    name: str
    negated: bool
    status: str
    say: str
    remedy: str
    basis: str | None
    effect: Literal["stop", "warn"]
    decl: ConditionDecl | None = None

    @property
    def key(self) -> str:
        """稳定的标识，用于去重和日志。"""
        return f"{'not ' if self.negated else ''}{self.kind}.{self.name}{'.' + self.status if self.status else ''}"


class NeedError(ValueError):
    """条件写法不对或提到了没有声明的东西。"""


def parse_need(matter: MatterDecl, raw: str | ConditionDecl, means_titles: dict[str, str]) -> Need:
    """把一种写法变成 Need。`means_titles` 是法律含义词表。出错抛 NeedError（中文）。"""
    if isinstance(raw, ConditionDecl):
        return Need("condition", raw.title, False, "", raw.say, raw.remedy, raw.basis, raw.effect, raw)
    if raw in matter.conditions:
        decl = matter.conditions[raw]
        return Need("condition", raw, False, "", decl.say, decl.remedy, decl.basis, decl.effect, decl)
    if raw == COMPLETE:
        if not matter.materials:
            raise NeedError("办理条件“materials.complete”要先在 materials 里写材料")
        return Need("materials", "complete", False, "", "材料还不齐全", "补齐材料", None, "stop")
    found = _SHORT.match(raw)
    if not found:
        raise NeedError(f"办理条件“{raw}”没有声明，也不是 done./predicate./field./clock. 的写法")
    negated = bool(found["neg"])
    if found["clock"]:
        return _clock_need(matter, found["clock"], found["status"], negated)
    kind, name = found["kind"], found["name"]
    if kind == "done":
        title = means_titles.get(name, name)
        if negated:
            return Need(
                "done",
                name,
                True,
                "",
                f"已经“{title}”，不能再办",
                "如需重来，先退回或更正",
                None,
                "stop",
            )
        remedy = f"先{_how_done(matter, name)}"
        return Need("done", name, False, "", f"还没有“{title}”", remedy, None, "stop")
    if kind == "predicate":
        if name not in matter.predicates:
            raise NeedError(f"办理条件用到的命名判断“{name}”没有声明")
        title = matter.predicates[name].title
        field = matter.fields.get(matter.predicates[name].field)
        remedy = f"核对“{field.title if field else name}”填写是否准确"
        say = f"本件属于“{title}”，不适用" if negated else f"本件不属于“{title}”"
        return Need("predicate", name, negated, "", say, remedy, None, "stop")
    if name not in matter.fields:
        raise NeedError(f"办理条件用到的字段“{name}”没有声明")
    title = matter.fields[name].title
    say = f"“{title}”已经填写，不能再办" if negated else f"还没有“{title}”"
    return Need("field", name, negated, "", say, f"补充“{title}”", None, "stop")


def _clock_need(matter: MatterDecl, name: str, status: str, negated: bool) -> Need:
    if name not in matter.clocks:
        raise NeedError(f"办理条件用到的时限“{name}”没有声明")
    clock = matter.clocks[name]
    says = {
        "expired": (f"“{clock.title}”还没有届满", "等届满后再办"),
        "running": (f"“{clock.title}”没有在计时", "核对起算的办理是否已经做过"),
        "not_running": (f"“{clock.title}”还在计时", "等它届满或办结后再办"),
    }
    if negated:
        says = {
            "expired": (f"“{clock.title}”已经届满，不能再办", "按届满之后的规定办"),
            "running": says["not_running"],
            "not_running": says["running"],
        }
    say, remedy = says[status]
    return Need("clock", name, negated, status, say, remedy, clock.basis, "stop")


def _how_done(matter: MatterDecl, meaning: str) -> str:
    titles = [action.title for action in matter.actions.values() if meaning in action.means]
    return "办理“" + "”或“".join(titles[:3]) + "”" if titles else "有权的人办理"
