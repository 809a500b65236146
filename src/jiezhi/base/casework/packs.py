"""公布一整套业务模板包：校验、代入本单位调整过的参数、公布，权责清单的种子登记为草稿。"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime

from jiezhi.base.casework import checking, matters, params, powers
from jiezhi.core.procedure.definition import Definition
from jiezhi.core.procedure.errors import PackError, Problem
from jiezhi.core.procedure.packset import PackSet

_also: list[Callable[[PackSet, datetime], object]] = []


def also(publish: Callable[[PackSet, datetime], object]) -> None:
    """登记随业务模板一起公布的（如裁量基准），在业务模板之前做；只给上层的 `AppConfig.ready()` 用。"""
    if publish not in _also:
        _also.append(publish)


def publish_all(packs: PackSet, *, now: datetime) -> list[str]:
    """校验并公布一套业务模板包；有错误的不公布。返回有错误的问题的文字。

    一处文件的错误也没有，才公布裁量基准等随带的；全部没有错误，权责清单的种子才登记为草稿（登记过的不动）。
    """
    found = checking.examine(packs)
    refused = [str(one) for one in packs.problems if one.severity == "error"]
    for code_list in packs.codes.values():
        matters.publish_codes(code_list.list, code_list.title, code_list.codes)
    if not refused:
        for publish in _also:
            publish(packs, now)
    ready = _adjusted(packs, found)
    for name in packs.matters:
        errors = [one for one in found[name] if one.severity == "error"]
        refused += [str(one) for one in errors]
        if not errors and not refused:
            matters.publish(ready[name], now=now)
    if not refused:
        powers.seed(packs, now=now)
    return refused


def _adjusted(packs: PackSet, found: dict[str, list[Problem]]) -> dict[str, Definition]:
    """代入本单位调整过的参数；调整过的重新校验，问题并入 `found`。"""
    ready: dict[str, Definition] = {}
    known = checking.catalogue(packs)
    for name, loaded in packs.matters.items():
        try:
            ready[name] = params.built(loaded, packs)
        except PackError as error:
            hint = f"；本单位调整过它，请用 jiezhi param {name} 核对，再改过或改回缺省值"
            found[name] = [*found[name], *(replace(one, say=one.say + hint) for one in error.problems)]
            continue
        if ready[name] is not loaded.definition:
            found[name] = [*found[name], *checking.checker(packs, name, known)(ready[name])]
    for name, problems in checking.clashes(packs, ready).items():
        found[name] = list(dict.fromkeys([*found[name], *problems]))
    return ready
