"""权责清单的写操作：起草、修订、送审、审核、公布、废止。每一步都写管理记录。

权责清单管理员起草，法制审核员审核（不得审核自己起草的），街道办负责人公布和废止；`acting_officer=None` 只用于
安装和系统自动。公布时连同业务模板、参数一起校验（powercheck），存成解析后的业务模板版本；之后开的件用它。

出错：内容不对、现在办不了 → ValidationError（中文，一次说全）；无权 → NotAllowed。
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any

import pydantic
from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import F, Q

from jiezhi.base.accounts.authority import require_active
from jiezhi.base.accounts.errors import NotAllowed
from jiezhi.base.accounts.models import Officer
from jiezhi.base.accounts.records import write_record
from jiezhi.base.casework import matters
from jiezhi.base.casework.checking import checker
from jiezhi.base.casework.params import Check
from jiezhi.base.casework.powercheck import checked, outdated
from jiezhi.base.registry import queries as registry
from jiezhi.base.registry.models import Power, PowerStatus, PowerVersion, Unit
from jiezhi.base.registry.models.areas import CODE
from jiezhi.base.registry.models.powers import OPEN, PUBLISHED
from jiezhi.base.registry.queries.powers import day_of
from jiezhi.core.procedure.explain import problems_of
from jiezhi.core.procedure.loader import load_folder
from jiezhi.core.procedure.packset import PackSet
from jiezhi.core.procedure.powers import (
    PowerDecl,
    authorisation_line,
    basis_line,
    plain,
    unknown_references,
)

KEEPER, REVIEWER, HEAD = "power_keeper", "legal_reviewer", "office_head"
Content = PowerDecl | Mapping[str, Any]
# 公布过而且有过有效的日子；还没到日子就废止的不占位置。
_EVER = Q(status__in=PUBLISHED) & (Q(valid_to=None) | Q(valid_to__gt=F("valid_from")))


def draft(
    code: str,
    content: Content,
    *,
    acting_officer: Officer | None,
    now: datetime,
    packs: PackSet | None = None,
) -> PowerVersion:
    """登记一个新事项，起草第一版。`content` 的写法同种子文件（PowerDecl）；代码用过的 → ValidationError。"""
    _require(acting_officer, KEEPER, now)
    CODE(code)
    decl = _declared(code, content)
    with transaction.atomic():
        if Power.objects.filter(code=code).exists():
            raise ValidationError({"code": f"事项“{code}”已经登记过，请用修订"})
        version = _write(Power.objects.create(code=code), 1, decl, _packs(packs), acting_officer, now)
        _record("draft", "起草事项", version, acting_officer, now, new={"digest": version.digest})
    return version


def revise(
    code: str,
    changes: Mapping[str, Any],
    *,
    acting_officer: Officer | None,
    now: datetime,
    packs: PackSet | None = None,
) -> PowerVersion:
    """修订成新的一版草稿：在最近一版上改 `changes` 里的键（None 是去掉）。名录、模板变了的，不改字也能修订。

    生效的那一版照旧生效，到新版公布为止；还是草稿的那一版作废（已改稿）。正在审核、待公布的要先退回。
    """
    _require(acting_officer, KEEPER, now)
    with transaction.atomic():
        power = _locked(code)
        last = power.versions.exclude(status=PowerStatus.DROPPED).latest("number")
        if last.status in (PowerStatus.REVIEW, PowerStatus.READY):
            raise ValidationError(f"“{last.title}”{last.get_status_display()}，先由法制审核员退回再修订")
        merged = {key: value for key, value in {**last.source, **changes}.items() if value is not None}
        decl = _declared(code, merged)
        packs = _packs(packs)
        if plain(decl) == last.source and not outdated(last, packs):
            raise ValidationError("没有改动")
        if last.status == PowerStatus.DRAFT:
            _change(last, status=PowerStatus.DROPPED)
        number = power.versions.latest("number").number + 1
        version = _write(power, number, decl, packs, acting_officer, now)
        _record(
            "revise",
            "修订事项",
            version,
            acting_officer,
            now,
            old={"number": last.number, "digest": last.digest},
            new={"number": number, "digest": version.digest, "changed": sorted(changes)},
        )
    return version


def submit(code: str, *, acting_officer: Officer | None, now: datetime) -> PowerVersion:
    """草稿送法制审核。"""
    _require(acting_officer, KEEPER, now)
    with transaction.atomic():
        version = _open(code, PowerStatus.DRAFT, to="送审")
        _change(version, status=PowerStatus.REVIEW)
        _record("submit", "事项送审", version, acting_officer, now)
    return version


def review(
    code: str, *, approve: bool, opinion: str, acting_officer: Officer | None, now: datetime
) -> PowerVersion:
    """法制审核：通过的待公布，不通过的退回草稿（待公布的也可以退回）。审核人不得是这一稿的起草人；要写意见。"""
    _require(acting_officer, REVIEWER, now)
    if not opinion.strip():
        raise ValidationError({"opinion": "请写明审核意见"})
    with transaction.atomic():
        allowed = (PowerStatus.REVIEW,) if approve else (PowerStatus.REVIEW, PowerStatus.READY)
        version = _open(code, *allowed, to="审核" if approve else "退回")
        if acting_officer is not None and acting_officer.pk in _drafters(version):
            raise NotAllowed("审核人不得是起草人，请由另一位法制审核员审核")
        _change(
            version,
            status=PowerStatus.READY if approve else PowerStatus.DRAFT,
            reviewed_by=acting_officer,
            reviewed_at=now,
            opinion=opinion.strip()[:500],
        )
        title = "事项审核通过" if approve else "事项审核退回"
        _record("review", title, version, acting_officer, now, new={"approve": approve}, note=opinion.strip())
    return version


def publish(
    code: str,
    *,
    acting_officer: Officer | None,
    now: datetime,
    start: date | None = None,
    packs: PackSet | None = None,
    check: Check | None = None,
) -> PowerVersion:
    """公布待公布的一版，自 `start`（不给就是今天，不得早于今天）起生效；原来生效的一版到那一天为止。

    依据、授权、责任单位、业务模板和参数不合要求的 → ValidationError，一次说全。`check` 是校验业务模板的办法，不给就连登记的名字一起核对。
    """
    _require(acting_officer, HEAD, now)
    today = day_of(now)
    start = start or today
    if start < today:
        raise ValidationError({"start": f"不能自 {start:%Y-%m-%d} 起生效：早于今天"})
    with transaction.atomic():
        version = _open(code, PowerStatus.READY, to="公布")
        earlier = list(version.power.versions.filter(_EVER))
        for one in earlier:
            if start < (one.valid_to or one.valid_from or start):
                last = one.valid_to or one.valid_from
                raise ValidationError(
                    {"start": f"第{one.number}版到 {last:%Y-%m-%d} 才让得出来，起始日期要不早于它"}
                )
        packs = _packs(packs)
        check = check or checker(packs, version.matter)
        definition = checked(version, start, packs, check)
        resolved = matters.keep(definition, now=now).digest if definition else ""
        for one in earlier:
            if one.status == PowerStatus.IN_FORCE:
                why = f"换版：第{version.number}版"
                _change(one, status=PowerStatus.ENDED, valid_to=start, ended_because=why)
        _change(
            version,
            status=PowerStatus.IN_FORCE,
            valid_from=start,
            resolved=resolved,
            published_by=acting_officer,
            published_at=now,
        )
        new = {"from": start.isoformat(), "digest": version.digest, "resolved": resolved}
        _record("publish", "公布事项", version, acting_officer, now, new=new)
    return version


def repeal(
    code: str, *, reason: str, acting_officer: Officer | None, now: datetime, on: date | None = None
) -> PowerVersion:
    """废止事项，自 `on`（不给就是今天，不得早于今天）起不再有效；要写理由。正在办的件不能再凭它行使权力。

    那一天之后才接续的版本一并废止；已定了更晚的废止日的，提前到 `on`。
    """
    _require(acting_officer, HEAD, now)
    today = day_of(now)
    on = on or today
    said: dict[str, str] = {}
    if not reason.strip():
        said["reason"] = "请写明废止的理由和依据"
    if on < today:
        said["on"] = f"不能自 {on:%Y-%m-%d} 起废止：早于今天"
    if said:
        raise ValidationError(said)
    with transaction.atomic():
        power = _locked(code)
        lasting = Q(valid_to=None) | Q(valid_to__gt=on)
        rows = list(power.versions.filter(_EVER, lasting).order_by("number"))
        if not rows:
            raise ValidationError(f"事项“{code}”到 {on:%Y-%m-%d} 没有生效的版本，不用废止")
        why = reason.strip()[:300]
        for version in rows:
            assert version.valid_from is not None
            ends = max(on, version.valid_from)
            _change(version, status=PowerStatus.ENDED, valid_to=ends, ended_because=why)
        new = {"to": on.isoformat(), "versions": [one.number for one in rows]}
        _record("repeal", "废止事项", version, acting_officer, now, new=new, note=why)
    return version


def seed(packs: PackSet, *, now: datetime) -> list[str]:
    """把种子里还没有登记的事项登记为草稿（系统办理）；已有的一概不动。返回新登记的代码。"""
    known = set(Power.objects.values_list("code", flat=True))
    fresh = {code: decl for code, decl in packs.powers.items() if code not in known}
    if not fresh:
        return []
    with transaction.atomic():
        rows = {one.code: one for one in Power.objects.bulk_create(Power(code=code) for code in fresh)}
        PowerVersion.objects.bulk_create(
            _made(rows[code], 1, decl, packs, None, now) for code, decl in fresh.items()
        )
        write_record(
            "power.seed",
            "登记权责清单种子",
            Power,
            acting_officer=None,
            now=now,
            new={"codes": sorted(fresh)},
        )
    return sorted(fresh)


# ---- 内部 ----


def _require(officer: Officer | None, post: str, now: datetime) -> None:
    require_active(officer)
    if officer is None or any(held == post for held, _, _ in registry.holdings(officer.pk, now)):
        return
    raise NotAllowed(f"这一步要由{registry.post_title(post)}办")


def _packs(packs: PackSet | None) -> PackSet:
    return packs or load_folder(settings.PACKS_DIR)


def _declared(code: str, content: Content) -> PowerDecl:
    if isinstance(content, PowerDecl):
        return content
    data = dict(content)
    try:
        return PowerDecl.model_validate(data, by_alias=True, by_name=False)
    except pydantic.ValidationError as error:
        problems = problems_of(error, PowerDecl, data, lambda path, key: None, pack=code, file="")
        raise ValidationError([one.say for one in problems]) from error


def _made(
    power: Power, number: int, decl: PowerDecl, packs: PackSet, officer: Officer | None, now: datetime
) -> PowerVersion:
    said = [f"依据“{reference}”不在法律名录里" for _, reference in unknown_references(decl, packs.statutes)]
    unit = Unit.objects.filter(code=decl.unit).first() if decl.unit else None
    if decl.unit and unit is None:
        said.append(f"没有代码是“{decl.unit}”的单位")
    if said:
        raise ValidationError(said)
    version = PowerVersion(
        power=power,
        number=number,
        title=decl.title,
        class_name=decl.class_,
        duty=decl.duty,
        bases=[basis_line(packs.statutes, reference) for reference in decl.basis],
        authorisation=authorisation_line(decl.authorisation, packs.statutes),
        unit=unit,
        matter=decl.matter or "",
        params=dict(decl.params),
        fee=decl.fee or "",
        note=decl.note or "",
        source=plain(decl),
        drafted_by=officer,
        drafted_at=now,
    )
    version.digest = version.content_digest()
    return version


def _write(
    power: Power, number: int, decl: PowerDecl, packs: PackSet, officer: Officer | None, now: datetime
) -> PowerVersion:
    version = _made(power, number, decl, packs, officer, now)
    version.save()
    _restate(power)
    return version


def _locked(code: str) -> Power:
    power = Power.objects.select_for_update().filter(code=code).first()
    if power is None:
        raise ValidationError({"code": f"没有登记过事项“{code}”"})
    return power


def _open(code: str, *wanted: PowerStatus, to: str) -> PowerVersion:
    """还没有公布的那一版，要在 `wanted` 的状态；锁住事项。"""
    power = _locked(code)
    version = power.versions.filter(status__in=OPEN).select_related("unit").first()
    if version is None:
        raise ValidationError(f"事项“{code}”没有可以{to}的草稿，请先修订")
    if version.status not in wanted:
        needs = "、".join(PowerStatus(one).label for one in wanted)
        now = version.get_status_display()
        raise ValidationError(f"“{version.title}”第{version.number}版现在是{now}，{needs}的才能{to}")
    version.power = power
    return version


def _change(version: PowerVersion, **values: Any) -> None:
    for name, value in values.items():
        setattr(version, name, value)
    version.save(update_fields=list(values))
    _restate(version.power)


def _restate(power: Power) -> None:
    """事项现在的状态：有生效的就是生效，否则看最后一版没有作废的。"""
    rows = list(
        power.versions.exclude(status=PowerStatus.DROPPED).order_by("number").values_list("status", flat=True)
    )
    status = PowerStatus.IN_FORCE if PowerStatus.IN_FORCE in rows else rows[-1] if rows else PowerStatus.DRAFT
    if power.status != status:
        power.status = status
        power.save(update_fields=["status"])


def _drafters(version: PowerVersion) -> set[int]:
    """这一稿经过谁的手：上一次公布之后起草、修订过的人。"""
    rows = version.power.versions
    last = rows.filter(status__in=PUBLISHED, number__lt=version.number).order_by("-number").first()
    since = rows.filter(number__gt=last.number) if last else rows.all()
    return {one for one in since.values_list("drafted_by", flat=True) if one is not None}


def _record(
    what: str,
    title: str,
    version: PowerVersion,
    officer: Officer | None,
    now: datetime,
    *,
    old: dict[str, Any] | None = None,
    new: dict[str, Any] | None = None,
    note: str = "",
) -> None:
    write_record(
        f"power.{what}", title, version, acting_officer=officer, now=now, old=old, new=new, note=note
    )
