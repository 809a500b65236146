"""公开审查登记的东西：随之发生（公布、撤回、撤下）、办理条件、预填的事实。业务模板 publishing.review 按名引用。"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date, datetime
from typing import Any

from django.conf import settings

from jiezhi.base.casework import matters, outbox
from jiezhi.base.casework.extensions import Context, extensions
from jiezhi.base.casework.models import Case, Delivery, Event
from jiezhi.base.publishing import actions
from jiezhi.core.procedure.values import MAX_TEXT
from jiezhi.core.prose.redaction import leaks, minor_on, redact, subjects

KIND = "publication"
# 上级件的承办人、做过这些的人，不得审查自己的决定公不公开。
HANDLERS = frozenset({"handler"})
HANDLED = frozenset({"investigate", "report", "inform", "discuss", "decide", "decide_not", "spot_decide"})
ENDED = frozenset({"withdraw_publication", "take_down"})
Payload = Iterable[tuple[str, dict[str, Any]]]


def register() -> None:
    """登记；应用装好时调用一次。"""
    extensions.consequence("publishing.publish", "公布", _publish)
    extensions.consequence("publishing.withdraw", "撤回公示", _withdraw)
    extensions.consequence("publishing.take_down", "撤下公示", _take_down)
    extensions.condition("publishing.outsider", "没有承办、决定过原案", _outsider)
    extensions.condition("publishing.clean", "内容已经去标识", _clean)
    extensions.condition("publishing.no_minor", "当事人都是成年人", _no_minor)
    extensions.fact("publishing.party", "去标识的当事人", _party)
    extensions.fact("publishing.title", "去标识的题名", _title)
    extensions.fact("publishing.text", "去标识的内容", _text)
    outbox.handler(KIND, _deliver)


# ---- 随之发生：办理时冻结内容，提交后写进公示 ----


def _publish(context: Context) -> Payload:
    fields, view = context.values, context.view
    assert view is not None
    display = [clock.due_at for clock in view.clocks if clock.name == "display" and clock.live]
    content = {
        "category": fields["category"],
        "number": fields["decision_number"],
        "title": fields["public_title"],
        "party": fields.get("public_party", ""),
        "organ": fields.get("organ") or settings.OFFICE_NAME,
        "text": fields["public_text"],
        "decided_on": fields["decided_on"],
        "expires_at": max(display).isoformat(),
    }
    return [(KIND, {"do": "publish", "content": content})]


def _withdraw(context: Context) -> Payload:
    return [(KIND, {"do": "withdraw", "reason": context.values["withdraw_reason"]})]


def _take_down(context: Context) -> Payload:
    return [(KIND, {"do": "take_down"})]


def _deliver(row: Delivery, now: datetime) -> str:
    case = row.case
    assert case is not None
    match row.payload["do"]:
        case "publish":
            # 公布还没有做成就撤回了的，不能再公布出去。
            if ENDED & set(case.done):
                return "已经撤回或撤下，不再公布"
            actions.publish(case, row.payload["content"], now=now)
            return "已公布"
        case "withdraw":
            done = actions.withdraw(case, row.payload["reason"], now=now)
        case _:
            done = actions.take_down(case, now=now)
    return "已撤下" if done else "本来就不在公示"


# ---- 条件 ----


def _outsider(context: Context, officer: str) -> bool:
    """这个人没有承办、决定过上级件；没有上级件的成立。"""
    parent = _parent(context)
    if parent is None:
        return True
    if any(officer in people for role, people in parent.roles.items() if role in HANDLERS):
        return False
    declared = matters.definition_of(parent.version).matter.actions
    steps = [name for name, one in declared.items() if HANDLED & set(one.means)]
    return not Event.objects.filter(case=parent, action__in=steps, officer=int(officer)).exists()


def _parent(context: Context) -> Case | None:
    loaded = context.work.loaded.get(context.view.uid) if context.view else None
    if loaded is None or loaded.row.parent_id is None:
        return None
    return Case.objects.select_related("version").get(pk=loaded.row.parent_id)


def _clean(context: Context, **texts: Any) -> bool:
    """这些文字里没有当事人的姓名、号码、住址，也没有像号码、门牌的。"""
    people = _people(context.values)
    return all(not leaks(str(text or ""), people) for text in texts.values())


def _no_minor(context: Context) -> bool:
    day = context.values.get("decided_on")
    return not day or not minor_on(_people(context.values), date.fromisoformat(day))


# ---- 预填：写过的只再去一遍标识，没有写过的由决定的内容拼成 ----


def _people(values: Mapping[str, Any]) -> list[dict[str, str]]:
    return [one for name in ("parties", "others") for one in values.get(name) or [] if isinstance(one, dict)]


def _party(context: Context) -> str:
    fields = context.fields
    if fields.get("public_party"):
        return redact(str(fields["public_party"]), _people(fields))[:200]
    parties = [one for one in fields.get("parties") or [] if isinstance(one, dict)]
    return "、".join(dict.fromkeys(one.shown for one in subjects(parties) if one.shown))[:200]


def _title(context: Context) -> str:
    fields = context.fields
    return redact(str(fields.get("public_title") or fields.get("subject") or ""), _people(fields))[:200]


def _text(context: Context) -> str:
    """违法事实、依据、处罚内容各一段。"""
    values = context.fields
    parts = [("违法事实", "facts"), ("依据", "legal_basis"), ("决定内容", "outcome")]
    text = values.get("public_text") or "\n".join(
        f"{title}：{values[name]}" for title, name in parts if values.get(name)
    )
    return redact(text, _people(values))[:MAX_TEXT]
