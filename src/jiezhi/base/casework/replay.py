"""重放：由办理记录从头算出件的样子，与库里的行逐列对照。对不上，就是数据被改过或程序有错。"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from django.db.models import QuerySet

from jiezhi.base.casework import bundles
from jiezhi.base.casework.bundles import Bundle, Content, Shared, Unreadable
from jiezhi.base.casework.comparison import Difference, compare
from jiezhi.base.casework.models import Case
from jiezhi.core.procedure.fold import apply
from jiezhi.core.procedure.view import CaseView

__all__ = [
    "CaseResult",
    "Difference",
    "ReplayFailed",
    "compare_bundle",
    "differences",
    "replay",
    "replay_many",
]

LOST = "（内容不见了）"
Progress = Callable[[int, int], None]
"""每批之后调用：（做了几件，共几件）。"""


class ReplayFailed(ValueError):
    """办理记录本身读不懂或缺了，重放不出；文字说明是哪一条。"""


def replay(case: Case) -> CaseView:
    """由库里的办理记录和解密的内容重算一件的样子；依法清除的值为 `fold.ERASED`。

    不看件的行（除了它是哪一件）。办理记录读不懂、没有办理记录 → ReplayFailed。
    """
    found = bundles.load(Case.objects.filter(pk=case.pk))
    if not found:
        raise ReplayFailed("库里没有这一件")
    return replay_bundle(found[0])


def replay_bundle(bundle: Bundle) -> CaseView:
    """同 `replay`，用已经读出的。"""
    view: CaseView | None = None
    for event in bundle.events:
        content = bundle.contents.get(event.pk)
        try:
            body = bundle.body(event)
            view = apply(view, body, _values(body, content))
        except Exception as error:  # 被改过的正文可以是任何样子
            raise ReplayFailed(f"第{event.seq}号办理记录读不懂，从这里起无法重算") from error
    if view is None:
        raise ReplayFailed("没有一条办理记录")
    return view


def _values(body: dict[str, Any], content: Content | None) -> dict[str, Any]:
    """一条办理记录各栏的值；依法清除的不给（由 `apply` 记为已清除），不该缺而缺的写明不见了。"""
    values = content.values() if content else {}
    erased = content.erased if content else {}
    for name in body["inputs"]:
        if name not in values and name not in erased:
            values[name] = LOST
    return values


def differences(case: Case, shared: Shared | None = None) -> list[Difference]:
    """库里的一件与重放结果的全部不同之处；没有不同为空。"""
    found = bundles.load(Case.objects.filter(pk=case.pk))
    if not found:
        return [Difference("", None, None, "库里没有这一件")]
    return compare_bundle(found[0], shared or Shared())


def compare_bundle(bundle: Bundle, shared: Shared) -> list[Difference]:
    """同 `differences`，用已经读出的。"""
    try:
        view = replay_bundle(bundle)
    except ReplayFailed as error:
        return [Difference("events", None, None, str(error))]
    try:
        return compare(bundle, view, shared)
    except Exception as error:  # 被改过的正文、列可以是任何样子；对照不下去也要说出来
        say = f"件或办理记录里有写法不对的内容（{type(error).__name__}），无法逐列对照"
        return [Difference("events", None, None, say)]


@dataclass(frozen=True, slots=True)
class CaseResult:
    """一件重放的结果。"""

    uid: str
    number: str
    differences: tuple[Difference, ...]


def replay_many(
    cases: QuerySet[Case], progress: Progress | None = None, *, chunk: int = bundles.CHUNK
) -> Iterator[CaseResult]:
    """逐件重放对照，只给出有不同的。`progress（做了几件，共几件）` 每批调用一次。"""
    shared, total = Shared(), cases.count()
    for done, item in enumerate(bundles.stream(cases, chunk), 1):
        if isinstance(item, Unreadable):
            say = "件的某一列被改成了读不出的样子"
            yield CaseResult("", item.number, (Difference("", None, None, say),))
        elif found := compare_bundle(item, shared):
            yield CaseResult(item.uid, item.row.number, tuple(found))
        if progress and (done % chunk == 0 or done == total):
            progress(done, total)
