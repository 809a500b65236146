"""公布事项之前的检查：依据、授权、责任单位、业务模板和参数，差的一次说全。"""

from __future__ import annotations

from datetime import date, datetime

from django.core.exceptions import ValidationError

from jiezhi.base.casework import params
from jiezhi.base.casework.models import MatterVersion
from jiezhi.base.registry.models import PowerVersion
from jiezhi.base.registry.queries import powers as queries
from jiezhi.core.procedure.definition import Definition
from jiezhi.core.procedure.errors import PackError
from jiezhi.core.procedure.packset import PackSet
from jiezhi.core.procedure.powers import (
    EXERCISED,
    LASTING,
    PowerDecl,
    authorisation_line,
    basis_line,
    fits,
    suits,
)


def checked(version: PowerVersion, start: date, packs: PackSet, check: params.Check) -> Definition | None:
    """检查自 `start` 起公布这一版行不行，返回代入参数后的业务模板（没有挂的为 None）。

    出错：ValidationError，全部问题一次列出。
    """
    said = [*_intact(version, packs), *_unit(version)]
    if version.duty != "收回" and version.class_name in EXERCISED:
        said += [*_bases(version, start), *_authorisation(version, start)]
    definition, more = _template(version, packs, check)
    said += more
    if said:
        raise ValidationError([f"“{version.title}”还不能公布：", *said])
    return definition


def stale(packs: PackSet, at: datetime) -> dict[str, list[str]]:
    """`at` 那天有效的事项里，跟不上现在的法律名录和业务模板、要修订重新公布的：代码 → 为什么。

    名录里标了失效日、换了条文的，冻结在版本里的依据不会自己变；带参数的事项用的是公布时解析好的模板。
    """
    found: dict[str, list[str]] = {}
    for version in queries.all_in_force(at):
        said = outdated(version, packs)
        gone = [one for one in (version.matter, *version.also) if one and one not in packs.matters]
        said += [f"业务模板“{one}”没有了，或有错误" for one in gone]
        if said:
            found[version.power.code] = said
    return found


def outdated(version: PowerVersion, packs: PackSet) -> list[str]:
    """这一版冻结的依据、授权和代好参数的业务模板，与现在的比有什么变了：起草的文字一字不改也要重新公布。"""
    said = _catalogue(version, packs)
    loaded = packs.matters.get(version.matter)
    if loaded is not None and version.params and version.resolved:
        try:
            overrides = {**params.overrides_of(loaded), **version.params}
            fresh = params.built(loaded, packs, overrides).digest == version.resolved
        except PackError as error:
            said += [problem.say for problem in error.problems]
        else:
            said += [] if fresh else [f"业务模板“{loaded.decl.title}”换了新的，参数还代在旧的上"]
    return said


def _intact(version: PowerVersion, packs: PackSet) -> list[str]:
    said = []
    if version.content_digest() != version.digest:
        said.append("这一版的内容与起草时的摘要不符，可能被改过，请修订成新的一版")
    return said + _catalogue(version, packs)


def _catalogue(version: PowerVersion, packs: PackSet) -> list[str]:
    said = []
    for one in version.bases:
        if basis_line(packs.statutes, one["cite"]) != one:
            said.append(f"依据 {one['cite']} 与现在的法律名录不一致，请修订成新的一版")
    decl = PowerDecl.model_validate(version.source).authorisation
    if authorisation_line(decl, packs.statutes) != version.authorisation:
        said.append("授权与现在的法律名录不一致，请修订成新的一版")
    return said


def _unit(version: PowerVersion) -> list[str]:
    if version.unit is None:
        return ["没有责任单位"]
    return [] if version.unit.is_active else [f"责任单位“{version.unit}”已停用"]


def _bases(version: PowerVersion, start: date) -> list[str]:
    if queries.verified_bases(version, start):
        return []
    listed = "、".join(f"{one['cite']}（{one['status']}）" for one in version.bases)
    return [f"{version.class_name}要有一条已核对、{start:%Y-%m-%d} 有效的依据，现有：{listed}"]


def _authorisation(version: PowerVersion, start: date) -> list[str]:
    held = version.authorisation
    said = []
    if not held.get("announcement"):
        said.append(f"{version.class_name}要写明授权公告或职权目录")
    if not held.get("from") or not held.get("to"):
        said.append(f"要写明授权自哪天起、到哪天止（没有止期的写“{LASTING}”）")
    if held.get("status", "待核") != queries.VERIFIED:
        said.append(f"授权的核对状态是“{held.get('status', '待核')}”，要核对公告原文后改成“已核对”")
    if not said and not queries.authorised(version, start):
        said.append(f"{start:%Y-%m-%d} 不在授权的起止之内（{held['from']} 至 {held['to']}）")
    return said


def _template(
    version: PowerVersion, packs: PackSet, check: params.Check
) -> tuple[Definition | None, list[str]]:
    decl, said = PowerDecl.model_validate(version.source), []
    for name in version.also:
        other = packs.matters.get(name)
        told = suits(decl, other.decl, "also") if other else [("", "", _no_template(name))]
        said += [say for _, _, say in told]
    if not version.matter:
        return None, [*said, "没有挂业务模板，不能写参数"] if version.params else said
    loaded = packs.matters.get(version.matter)
    if loaded is None:
        return None, [*said, _no_template(version.matter)]
    said += [say for _, _, say in fits(decl, loaded.decl)]
    if said:
        return None, said
    try:
        overrides = params.overrides_of(loaded)
        plain = params.built(loaded, packs, overrides)
        published = MatterVersion.objects.filter(digest=plain.digest, is_current=True).exists()
        if published and not version.params:
            return plain, []  # 现行的版本公布时校验过
        return params.verified(loaded, packs, {**overrides, **version.params}, check), []
    except ValidationError as error:
        return None, list(error.messages)


def _no_template(name: str) -> str:
    return f"没有“{name}”这个业务模板，或它有错误"
