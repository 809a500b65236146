"""参数：本单位在业务模板声明的界限内调整天数之类。

调整后整份模板重新校验，通过才公布成新的版本；正在办的件仍按各自开立时的版本走。调整存在 ParamSetting，每次的前后
和理由写进管理记录。公布业务模板包时（`built`）一并代入，所以换新的模板包不会把本单位的调整冲掉。

出错：内容不对、校验不过 → ValidationError；无权 → NotAllowed。
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import transaction

from jiezhi.base.accounts.authority import require_administrator
from jiezhi.base.accounts.models import Officer
from jiezhi.base.accounts.records import write_record
from jiezhi.base.casework import matters
from jiezhi.base.casework.checking import checker
from jiezhi.base.casework.models import MatterVersion, ParamSetting
from jiezhi.core.procedure.base import ParamDecl
from jiezhi.core.procedure.definition import Definition
from jiezhi.core.procedure.errors import PackError, Problem
from jiezhi.core.procedure.loader import load_folder
from jiezhi.core.procedure.packset import LoadedMatter, PackSet
from jiezhi.core.procedure.traits import check_value, resolve
from jiezhi.core.procedure.verifier import same_numbers

Check = Callable[[Definition], Sequence[Problem]]
"""校验一份代入参数之后的业务模板，给出全部问题；有 error 就不公布。"""

Value = str | int


@dataclass(frozen=True, slots=True)
class Param:
    """一个参数的现状，给人看的。`setting` 为空是用缺省值；`status` 是依据核对到什么程度。"""

    name: str
    decl: ParamDecl
    value: Value
    status: str
    basis: str
    setting: ParamSetting | None


# ---- 读 ----


def settings_of(matter: str) -> dict[str, ParamSetting]:
    """本单位调整过的参数：名字 → 行。"""
    return {row.name: row for row in ParamSetting.objects.filter(matter=matter).select_related("set_by")}


def overrides_of(loaded: LoadedMatter) -> dict[str, Value]:
    """本单位的取值，给 `resolve` 用。模板里已经没有的参数也照样给出，由 `resolve` 指出来。"""
    rows = settings_of(loaded.decl.matter)
    return {name: _typed(loaded.decl.params.get(name), row.value) for name, row in rows.items()}


def params_of(loaded: LoadedMatter) -> list[Param]:
    """业务模板的全部参数和现在的取值，按声明的次序。"""
    rows = settings_of(loaded.decl.matter)
    found = []
    for name, decl in loaded.decl.params.items():
        row = rows.get(name)
        citation = loaded.definition.citation(decl.basis)
        found.append(
            Param(
                name=name,
                decl=decl,
                value=_typed(decl, row.value) if row else decl.default,
                status=citation.status if citation else "",
                basis=citation.text if citation else decl.basis,
                setting=row,
            )
        )
    return found


def built(loaded: LoadedMatter, packs: PackSet, overrides: Mapping[str, Value] | None = None) -> Definition:
    """代入本单位的取值（`overrides` 不给就读库里的）编译好的业务模板。超出界限、没有这个参数 → PackError。"""
    chosen = overrides_of(loaded) if overrides is None else overrides
    if not chosen:
        return loaded.definition
    resolved = resolve(loaded.decl, chosen)
    return Definition.build(resolved, packs.statutes, tuple(packs.laws), packs.means)


# ---- 写 ----


def set_param(
    matter: str,
    name: str,
    value: Value,
    *,
    acting_officer: Officer | None,
    reason: str,
    now: datetime,
    packs: PackSet | None = None,
    check: Check | None = None,
) -> MatterVersion:
    """把参数调成 `value`（期限写法或整数），公布新版本并返回。只有系统管理员能办，必须写明理由。

    `packs` 是现用的业务模板包，不给就读设置里的文件夹；`check` 是校验的办法，不给就连登记的名字一起核对。
    早已调成这个值的，不写也不公布。
    """
    require_administrator(acting_officer, now)
    why = _reason(reason)
    packs = packs or load_folder(settings.PACKS_DIR)
    loaded = _matter(packs, matter)
    decl = loaded.decl.params.get(name)
    if decl is None:
        known = "、".join(f"{key}（{one.title}）" for key, one in loaded.decl.params.items()) or "没有参数"
        raise ValidationError({"name": f"“{loaded.decl.title}”没有参数“{name}”，它的参数：{known}"})
    wanted = _typed(decl, value.strip() if isinstance(value, str) else value)
    if wrong := check_value(decl, wanted):
        raise ValidationError({"value": f"“{decl.title}”{_bounds(decl)}：{wrong}"})
    with transaction.atomic():
        row = ParamSetting.objects.select_for_update().filter(matter=matter, name=name).first()
        before = str(row.value if row else decl.default)
        if row is not None and row.value == str(wanted):
            return matters.current_version(matter)
        definition = verified(
            loaded, packs, {**overrides_of(loaded), name: wanted}, check or checker(packs, matter)
        )
        row = row or ParamSetting(matter=matter, name=name)
        row.value, row.set_by, row.set_at, row.reason = str(wanted), acting_officer, now, why
        row.save()
        version = matters.publish(definition, now=now)
        write_record(
            "param.set",
            f"调整参数：{decl.title}"[:64],
            row,
            acting_officer=acting_officer,
            now=now,
            old={"value": before},
            new={"value": row.value, "version": version.digest},
            note=why,
        )
    return version


def reset_param(
    matter: str,
    name: str,
    *,
    acting_officer: Officer | None,
    reason: str,
    now: datetime,
    packs: PackSet | None = None,
    check: Check | None = None,
) -> MatterVersion:
    """改回模板的缺省值，公布并返回。模板里已经没有的参数也能这样去掉。其余同 `set_param`。"""
    require_administrator(acting_officer, now)
    why = _reason(reason)
    packs = packs or load_folder(settings.PACKS_DIR)
    loaded = _matter(packs, matter)
    with transaction.atomic():
        row = ParamSetting.objects.select_for_update().filter(matter=matter, name=name).first()
        if row is None:
            raise ValidationError({"name": f"参数“{name}”没有调整过，用的就是缺省值"})
        kept = {key: value for key, value in overrides_of(loaded).items() if key != name}
        definition = verified(loaded, packs, kept, check or checker(packs, matter))
        version = matters.publish(definition, now=now)
        decl = loaded.decl.params.get(name)
        write_record(
            "param.reset",
            f"参数改回缺省值：{decl.title if decl else name}"[:64],
            row,
            acting_officer=acting_officer,
            now=now,
            old={"value": row.value},
            new={"value": str(decl.default) if decl else None, "version": version.digest},
            note=why,
        )
        row.delete()
    return version


def _reason(reason: str) -> str:
    if not reason.strip():
        raise ValidationError({"reason": "请写明调整的理由和依据"})
    return reason.strip()[:300]


def _matter(packs: PackSet, matter: str) -> LoadedMatter:
    loaded = packs.matters.get(matter)
    if loaded is None:
        known = "、".join(sorted(packs.matters)) or "还没有"
        raise ValidationError({"matter": f"没有“{matter}”这个业务模板，或它有错误；现有：{known}"})
    return loaded


def _typed(decl: ParamDecl | None, value: Value) -> Value:
    """按缺省值的类型还原：整数参数存下来的是文字。写得不是整数的原样给出，由界限检查去说。"""
    if decl is not None and isinstance(decl.default, int) and isinstance(value, str):
        try:
            return int(value)
        except ValueError:
            return value
    return value


def _bounds(decl: ParamDecl) -> str:
    parts = [f"最少 {decl.min}"] if decl.min is not None else []
    parts += [f"最多 {decl.max}"] if decl.max is not None else []
    return f"（{'，'.join(parts)}）" if parts else ""


def verified(
    loaded: LoadedMatter, packs: PackSet, overrides: Mapping[str, Value], check: Check
) -> Definition:
    """代入 `overrides`、校验整份模板，连同与别的现行模板的件号重不重；有错误 → ValidationError。"""
    try:
        definition = built(loaded, packs, overrides)
    except PackError as error:
        raise ValidationError({"value": [problem.say for problem in error.problems]}) from error
    others = MatterVersion.objects.filter(is_current=True).exclude(matter=definition.id)
    current = {version.matter: matters.definition_of(version) for version in others}
    problems = [
        *check(definition),
        *same_numbers({**current, definition.id: definition}).get(definition.id, []),
    ]
    errors = [str(problem) for problem in problems if problem.is_error]
    if errors:
        raise ValidationError({"value": ["这样调整，业务模板就通不过校验：", *errors]})
    return definition
