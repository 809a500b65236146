"""其余的名字和写法：字段、通知、导入、自动办理的时机。子件在 children.py，编号在 numbering.py。"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from jiezhi.core.calendar import parse_duration
from jiezhi.core.procedure.actions import ActionDecl, ServiceDecl
from jiezhi.core.procedure.fields import FieldDecl, FieldType
from jiezhi.core.procedure.matter import ElsewhereDecl, HostDecl, ImportLayout
from jiezhi.core.procedure.verifier import children
from jiezhi.core.procedure.verifier.assigned import PLACEHOLDER
from jiezhi.core.procedure.verifier.catalogue import Catalogue
from jiezhi.core.procedure.verifier.clocks import DATES
from jiezhi.core.procedure.verifier.expressions import field_known
from jiezhi.core.procedure.verifier.report import Place, Report
from jiezhi.core.procedure.verifier.states import known_meaning

_LEFTOVER = re.compile(r"\$\{?[A-Za-z_]")
_TRIGGER = re.compile(
    r"^(?:(open)|(entered|date)\.(\w+)|clock\.(\w+)\.expires|(child|children)\.(\w+)\.closed"
    r"|parent\.(\w+))$"
)
# 可以有几个（many）的类型。
MANY = frozenset({FieldType.UNIT, FieldType.OFFICER, FieldType.PARTY, FieldType.AREA})
_NOTICE_WORDS = frozenset({"number", "title", "state", "due"})


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
        named = getattr(matter, key)
        if named is not None and field_known(report, named, (key,)) and matter.fields[named].many:
            report.add(
                "field.many", (key,), f"{key} 只能用一个值的字段，{report.field(named)}可以有几个；请改换"
            )
    if _secret(report, matter.summary):
        say = (
            f"件名用了敏感字段{report.field(str(matter.summary))}，列表和通知里人人看得见；"
            "请换一个不敏感的字段做 summary"
        )
        report.add("field.sensitive", ("summary",), say)
    for name, action in matter.actions.items():
        _collects(report, catalogue, name, action)
        _triggers(report, name, action)
        for i, notice in enumerate(action.notify):
            said: Place = ("actions", name, "notify", i)
            _receiver(report, catalogue, said, notice.to)
            _words(report, (*said, "text"), notice.to, notice.text)
            if notice.merged is not None:  # 听的是别的件的来件人
                _words(report, (*said, "merged"), "followers", notice.merged)
        for slot, child in action.open.items():
            children.check(report, catalogue, ("actions", name, "open", slot), child)
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
    if decl.secret and decl.public:
        what = "是敏感的" if decl.sensitive else "有敏感的列"
        report.add("field.sensitive", at, f"字段“{title}”{what}，不能给公众看；请删去 public")
    if decl.many and decl.type not in MANY:
        say = f"字段“{title}”这种类型不能有几个（many）；只有单位、人员、当事人、区域可以，别的请用表格字段"
        report.add("field.many", (*at, "many"), say)
    if decl.many and decl.default is not None:
        report.add("field.many", (*at, "default"), f"字段“{title}”可以有几个，不能写缺省值；请删去 default")
    for name, column in decl.columns.items():
        _field(report, catalogue, (*at, "columns", name), column)
        if column.many:
            say = f"表格的列“{column.title}”每行只能有一个值；请删去 many，多个就写多行"
            report.add("field.many", (*at, "columns", name, "many"), say)


def _secret(report: Report, name: str | None) -> bool:
    """`name` 是不是要保密的字段；没有这个字段的另外报。"""
    decl = report.definition.matter.fields.get(name or "")
    return decl is not None and decl.secret


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
    for i, field in enumerate(action.blank):
        if field + "?" not in action.collect:
            say = f"动作{report.action(name)}的 blank 里有“{field}”，它不是这一步的选填字段；请改正"
            report.add("field.blank", ("actions", name, "blank", i), say)
    if action.service:
        _service(report, name, action, action.service)
    for key in ("fill", "set"):
        for field in getattr(action, key):
            if field not in matter.fields:
                report.unknown("field", "字段", field, matter.fields, ("actions", name, key, field))
    for field, fact in action.fill.items():
        if catalogue.facts is not None and fact not in catalogue.facts:
            report.unknown("fact", "登记的事实", fact, catalogue.facts, ("actions", name, "fill", field))
    for field, value in action.set.items():
        decl = matter.fields.get(field)
        if decl and decl.many and value is not None:
            say = f"{report.field(field)}可以有几个，不能在 set 里定值；请改为采集"
            report.add("field.many", ("actions", name, "set", field), say)
        if decl and decl.choices and value is not None and value not in decl.choices:
            say = (
                f"动作{report.action(name)}给{report.field(field)}定的值“{value}”不在选项里；"
                f"请改成{'、'.join(decl.choices)}之一"
            )
            report.add("field.choice", ("actions", name, "set", field), say)


def _service(report: Report, name: str, action: ActionDecl, service: ServiceDecl) -> None:
    """送达给谁、视为送达日：类型要对，这一步必填，不然会沿用上一个当事人的。"""
    for key, types, noun in (
        ("to", {FieldType.PARTY}, "当事人"),
        ("deemed", {FieldType.DATE}, "日期"),
    ):
        field, at = getattr(service, key), ("actions", name, "service", key)
        decl = report.definition.matter.fields.get(field)
        if decl is None:
            report.unknown("field", "字段", field, report.definition.matter.fields, at)
        elif decl.type not in types or decl.many:
            say = f"动作{report.action(name)}的 service.{key} 要用单个的{noun}字段，{report.field(field)}不是"
            report.add("service.field", at, say)
        elif field not in action.required():
            say = f"动作{report.action(name)}送达却不必填{report.field(field)}，会沿用上一次的；请列为必填"
            report.add("service.field", at, say)
    if not action.serves:
        say = f"动作{report.action(name)}写了 service 却没有写 serves（送达的是哪个含义的文书）；请补上"
        report.add("service.field", ("actions", name, "service"), say)


def _triggers(report: Report, name: str, action: ActionDecl) -> None:
    matter = report.definition.matter
    slots = [slot for other in matter.actions.values() for slot in other.open]
    for i, trigger in enumerate(action.on):
        at: Place = ("actions", name, "on", i)
        found = _TRIGGER.match(trigger)
        if not found:
            say = (
                f"时机“{trigger}”写法不对；可写 open、entered.环节、clock.时限.expires、"
                "child.子件.closed、children.子件.closed、parent.含义、date.字段"
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
        elif found[7]:
            known_meaning(report, found[7], at)


def _receiver(report: Report, catalogue: Catalogue, at: Place, to: str) -> None:
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


def _words(report: Report, at: Place, to: str, text: str) -> None:
    """通知文字里的占位。"""
    matter = report.definition.matter
    for word in PLACEHOLDER.findall(text):
        if word.startswith("field."):
            if field_known(report, word, at) and matter.fields[word[6:]].secret and to != "reporter":
                say = (
                    f"通知里写了敏感字段{report.field(word[6:])}，只能发给来件人本人；请删去，或改发 reporter"
                )
                report.add("field.sensitive", at, say)
        elif word == "title" and _secret(report, matter.summary) and to != "reporter":
            say = "通知里写了 {title}，而件名是敏感字段，只能发给来件人本人；请删去，或换一个件名字段"
            report.add("field.sensitive", at, say)
        elif word == "code":
            if to != "reporter" or matter.reported_by is None:
                say = (
                    "查询码 {code} 只给来件人本人：to 要写 reporter，业务模板要写 reported_by；请改正，或删去"
                )
                report.add("notice.code", at, say)
        elif word not in _NOTICE_WORDS:
            report.unknown("placeholder", "通知占位", word, [*_NOTICE_WORDS, "code", "field.x"], at)


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


def _imports(report: Report) -> None:
    matter = report.definition.matter
    if isinstance(matter.host, HostDecl):
        for name, layout in matter.host.layouts.items():
            _layout(report, ("host", "import", name), layout)
    known: dict[str, str] = {}
    for field, one in matter.elsewhere.items():
        _elsewhere(report, field, one)
        for name, layout in one.layouts.items():
            at: Place = ("elsewhere", field, "import", name)
            if known.setdefault(name, field) != field or (
                isinstance(matter.host, HostDecl) and name in matter.host.layouts
            ):
                report.add("import.twice", at, f"来表代号“{name}”用了两次；请改一个")
            _layout(report, at, layout, field)


def _elsewhere(report: Report, field: str, one: ElsewhereDecl) -> None:
    """记上级平台编号的字段和登记它的动作。"""
    matter = report.definition.matter
    at: Place = ("elsewhere", field)
    if one.system == matter.host_system:
        report.add(
            "elsewhere.host", (*at, "system"), f"“{one.system}”就是主办系统，件号就是它的编号；请去掉这一段"
        )
    if not field_known(report, field, at):
        return
    decl = matter.fields[field]
    if decl.type is not FieldType.TEXT or decl.secret or not decl.indexed:
        say = f"{report.field(field)}记上级平台的编号，要是可以筛选（indexed）、不敏感的文字"
        report.add("elsewhere.field", at, say)
    action = matter.actions.get(one.enter)
    if action is None:
        report.unknown("action", "动作", one.enter, matter.actions, (*at, "enter"))
    elif field not in action.collected() or "import" not in action.by:
        say = f"{report.action(one.enter)}要采集{report.field(field)}，by 里要有 import，导入才能回填；请补上"
        report.add("elsewhere.enter", (*at, "enter"), say)


def _layout(report: Report, layout_at: Place, layout: ImportLayout, number: str = "") -> None:
    """一种来表：依次办理的动作办得了、填得全。`number` 是记对方编号的字段（本平台主办的才有），由导入填。"""
    matter = report.definition.matter
    opened: set[str] = set()
    for i, act in enumerate(layout.acts):
        at: Place = (*layout_at, "acts", i)
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
        given |= {number} if number and i == 0 else set()
        for field in sorted(given):
            if field not in action.collected() and field not in action.fill:
                say = (
                    f"来表“{layout.title}”填了{report.field(field)},"
                    f"动作{report.action(act.action)}却不采集它；请改正"
                )
                report.add("import.field", (*at, "fields", field), say)
        opened = given if i == 0 else opened
        if act.again and (i == 0 or not action.commutes or given - opened):
            say = (
                f"来表“{layout.title}”里跟着对方走的{report.action(act.action)}要与别人的办理互不影响（commutes），"
                "不能是开件动作，它填的列开件时也要填；请改正"
            )
            report.add("import.again", at, say)
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
