"""校验业务模板，连服务登记的名字、岗位、代码表也核对：公布业务模板、调参数、公布事项都用它。"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial

from jiezhi.base.accounts.posts import STANDARD_POSTS
from jiezhi.base.casework.extensions import extensions
from jiezhi.core.procedure.definition import Definition
from jiezhi.core.procedure.errors import Problem
from jiezhi.core.procedure.packset import PackSet
from jiezhi.core.procedure.verifier import same_numbers, verify
from jiezhi.core.procedure.verifier.catalogue import Catalogue, MatterInfo


def catalogue(packs: PackSet) -> Catalogue:
    """业务模板可以引用的外面的名字：标准岗位，各应用登记的，`packs` 里别的业务模板和代码表。"""
    posts = frozenset(STANDARD_POSTS)
    return Catalogue(
        posts=posts,
        unit_posts=posts,
        resolvers=frozenset(extensions.resolvers),
        conditions=frozenset(extensions.conditions),
        consequences=frozenset(extensions.consequences),
        facts=frozenset(extensions.facts),
        matters={name: MatterInfo.of(loaded.decl) for name, loaded in packs.matters.items()},
        lists=frozenset(packs.codes),
    )


def checker(
    packs: PackSet, name: str, known: Catalogue | None = None
) -> Callable[[Definition], list[Problem]]:
    """校验业务模板 `name`（代好参数的）的办法，问题指到 `packs` 里的行列。`known` 是算好的名录，校验几份时共用。"""
    return partial(verify, locate=partial(packs.position, name), catalogue=known or catalogue(packs))


def examine(packs: PackSet) -> dict[str, list[Problem]]:
    """逐份校验，再查几份之间件号的格式重不重：模板代号 → 问题。参数取缺省值，不看本单位的调整。"""
    known = catalogue(packs)
    found = {
        name: checker(packs, name, known)(loaded.definition) if loaded.definition is not None else []
        for name, loaded in packs.matters.items()
    }
    shared = clashes(packs, {name: loaded.definition for name, loaded in packs.matters.items()})
    return {name: [*problems, *shared.get(name, [])] for name, problems in found.items()}


def clashes(packs: PackSet, ready: Mapping[str, Definition]) -> dict[str, list[Problem]]:
    """几份业务模板之间件号的格式重了的：模板代号 → 问题。"""
    return same_numbers(ready, {name: partial(packs.position, name) for name in ready})
