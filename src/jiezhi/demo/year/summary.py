"""小结：这一年各种业务几件、各种结果几件，超期、退回、重办、合并、更正……各几件；都从库里数。"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime

from django.db.models import Count, F, Q

from jiezhi.base.casework import matters
from jiezhi.base.casework.models import Case, Clock, Event, MatterVersion
from jiezhi.core.procedure.definition import Definition

ENDED = {
    "done": "办结",
    "transferred": "移送、转办",
    "void": "撤销、不再办",
    "withdrawn": "撤回",
    "merged": "并入",
}

# 情形 → 哪些法律含义（means）或动作算。写成 业务.动作 的是动作，否则是含义。
SITUATIONS: dict[str, tuple[str, ...]] = {
    "退回重派": ("return",), "上报、移送区级": ("escalate",), "核查、回访、评价不满意重办": ("rework",), "重新办理": ("reopen",), "合并": ("merge",),
    "更正": ("correct",), "撤回": ("withdraw",), "催办、督办": ("urge", "supervise"), "领导包案": ("lead",), "亮牌": ("card",),
    "表扬": ("praise",), "批准延期": ("extend",), "退回热线、告知去处": ("refer",), "听证": ("hear",), "终止、撤回听证": ("drop_hearing", "withdraw_hearing"),
    "放弃申辩、听证": ("waive_defence", "waive_hearing"), "陈述申辩": ("defend",), "法制审核": ("review",), "集体讨论": ("discuss",),
    "回避": ("recuse",), "中止调查": ("suspend",), "退回补充调查": ("redo",), "偏离裁量基准": ("approve_departure",), "不予处罚": ("decide_not",),
    "先行登记保存": ("hold",), "到期应当解除": ("must_release",), "责令改正": ("order_correction",), "加处罚款": ("surcharge",), "分期缴款": ("instalment",),
    "分期逾期": ("instalment_overdue",), "催告": ("demand",), "申请法院执行": ("apply_court",), "移送公安": ("transfer_police",),
    "复议诉讼": ("dispute",), "复议维持": ("upheld",), "复议撤销": ("enforcement.penalty.overturned",), "变更决定": ("amend",),
    "确认违法": ("confirmed_unlawful",), "撤销": ("revoke",), "一次性告知补正": ("supplement",), "不予受理": ("refuse_accept",), "不予许可、不予办理": ("deny",),
    "视为受理": ("service.*.deem_accepted",), "扣除期间": ("exclude",), "公开说明超期理由": ("explain_late",), "告知承诺": ("pledge",),
    "承诺不实": ("false_pledge",), "主动发现": ("service.*.discover",), "紧急先行救助": ("urgent_help",), "动态核查停发": ("stop_relief",),
    "证件延续": ("renew",), "视为准予延续": ("service.licence.reissue",), "注销": ("cancel_licence",), "公开": ("publish",),
    "不公开": ("withhold_publication",), "期满撤下": ("take_down",), "撤回公示": ("withdraw_publication",), "年审": ("yearly_review",),
    "暂扣证件": ("suspend_certificate",), "设备报废": ("scrap",), "移交退回": ("reject_evidence",), "当场处罚": ("spot_decide",),
    "当场收缴": ("pay_on_spot",), "转普通程序": ("to_ordinary", "turn_to_case"),
}  # fmt: skip


@dataclass
class Summary:
    """数出来的。`kinds` 业务 → 件数，`results` 结果 → 件数，`situations` 情形 → 件数，`ways` 送达方式 → 次数。"""

    kinds: dict[str, int] = field(default_factory=dict)
    results: Counter[str] = field(default_factory=Counter)
    situations: Counter[str] = field(default_factory=Counter)
    ways: Counter[str] = field(default_factory=Counter)
    overdue: int = 0
    events: int = 0
    cases: int = 0

    def lines(self) -> Iterator[str]:
        """给人看的几行。"""
        yield f"共 {self.cases} 件（含随之开立的），办理记录 {self.events} 条，超期过的 {self.overdue} 件。"
        yield "业务：" + "，".join(f"{title} {count}" for title, count in self.kinds.items())
        yield "结果：" + "，".join(f"{title} {count}" for title, count in self.results.most_common())
        yield "情形：" + "，".join(f"{title} {self.situations[title]}" for title in SITUATIONS)
        yield "送达：" + "，".join(f"{title} {count}" for title, count in self.ways.most_common())


def summarise(now: datetime) -> Summary:
    """照 `now` 数一遍。"""
    found = Summary()
    current = {
        row.matter: matters.definition_of(row) for row in MatterVersion.objects.filter(is_current=True)
    }
    counts = Case.objects.values_list("matter", "state").annotate(n=Count("pk")).order_by("matter", "state")
    for name, state, count in counts:
        matter = current[name].matter
        found.kinds[matter.title] = found.kinds.get(matter.title, 0) + count
        decl = matter.states[state]
        found.results[ENDED.get(decl.ended or "", "办结") if decl.terminal else "办理中"] += count
        found.cases += count
    for title, marks in SITUATIONS.items():
        found.situations[title] = _having(current, marks)
    for way in Case.objects.filter(matter="enforcement.penalty").values_list("fields__inform_way", flat=True):
        found.ways[way or ""] += 1
    del found.ways[""]
    found.overdue = _overdue(current, now)
    found.events = Event.objects.count()
    return found


def _having(current: dict[str, Definition], marks: tuple[str, ...]) -> int:
    """办过这些动作的有几件。"""
    wanted = Q(pk=None)
    for name, definition in current.items():
        actions = [
            action for action, decl in definition.matter.actions.items()
            if any(_fits(mark, name, action, tuple(decl.means)) for mark in marks)
        ]  # fmt: skip
        if actions:
            wanted |= Q(case__matter=name, action__in=actions)
    return Event.objects.filter(wanted).values("case").distinct().count()


def _fits(mark: str, matter: str, action: str, means: tuple[str, ...]) -> bool:
    if "." not in mark:
        return mark in means
    family, _, name = mark.rpartition(".")
    return name == action and (matter == family or matter.startswith(family.removesuffix("*")))


def _overdue(current: dict[str, Definition], now: datetime) -> int:
    """约束本单位的时限，过了期才停、或者现在还没停的有几件。"""
    binding = Q(pk=None)
    for name, definition in current.items():
        names = [
            clock
            for clock, decl in definition.matter.clocks.items()
            if not decl.protects and not decl.whose and not _waits(definition, clock)
        ]
        binding |= Q(case__matter=name, name__in=names)
    late = Q(ended_at__gt=F("due_at")) | Q(ended_at=None, status="running", due_at__lte=now)
    return Clock.objects.filter(binding & late).values("case").distinct().count()


def _waits(definition: Definition, clock: str) -> bool:
    """等它届满才往下走的、约束当事人的，不是本单位的超期。"""
    if clock == "pay" or definition.matter.clocks[clock].before:
        return True
    text = [str(part) for decl in definition.matter.actions.values() for part in (*decl.on, *decl.needs)]
    return any(
        f"clock.{clock}.{word}" in one for one in text for word in ("expires", "expired", "not_running")
    )
