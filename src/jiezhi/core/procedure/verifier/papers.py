"""文书：动作提到的要声明，模板里的名字要有，每条走法都采集了的才能直接用，给当事人的不引没核对的条文。"""

from __future__ import annotations

import re
from collections.abc import Iterator

from jiezhi.core.procedure.definition import Definition
from jiezhi.core.procedure.fields import FieldType
from jiezhi.core.procedure.matter import DocumentDecl
from jiezhi.core.procedure.papers import NAMESPACES, PARTY_PARTS, PLAIN, Mention, read
from jiezhi.core.procedure.verifier.expressions import field_known
from jiezhi.core.procedure.verifier.report import Place, Report

ARTICLE = re.compile(r"第\s*[0-9０-９一二三四五六七八九十百零]+\s*条")
_MANY_WORDS = "、".join(sorted([*NAMESPACES, *PLAIN]))


def check(report: Report) -> None:
    """查 documents 和动作的 document。"""
    matter = report.definition.matter
    used = {item.form for item in matter.materials.values() if item.form}  # 空白表由办事指南制作
    for name, action in matter.actions.items():
        for i, document in enumerate(action.document):
            used.add(document)
            if document not in matter.documents:
                report.unknown(
                    "document", "文书", document, matter.documents, ("actions", name, "document", i)
                )
    for name, decl in matter.documents.items():
        at: Place = ("documents", name)
        if name not in used:
            say = f"文书“{decl.title}”没有动作制作它；请在动作上写 document，或删去"
            report.add("document.unused", at, say, severity="warn")
        _named(report, at, decl)
        _template(report, at, decl)


def _named(report: Report, at: Place, decl: DocumentDecl) -> None:
    matter = report.definition.matter
    if decl.number and field_known(report, decl.number, (*at, "number")):
        issued = {target for action in matter.actions.values() for target in action.number}
        if decl.number not in issued:
            say = (
                f"文书“{decl.title}”的文号取自{report.field(decl.number)}，可没有动作给它取号；"
                "请在动作上写 number，或先声明编号"
            )
            report.add("document.number", (*at, "number"), say)
    known = decl.to is not None and field_known(report, decl.to, (*at, "to"))
    if known and matter.fields[str(decl.to)].type is not FieldType.PARTY:
        say = f"文书“{decl.title}”要写给当事人，{report.field(str(decl.to))}不是当事人字段"
        report.add("document.to", (*at, "to"), say)


def _template(report: Report, at: Place, decl: DocumentDecl) -> None:
    definition = report.definition
    where: Place = (*at, "file" if decl.file else "text")
    found = read(decl.text)
    title = f"文书“{decl.title}”"
    for say, line in found.faults:
        report.add("document.template", where, f"{title}的模板第 {line} 行{say}")
    for mention in found.mentions:
        say = _wrong(definition, decl, mention)
        if say:
            report.add("document.name", where, f"{title}的模板第 {mention.line} 行{say}")
    for source, column, line in found.columns:
        field = definition.matter.fields.get(source)
        if field and field.type is FieldType.ROWS and column not in field.columns:
            known = "、".join(field.columns)
            say = f"{title}的模板第 {line} 行：{report.field(source)}没有“{column}”这一列；有{known}"
            report.add("document.name", where, say)
    for reference, line in found.cites:
        citation = definition.citation(reference)
        if citation is None:
            say = f"{title}的模板第 {line} 行引用的依据 {reference} 不在法律名录里；请核对代号和条号"
            report.add("basis.unknown", where, say)
        elif decl.to and citation.status in ("待核", "推导"):
            say = (
                f"{title}是给当事人的，模板第 {line} 行引用的 {reference} 是“{citation.status}”；"
                "给当事人的文书只能引用核对过的条文，请先核对原文，或删去"
            )
            report.add("document.cite", where, say)
    for words, line in found.words:
        for article in ARTICLE.findall(words):
            line_at = line + words[: words.index(article)].count("\n")
            say = (
                f"{title}的模板第 {line_at} 行直接写了“{article}”；请改成 cite('法律代号.条号')，"
                "法律修改后才知道要改哪里"
            )
            report.add("document.article", where, say, severity="warn")


def _wrong(definition: Definition, decl: DocumentDecl, mention: Mention) -> str:
    """一个名字哪里不对；对则空。"""
    matter, name, part = definition.matter, mention.name, mention.part
    field = matter.fields.get(name)
    if field is not None:
        if part and field.type is FieldType.PARTY and part not in PARTY_PARTS:
            return f"“{field.title}”没有 {part}；当事人有 {'、'.join(sorted(PARTY_PARTS))}"
        if part and field.type not in (FieldType.PARTY, FieldType.FACTORS):
            return f"“{field.title}”不能再取 {part}；直接写 {name}"
        return ""
    if name in PLAIN:
        if name == "number" and not decl.number:
            return "用了文号 number，可这份文书没有写 number（文号所在的字段）"
        if name == "handlers" and "handler" not in matter.roles:
            return "用了 handlers，可业务模板没有 handler（承办人）这个角色"
        return "" if not part else f"{name} 后面不能再取 {part}"
    if name not in NAMESPACES:
        return f"用了没有的名字“{name}”；能用的有字段名和 {_MANY_WORDS}"
    known = (
        {
            "done": frozenset(definition.means) | {m for a in matter.actions.values() for m in a.means},
            "due": frozenset(matter.clocks),
            "roles": frozenset(matter.roles),
        }.get(name)
        or NAMESPACES[name]
        or frozenset()
    )
    if part not in known:
        return f"没有 {name}.{part}；{name} 后面可以写 {'、'.join(sorted(known)) or '（还没有）'}"
    if name == "due" and mention.sure:
        return f"时限 {part} 那时不一定在走；请用 if due.{part} 包着，或写 due.{part} or '…'"
    return ""


def uses(definition: Definition, name: str) -> Iterator[tuple[str, Place, str]]:
    """动作制作的文书一定要有的字段和角色：（名字、位置、作什么用）。"""
    matter = definition.matter
    for i, document in enumerate(matter.actions[name].document):
        decl = matter.documents.get(document)
        if decl is None:
            continue
        wanted = [decl.number, decl.to]
        for mention in read(decl.text).mentions:
            if mention.sure and mention.name in matter.fields:
                wanted.append(mention.name)
        for used in dict.fromkeys(wanted):
            if used in matter.fields:
                yield used, ("actions", name, "document", i), f"文书“{decl.title}”"
