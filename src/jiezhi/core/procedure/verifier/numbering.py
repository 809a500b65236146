"""编号和“同时只能一件”。"""

from __future__ import annotations

import re

from jiezhi.core.procedure.abstract import always_written
from jiezhi.core.procedure.actions import ActionDecl
from jiezhi.core.procedure.fields import FieldType
from jiezhi.core.procedure.matter import SequenceDecl
from jiezhi.core.procedure.verifier.assigned import PLACEHOLDER
from jiezhi.core.procedure.verifier.expressions import field_known
from jiezhi.core.procedure.verifier.report import Place, Report

# 取自字段的分号依据；matter 不用写进格式：号段本来就按业务模板分开，格式也是它自己的。
FROM_FIELDS = ("channel", "column")
_SEPARATE = ("unit", *FROM_FIELDS)
_WORDS = frozenset({"year", "n", "unit"})
_PADDED = re.compile(r"^n:0[1-9][0-9]?$")
# 可以写进编号的字段：短的、一个值的、不是个人信息的。
_NUMBERED = frozenset(
    {FieldType.TEXT, FieldType.CHOICE, FieldType.CODE, FieldType.UNIT, FieldType.AREA, FieldType.COUNT}
)
# 没有唯一写法、不能拿来认“同一件”的字段。
_NOT_UNIQUE = frozenset({FieldType.FILE, FieldType.ROWS})


def check(report: Report) -> None:
    """查编号、取号和 unique_open。"""
    for name, action in report.definition.matter.actions.items():
        _numbers(report, name, action)
    _sequences(report)
    _unique(report)


def _numbers(report: Report, name: str, action: ActionDecl) -> None:
    matter = report.definition.matter
    for target, sequence in action.number.items():
        at: Place = ("actions", name, "number", target)
        if sequence not in matter.sequences:
            report.unknown("sequence", "编号", sequence, matter.sequences, at)
        if target == "case":
            if matter.host_system:
                say = (
                    f"本业务由“{matter.host_system}”主办，沿用它的编号；"
                    f"动作{report.action(name)}不得另发 case 号，请删去"
                )
                report.add("host.number", at, say)
        elif target not in matter.fields:
            report.unknown("field", "字段", target, matter.fields, at)


def _sequences(report: Report) -> None:
    for name, sequence in report.definition.matter.sequences.items():
        at: Place = ("sequences", name, "format")
        spelled = PLACEHOLDER.findall(sequence.format)
        words = [word.partition(":")[0] for word in spelled]
        if "n" not in words:
            report.add("sequence.number", at, f"编号“{sequence.title}”的格式里没有 {{n}}，号会重复；请加上")
        allowed = _WORDS | (set(sequence.per) & set(FROM_FIELDS))
        for full, word in zip(spelled, words, strict=True):
            if word not in allowed:
                report.unknown("placeholder", "编号占位", word, allowed, at)
            elif full != word and not _PADDED.match(full):
                say = (
                    f"编号“{sequence.title}”的 {{{full}}} 写法不对；"
                    f"位数只能写在 n 上，如 {{n:05}}，请改成 {{{word}}}"
                )
                report.add("sequence.format", at, say)
        if sequence.reset == "year" and "year" not in words:
            say = (
                f"编号“{sequence.title}”每年从头编，格式里却没有 {{year}}，不同年份会重号；请加上，"
                "或写 reset: never"
            )
            report.add("sequence.year", at, say)
        for word in _SEPARATE:
            if word in sequence.per and word not in words:
                say = (
                    f"编号“{sequence.title}”按 {word} 各编各的，格式里却没有 {{{word}}}，会发出相同的号；"
                    f"请加上，或从 per 里删去"
                )
                report.add("sequence.per", at, say)
        _sources(report, name, sequence)


def _sources(report: Report, name: str, sequence: SequenceDecl) -> None:
    matter = report.definition.matter
    for word, text in sequence.sources.items():
        at: Place = ("sequences", name, "sources", word)
        if word not in FROM_FIELDS or word not in sequence.per:
            say = f"编号“{sequence.title}”的 sources 写了 {word}，per 里没有用到；只能写 per 里的 channel、column"
            report.add("sequence.source", at, say)
        if not text.startswith("field."):
            say = f"编号“{sequence.title}”的 {word} 要写成 field.字段，现在是“{text}”"
            report.add("sequence.source", at, say)
    for word in FROM_FIELDS:
        if word not in sequence.per:
            continue
        field = sequence.source(word)
        place: Place = (
            ("sequences", name, "sources", word) if word in sequence.sources else ("sequences", name)
        )
        if field not in matter.fields:
            say = (
                f"编号“{sequence.title}”按 {word} 编，可没有叫“{field}”的字段；"
                f"请声明它，或用 sources 写明取自哪个字段（{word}: field.字段）"
            )
            report.add("sequence.source", place, say)
            continue
        decl = matter.fields[field]
        if decl.type not in _NUMBERED or decl.secret or decl.many or decl.long:
            say = (
                f"编号“{sequence.title}”的 {word} 取自{report.field(field)}，它不能写进编号；"
                "请换成不敏感的选项、代码、单位或短文字字段"
            )
            report.add("sequence.source", place, say)


def _unique(report: Report) -> None:
    matter = report.definition.matter
    for i, field in enumerate(matter.unique_open):
        at: Place = ("unique_open", i)
        if not field_known(report, field, at):
            continue
        decl = matter.fields[field]
        if decl.secret:
            say = (
                f"同时只能一件不能按敏感字段{report.field(field)}认：它加密保存，比不出来，"
                "提示也会泄露别人的件；请换一个字段"
            )
            report.add("unique.sensitive", at, say)
        if decl.type in _NOT_UNIQUE or decl.many:
            what = "是表格或材料" if decl.type in _NOT_UNIQUE else "可以有几个值"
            say = f"同时只能一件不能按{report.field(field)}认：它{what}，比不出是不是同一件；请换一个字段"
            report.add("unique.kind", at, say)
        for name, action in matter.actions.items():
            if action.opens_case and (
                field not in always_written(action) or action.set.get(field, 0) is None
            ):
                say = (
                    f"开件动作{report.action(name)}没有必填{report.field(field)}，查不了同时只能一件；"
                    "请列为必填"
                )
                report.add("unique.unassigned", ("actions", name, "collect"), say)
