"""几个业务模板之间：件号的格式不得一样，否则两边会发出同一个号。单看一份看不出来。"""

from __future__ import annotations

import re
from collections.abc import Mapping

from jiezhi.core.procedure.definition import Definition
from jiezhi.core.procedure.errors import Problem
from jiezhi.core.procedure.verifier.report import Locate, Place

_WIDTH = re.compile(r"\{n:0\d+\}")


def same_numbers(
    definitions: Mapping[str, Definition], locate: Mapping[str, Locate] | None = None
) -> dict[str, list[Problem]]:
    """用相同格式给件编号的业务模板 → 问题（每一方各报一处，写明对方）；没有就是空的。

    `definitions` 是全部业务模板；`locate` 按代号给定位的函数。主办系统在外面的沿用对方编号，不算；序号只差位数的
    （{n:04} 和 {n:06}）早晚会撞，也算。
    """
    users: dict[str, list[tuple[str, str]]] = {}
    for matter_id, definition in definitions.items():
        for name in _issuing(definition):
            text = _WIDTH.sub("{n}", definition.matter.sequences[name].format)
            users.setdefault(text, []).append((matter_id, name))
    found: dict[str, list[Problem]] = {}
    for uses in users.values():
        for matter_id, name in uses:
            others = [one for one in uses if one != (matter_id, name)]
            if others:
                place = (locate or {}).get(matter_id)
                found.setdefault(matter_id, []).append(_problem(definitions, matter_id, name, others, place))
    return found


def _issuing(definition: Definition) -> list[str]:
    """给件编号用到的编号，不重复。"""
    matter = definition.matter
    if matter.host_system:
        return []
    names = [action.number["case"] for action in matter.actions.values() if "case" in action.number]
    return [name for name in dict.fromkeys(names) if name in matter.sequences]


def _problem(
    definitions: Mapping[str, Definition],
    matter_id: str,
    name: str,
    others: list[tuple[str, str]],
    locate: Locate | None,
) -> Problem:
    at: Place = ("sequences", name, "format")
    matter = definitions[matter_id].matter
    theirs = "、".join(
        f"“{definitions[other].matter.title}”（{other}）的“{definitions[other].matter.sequences[one].title}”"
        for other, one in others
    )
    say = (
        f"“{matter.title}”（{matter_id}）的“{matter.sequences[name].title}”与{theirs}格式相同，会发出同一个号；"
        "请改其中一个的格式，如换个字头"
    )
    file, line = locate(at) if locate else ("", 0)
    return Problem(
        "sequence.shared", "error", matter_id, file, line, 0, ("sequences", name, "format"), None, say
    )
