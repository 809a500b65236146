"""其余的名字和写法：字段、子件、通知、编号、导入、自动办理的时机。"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from jiezhi.core.calendar import parse_duration
from jiezhi.core.procedure.abstract import always_written
from jiezhi.core.procedure.actions import ActionDecl, ChildDecl
from jiezhi.core.procedure.fields import FieldDecl, FieldType
from jiezhi.core.procedure.verifier.assigned import PLACEHOLDER
from jiezhi.core.procedure.verifier.catalogue import Catalogue
from jiezhi.core.procedure.verifier.clocks import DATES
from jiezhi.core.procedure.verifier.expressions import field_known
from jiezhi.core.procedure.verifier.report import Place, Report

_LEFTOVER = re.compile(r"\$\{?[A-Za-z_]")
_TRIGGER = re.compile(
    r"^(?:(open)|(entered|date)\.(\w+)|clock\.(\w+)\.expires|(child|children)\.(\w+)\.closed)$"
)
_NOTICE_WORDS = frozenset({"number", "title", "state", "due"})
_SEQUENCE_WORDS = frozenset({"year", "n", "unit"})


def check(report: Report, catalogue: Catalogue) -> None:
    """查字段、动作里的其余名字。"""
    matter = report.definition.matter
    for at in _leftovers(
        matter.model_dump(mode="json", by_alias=True, exclude_defaults=True, exclude={"use"})
    ):
        report.add("trait.leftover", at, "这里还有没有填上的 $ 参数；请在引用通用做法时给出，或检查参数名")
    for name, decl in matter.fields.items():
        _field(report, catalogue, ("fields", name), decl)
    for key in ("summary", "located_by", "reported_by"):
        if getattr(matter, key) is not None:
            field_known(report, getattr(matter, key), (key,))
    for name, action in matter.actions.items():
        _collects(report, catalogue, name, action)
        _triggers(report, name, action)
        _numbers(report, name, action)
        for i, notice in enumerate(action.notify):
            _notice(report, catalogue, ("actions", name, "notify", i), notice.to, notice.text)
        for slot, child in action.open.items():
            _child(report, catalogue, ("actions", name, "open", slot), child)
        for key, known, noun in (
            ("then", catalogue.consequences, "登记的随之发生"),
            ("tag", catalogue.tags, "标签"),
            ("untag", catalogue.tags, "标签"),
        ):
            for i, word in enumerate(getattr(action, key)):
                if known is not None and word not in known:
                    report.unknown(
                        "consequence" if key == "then" else "tag",
                        noun,
                        word,
                        known,
                        ("actions", name, key, i),
                    )
        if action.commutes:
            _commutes(report, name, action)
        ended = any(matter.states[source].terminal for source in action.from_ if source in matter.states)
        if ended and any(trigger.startswith("clock.") for trigger in action.on):
            say = f"动作{report.action(name)}等办结环节里的时限，可办结时时限都停了，不会触发；请改时机"
            report.add("auto.after_end", ("actions", name, "on"), say, severity="warn")
    _sequences(report)
    _unique(report)
    _imports(report)


def _leftovers(value: Any, at: Place = ()) -> Iterator[Place]:
    if isinstance(value, dict):
        for key, item in value.items():
            if _LEFTOVER.search(str(key)):
                yield (*at, key)
            yield from _leftovers(item, (*at, key))
    elif isinstance(value, list):
        for i, item in enumerate(value):
            yield from _leftovers(item, (*at, i))
    elif isinstance(value, str) and _LEFTOVER.search(value):
        yield at


def _field(report: Report, catalogue: Catalogue, at: Place, decl: FieldDecl) -> None:
    title = decl.title
    needed = {FieldType.CHOICE: "choices", FieldType.ROWS: "columns", FieldType.CODE: "list"}.get(decl.type)
    if needed and not getattr(decl, needed):
        what = {"choices": "选项 choices", "columns": "各列 columns", "list": "代码表 list"}[needed]
        report.add("field.shape", at, f"字段“{title}”要写{what}")
    if decl.list and catalogue.lists is not None and decl.list not in catalogue.lists:
        report.unknown("list", "代码表", decl.list, catalogue.lists, (*at, "list"))
    if decl.min is not None and decl.max is not None and decl.min > decl.max:
        report.add("field.shape", at, f"字段“{title}”的 min 大于 max；请对调或改正")
    if decl.sensitive and decl.public:
        report.add("field.sensitive", at, f"字段“{title}”是敏感的，不能给公众看；请删去 public")
    for name, column in decl.columns.items():
        _field(report, catalogue, (*at, "columns", name), column)


def _collects(report: Report, catalogue: Catalogue, name: str, action: ActionDecl) -> None:
    matter = report.definition.matter
    for i, raw in enumerate(action.collect):
        field = raw.removesuffix("?")
        at: Place = ("actions", name, "collect", i)
        if field not in matter.fields:
            report.unknown("field", "字段", field, matter.fields, at)
        elif action.collect.count(field) + action.collect.count(field + "?") > 1:
            report.add(
                "field.twice",
                at,
                f"动作{report.action(name)}把{report.field(field)}既列必填又列选填；请留一个",
            )
        if field in action.set:
            say = f"动作{report.action(name)}既采集{report.field(field)}又给它定值；请留一个"
            report.add("field.twice", ("actions", name, "set", field), say)
    for key in ("fill", "set"):
        for field in getattr(action, key):
            if field not in matter.fields:
                report.unknown("field", "字段", field, matter.fields, ("actions", name, key, field))
    for field, fact in action.fill.items():
        if catalogue.facts is not None and fact not in catalogue.facts:
            report.unknown("fact", "登记的事实", fact, catalogue.facts, ("actions", name, "fill", field))
    for field, value in action.set.items():
        decl = matter.fields.get(field)
        if decl and decl.choices and value is not None and value not in decl.choices:
            say = (
                f"动作{report.action(name)}给{report.field(field)}定的值“{value}”不在选项里；"
                f"请改成{'、'.join(decl.choices)}之一"
            )
            report.add("field.choice", ("actions", name, "set", field), say)


def _triggers(report: Report, name: str, action: ActionDecl) -> None:
    matter = report.definition.matter
    slots = [slot for other in matter.actions.values() for slot in other.open]
    for i, trigger in enumerate(action.on):
        at: Place = ("actions", name, "on", i)
        found = _TRIGGER.match(trigger)
        if not found:
            say = (
                f"时机“{trigger}”写法不对；可写 open、entered.环节、clock.时限.expires、"
                "child.子件.closed、children.子件.closed、date.字段"
            )
            report.add("auto.trigger", at, say)
            continue
        if found[2] == "entered" and found[3] not in matter.states:
            report.unknown("state", "环节", found[3], matter.states, at)
        elif found[2] == "entered" and found[3] not in report.definition.sources(action):
            say = f"动作{report.action(name)}等进入{report.state(found[3])},from 里却没有它；请补上"
            report.add("auto.trigger", at, say)
        elif found[2] == "date":
            if field_known(report, found[3], at) and matter.fields[found[3]].type not in DATES:
                report.add("auto.trigger", at, f"时机“{trigger}”要用日期字段，{report.field(found[3])}不是")
        elif found[4] and found[4] not in matter.clocks:
            report.unknown("clock", "时限", found[4], matter.clocks, at)
        elif found[6] and found[6] not in slots:
            report.unknown("child", "子件", found[6], slots, at)


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
        words = [word.partition(":")[0] for word in PLACEHOLDER.findall(sequence.format)]
        if "n" not in words:
            report.add("sequence.number", at, f"编号“{sequence.title}”的格式里没有 {{n}}，号会重复；请加上")
        allowed = _SEQUENCE_WORDS | set(sequence.per)
        for word in words:
            if word not in allowed:
                report.unknown("placeholder", "编号占位", word, allowed, at)
        if sequence.reset == "year" and "year" not in words:
            say = (
                f"编号“{sequence.title}”每年从头编，格式里却没有 {{year}}，不同年份会重号；请加上，"
                "或写 reset: never"
            )
            report.add("sequence.year", at, say)


def _notice(report: Report, catalogue: Catalogue, at: Place, to: str, text: str) -> None:
    matter = report.definition.matter
    kind, _, rest = to.partition(".")
    if kind == "role" and rest:
        if rest not in matter.roles:
            report.unknown("role", "角色", rest, matter.roles, (*at, "to"))
    elif kind in ("post", "unit") and rest:
        known = catalogue.posts if kind == "post" else catalogue.unit_posts
        if known is not None and rest not in known:
            report.unknown("post", "岗位", rest, known, (*at, "to"))
    elif to not in ("reporter", "followers", "unit"):
        report.unknown(
            "who",
            "收件人写法",
            to,
            ["reporter", "followers", "unit", "role.x", "post.x", "unit.x"],
            (*at, "to"),
        )
    for word in PLACEHOLDER.findall(text):
        if word.startswith("field."):
            if (
                field_known(report, word, (*at, "text"))
                and matter.fields[word[6:]].sensitive
                and to != "reporter"
            ):
                say = (
                    f"通知里写了敏感字段{report.field(word[6:])}，只能发给来件人本人；请删去，或改发 reporter"
                )
                report.add("field.sensitive", (*at, "text"), say)
        elif word not in _NOTICE_WORDS:
            report.unknown("placeholder", "通知占位", word, [*_NOTICE_WORDS, "field.x"], (*at, "text"))


def _child(report: Report, catalogue: Catalogue, at: Place, child: ChildDecl) -> None:
    matter = report.definition.matter
    info = None
    if catalogue.matters is not None:
        info = catalogue.matters.get(child.matter)
        if info is None:
            report.unknown("matter", "业务模板", child.matter, catalogue.matters, (*at, "matter"))
        elif child.action is not None and child.action not in info.opening:
            report.unknown("action", "开件动作", child.action, info.opening, (*at, "action"))
        elif child.action is None and len(info.opening) > 1:
            say = (
                f"子件“{child.title}”的业务模板有几个开件动作；"
                f"请用 action 写明用哪个（{'、'.join(sorted(info.opening))}）"
            )
            report.add("child.action", at, say)
    kind, _, source = (child.for_each or "").partition(".")
    rows = None
    if child.for_each is not None:
        if kind == "tag" and source:
            if catalogue.tags is not None and source not in catalogue.tags:
                report.unknown("tag", "标签", source, catalogue.tags, (*at, "for_each"))
        elif kind in ("rows", "field") and source:
            if field_known(report, source, (*at, "for_each")) and kind == "rows":
                rows = matter.fields[source]
                if rows.type is not FieldType.ROWS:
                    say = (
                        f"按 {child.for_each} 开立子件，可{report.field(source)}不是表格字段；"
                        f"请改写 field.{source}"
                    )
                    report.add("child.rows", (*at, "for_each"), say)
        else:
            say = f"子件“{child.title}”的 for_each 写法不对；可写 rows.字段、field.字段、tag.标签"
            report.add("child.for_each", (*at, "for_each"), say)
    for target, value in child.copy_fields.items():
        place: Place = (*at, "copy", target)
        if info is not None and target not in info.fields:
            report.unknown("field", f"子件“{child.title}”的字段", target, info.fields, place)
        sensitive = False
        if value.startswith("field."):
            sensitive = field_known(report, value, place) and matter.fields[value[6:]].sensitive
        elif value.startswith("row.") and rows is not None:
            column = rows.columns.get(value[4:])
            if column is None:
                report.unknown("column", "列", value[4:], rows.columns, place)
            else:
                sensitive = column.sensitive or rows.sensitive
        elif value.startswith("row."):
            say = f"子件“{child.title}”抄了 {value}，可 for_each 不是表格的各行；请改写 field.字段"
            report.add("child.rows", place, say)
        if sensitive and info is not None and target in info.fields and target not in info.sensitive:
            say = (
                f"敏感内容 {value} 抄到了子件“{child.title}”的普通字段 {target};"
                "请把那个字段也标为 sensitive，或不抄"
            )
            report.add("field.sensitive", place, say)


def _commutes(report: Report, name: str, action: ActionDecl) -> None:
    matter = report.definition.matter
    behind = {decl.field for decl in matter.predicates.values()} | set(report.definition.rests_on)
    touched = sorted(behind & set(action.written()))
    if action.to or action.clears or action.assign or touched:
        why = (
            "改变环节" if action.to else "作废含义" if action.clears else "指定人员" if action.assign else ""
        )
        why = why or f"改动判断所看的{report.field(touched[0])}"
        say = f"动作{report.action(name)}会{why}，不能写 commutes（不核对版本）；请删去 commutes"
        report.add("commutes.changes", ("actions", name, "commutes"), say)


def _unique(report: Report) -> None:
    matter = report.definition.matter
    for i, field in enumerate(matter.unique_open):
        if not field_known(report, field, ("unique_open", i)):
            continue
        for name, action in matter.actions.items():
            if action.opens_case and (
                field not in always_written(action) or action.set.get(field, 0) is None
            ):
                say = (
                    f"开件动作{report.action(name)}没有必填{report.field(field)}，查不了同时只能一件；"
                    "请列为必填"
                )
                report.add("unique.unassigned", ("actions", name, "collect"), say)


def _imports(report: Report) -> None:
    matter = report.definition.matter
    if matter.host == "here":
        return
    for layout_name, layout in matter.host.layouts.items():
        for i, act in enumerate(layout.acts):
            at: Place = ("host", "import", layout_name, "acts", i)
            action = matter.actions.get(act.action)
            if action is None:
                report.unknown("action", "动作", act.action, matter.actions, (*at, "action"))
                continue
            if i == 0 and not action.opens_case:
                report.add(
                    "import.opening",
                    at,
                    f"来表“{layout.title}”的第一个动作要是开件动作，{report.action(act.action)}不是",
                )
            if "import" not in action.by:
                say = (
                    f"来表“{layout.title}”要办理{report.action(act.action)}，它的 by 里没有 import,"
                    "导入会被拒绝；请补上"
                )
                report.add("import.by", at, say)
            given = {written.partition(".")[0] for written in act.fields}  # spot.address 填的是 spot 的一部分
            for field in sorted(given):
                if field not in action.collected() and field not in action.fill:
                    say = (
                        f"来表“{layout.title}”填了{report.field(field)},"
                        f"动作{report.action(act.action)}却不采集它；请改正"
                    )
                    report.add("import.field", (*at, "fields", field), say)
            for field in action.required():
                decl = matter.fields.get(field)
                known = field in given or field in action.fill
                if not known and (decl is None or decl.default is None):
                    say = (
                        f"来表“{layout.title}”没有给出{report.action(act.action)}必填的"
                        f"{report.field(field)}，这一行导不进去；请补上"
                    )
                    report.add("import.missing", at, say)


def check_params(report: Report) -> None:
    """参数的缺省值要在界限内。"""
    for name, param in report.definition.matter.params.items():
        at: Place = ("params", name)
        values = [value for value in (param.min, param.default, param.max) if value is not None]
        if all(isinstance(value, int) for value in values):
            if values != sorted(values):
                report.add("param.bounds", at, f"参数“{param.title}”的缺省值不在 min 和 max 之间；请改正")
            continue
        try:
            spans = [parse_duration(str(value)) for value in values]
        except ValueError:
            continue  # 文字参数没有大小
        amounts = [(getattr(span, "unit", None), getattr(span, "amount", 0)) for span in spans]
        if len({unit for unit, _ in amounts}) == 1 and amounts != sorted(amounts, key=lambda item: item[1]):
            report.add("param.bounds", at, f"参数“{param.title}”的缺省值不在 min 和 max 之间；请改正")
