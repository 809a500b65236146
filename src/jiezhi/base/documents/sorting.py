"""扫描件各页归到哪份文书：纯判断，不写库。每一页都有去处：归卷的，或说明缘由、等人工归的。"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from jiezhi.base.documents.models import BLANK, FILED, MADE, SIGNED, VOID, WAITING, Document

if TYPE_CHECKING:
    from jiezhi.base.documents.reading import Seen

RETRY = ("not_visible", "not_made", "other_case", "other_document")
"""换个人、过一会儿再传，可能就归得了的：再传同一份时重新判。"""
NOT_VISIBLE = "没有这份文书，或您无权查看它所在的件。请交给承办单位归卷"


@dataclass(frozen=True, slots=True)
class Verdict:
    """一页的去处。`code` 是 filed（能归）或缘由的代号；`say` 说明怎么办。"""

    page: int
    document: Document | None
    code: str
    say: str = ""


def sort_pages(
    seen: Sequence[Seen],
    documents: Mapping[str, Document],
    *,
    expected: Document | None = None,
) -> list[Verdict]:
    """`documents`：短号 → 这个人看得见的文书；`expected`：说好要归的那份。"""
    verdicts: list[Verdict] = []
    groups: dict[str, list[tuple[Seen, int | None]]] = defaultdict(list)
    for one in seen:
        verdict = _page(one, documents, expected)
        if verdict is None:
            groups[one.marks[0].short].append((one, one.marks[0].page))
        else:
            verdicts.append(verdict)
    for short, pages in groups.items():
        verdicts += _group(documents[short], pages)
    return sorted(verdicts, key=lambda one: one.page)


def _page(one: Seen, documents: Mapping[str, Document], expected: Document | None) -> Verdict | None:
    """单看一页就知道不能归的；可以归的为 None。"""
    page = one.page
    if one.blank:
        return Verdict(page, None, BLANK, "空白页，不用归")
    if not one.marks:
        say = "没有认出二维码：可能没扫到页脚、太糊或不是本平台的文书。请重扫这一页，或人工归到文书"
        return Verdict(page, None, "no_code", say)
    genuine = [mark for mark in one.marks if mark.genuine]
    if not genuine:
        say = "二维码的核验码不对，不是本机关发出的文书（可能是伪造或改动过）。请核对原件，不要签收"
        return Verdict(page, None, "forged", say)
    if len({mark.short for mark in one.marks}) > 1:
        say = "这一页上有几个不同的文书二维码，可能两张叠着扫了。请分开重扫，或人工归到文书"
        return Verdict(page, None, "several", say)
    document = documents.get(genuine[0].short)
    if document is None:
        return Verdict(page, None, "not_visible", NOT_VISIBLE)
    if expected is not None and document.pk != expected.pk:
        where = "这件的" if document.case_id == expected.case_id else f"另一件 {document.case.number} 的"
        code = "other_document" if document.case_id == expected.case_id else "other_case"
        say = f"这一页是{where}{document}第{document.version}版，不是{expected}。请核对；确要归到那份的，从那份归卷"
        return Verdict(page, document, code, say)
    if document.erased:
        return Verdict(page, document, "erased", f"{document}已依法清除，签回件不再归卷。请交档案员处理")
    if document.state == VOID:
        say = f"这一页是{document}已作废的第 {document.version} 版（{document.note or '已作废'}）。请在现行的一版上签字后重扫"
        return Verdict(page, document, "voided", say)
    if document.state == WAITING:
        say = f"{document}还没有制作完，不该已经印出来。请稍后再试，或人工归卷"
        return Verdict(page, document, "not_made", say)
    if document.state == SIGNED:
        say = f"{document}已签回归卷。没有变化的不用再传；确要补的，人工归到这份文书"
        return Verdict(page, document, "already", say)
    assert document.state == MADE
    return None


def _group(document: Document, pages: Sequence[tuple[Seen, int | None]]) -> list[Verdict]:
    """同一份文书的几页：去掉重复的，再看页数对不对。"""
    verdicts: list[Verdict] = []
    kept: list[tuple[Seen, int | None]] = []
    for one, number in pages:
        twin = next((old for old, n in kept if old.print == one.print or (number and n == number)), None)
        if twin is not None:
            which = f"第 {number} 页" if number else "同一页"
            say = f"与扫描件第 {twin.page} 页重复（都是{document}的{which}）。请核对是不是漏扫了别的页；重复的不归"
            verdicts.append(Verdict(one.page, document, "repeated", say))
        else:
            kept.append((one, number))
    wrong = _count(document, kept)
    for one, _ in kept:
        verdicts.append(Verdict(one.page, document, wrong[0] if wrong else FILED, wrong[1] if wrong else ""))
    return verdicts


def _count(document: Document, kept: Sequence[tuple[Seen, int | None]]) -> tuple[str, str] | None:
    if document.pages is None or len(kept) == document.pages:
        return None
    if len(kept) > document.pages:
        say = f"{document}应有 {document.pages} 页，扫到 {len(kept)} 页，可能同一页扫了两次。请核对后人工归卷"
        return "too_many", say
    numbers = {number for _, number in kept if number}
    lacking = (
        [str(n) for n in range(1, document.pages + 1) if n not in numbers]
        if len(numbers) == len(kept)
        else []
    )
    which = f"，缺第 {'、'.join(lacking)} 页" if lacking else ""
    say = f"{document}应有 {document.pages} 页，只扫到 {len(kept)} 页{which}。请补齐后整份重扫；原件就是这样的，人工归卷并说明"
    return "too_few", say
