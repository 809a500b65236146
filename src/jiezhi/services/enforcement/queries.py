"""读：敬告的改正率、转立案，罚款的执行率。

`cases` 都由调用者从 `casework.queries.visible` 取并筛好（业务模板、时间、单位），这里不再放宽。
"""

from __future__ import annotations

from dataclasses import dataclass

from django.db.models import QuerySet

from jiezhi.base.casework.models import Case
from jiezhi.services.discretion.queries import DECIDED

SETTLED = frozenset({"pay", "deposit", "executed"})


@dataclass(frozen=True, slots=True)
class Cautions:
    """敬告：几件作出敬告、几件复查过、几件改正、几件转立案。"""

    cautioned: int
    rechecked: int
    corrected: int
    filed: int

    @property
    def rate(self) -> float | None:
        """改正率：复查过的里面改正的；还没有复查过的为 None。"""
        return self.corrected / self.rechecked if self.rechecked else None


def cautions(cases: QuerySet[Case]) -> Cautions:
    """数敬告件。"""
    rows = list(cases.filter(matter="enforcement.caution").values_list("done", "fields"))
    return Cautions(
        cautioned=sum("caution" in done for done, _ in rows),
        rechecked=sum("recheck" in done for done, _ in rows),
        corrected=sum("recheck" in done and fields.get("outcome") == "已改正" for done, fields in rows),
        filed=sum("turn_to_case" in done for done, _ in rows),
    )


@dataclass(frozen=True, slots=True)
class Execution:
    """罚款的执行：几件有罚款、几件已经执行，金额（分）。"""

    fined: int
    settled: int
    amount: int
    settled_amount: int

    @property
    def rate(self) -> float | None:
        """按件的执行率；没有罚款为 None。"""
        return self.settled / self.fined if self.fined else None


def execution(cases: QuerySet[Case]) -> Execution:
    """数作出罚款决定（没有撤销）的件：缴清、缴付银行、法院执行完毕的算已经执行。"""
    fines = [
        (set(done), fields["fine"])
        for done, fields in cases.values_list("done", "fields")
        if DECIDED & set(done) and fields.get("fine")
    ]
    settled = [fine for done, fine in fines if done & SETTLED]
    return Execution(len(fines), len(settled), sum(fine for _, fine in fines), sum(settled))
