"""公布与取用业务模板版本。"""

from __future__ import annotations

from collections.abc import Mapping, Set
from datetime import datetime

from django.db import transaction

from jiezhi.base.casework.models import CodeList, MatterVersion
from jiezhi.base.registry import stamps
from jiezhi.core.procedure.definition import START, Definition


class UnknownMatter(LookupError):
    """没有公布过这个业务模板。"""

    def __init__(self, matter: str) -> None:
        super().__init__(f"没有“{matter}”这个业务模板，请先公布，或核对名称")


_by_digest: dict[str, Definition] = {}


def definition_of(version: MatterVersion) -> Definition:
    """某个版本编译好的样子；按内容摘要缓存，版本公布后不变。"""
    found = _by_digest.get(version.digest)
    if found is None:
        found = Definition.load(bytes(version.content))
        if found.digest != version.digest:
            raise ValueError(f"业务模板“{version.title}”的内容与摘要不符，可能被改过")
        _by_digest[version.digest] = found
    return found


def definition_with(digest: str) -> Definition | None:
    """内容摘要是 `digest` 的版本；没有为 None。"""
    if digest not in _by_digest:
        version = MatterVersion.objects.filter(digest=digest).first()
        return definition_of(version) if version else None
    return _by_digest[digest]


def _compiled(digest: str) -> Definition:
    """公布过的版本，一定有。"""
    found = definition_with(digest)
    assert found is not None
    return found


Steps = tuple[str, tuple[str, ...], tuple[str, ...]]
_turns: dict[tuple[str, bool], dict[str, set[str]]] = {}


def turn(posts: Set[str]) -> list[Steps]:
    """轮到任这些岗的人办的：现行业务里他们有一步可办的环节（不含开件），（业务模板、没办结的环节、办结的环节）。"""
    return _steps({f"post.{post}" for post in posts}, primary=False)


def duty(who: Set[str]) -> list[Steps]:
    """同 `turn`，只算主要的动作（催办、补登之类的不算）；`who` 写 post.x、unit.x。"""
    return _steps(who, primary=True)


def _steps(who: Set[str], *, primary: bool) -> list[Steps]:
    found = []
    for matter, version in _current.get(_current_versions).items():
        definition = definition_with(version.digest)
        assert definition is not None
        held = _turns.setdefault((version.digest, primary), {})
        if not held:
            for state, names in definition.by_state.items():
                acts = [definition.matter.actions[name] for name in names if state != START]
                for one in {one for act in acts if act.weight == "primary" or not primary for one in act.by}:
                    held.setdefault(one, set()).add(state)
            held.setdefault("", set())
        states = sorted({state for one in who for state in held.get(one, ())})
        live = tuple(state for state in states if not definition.is_terminal(state))
        if states:
            found.append((matter, live, tuple(state for state in states if state not in live)))
    return found


def version_like(matter: str, prefix: str = "") -> MatterVersion:
    """摘要以 `prefix` 开头的那个版本，不给就是现行版本。没有、不止一个 → UnknownMatter。"""
    if not prefix:
        return current_version(matter)
    found = list(MatterVersion.objects.filter(matter=matter, digest__startswith=prefix)[:2])
    if len(found) != 1:
        raise UnknownMatter(f"{matter}（摘要 {prefix}）")
    return found[0]


def current_version(matter: str) -> MatterVersion:
    """现行版本。没有 → UnknownMatter。"""
    version = _current.get(_current_versions).get(matter)
    if version is None:
        raise UnknownMatter(matter)
    return version


def current() -> dict[str, Definition]:
    """现行的业务模板：代号 → 编译好的样子。进程里留着，一条查询核对戳。"""
    found = _current.get(_current_versions)
    return {matter: _compiled(version.digest) for matter, version in found.items()}


_current: stamps.StampedCache[dict[str, MatterVersion]] = stamps.StampedCache(stamps.MATTERS)


def _current_versions() -> dict[str, MatterVersion]:
    return {row.matter: row for row in MatterVersion.objects.filter(is_current=True).defer("content")}


def everything() -> list[Definition]:
    """公布过的全部版本，凭戳缓存：已办的步骤要照那时的版本认。后来给带参数的事项另存的不一定在内，动作与公布的相同。"""
    return _everything.get(lambda: [definition_of(row) for row in MatterVersion.objects.order_by("pk")])


_everything: stamps.StampedCache[list[Definition]] = stamps.StampedCache(stamps.MATTERS)


def publish(definition: Definition, *, now: datetime) -> MatterVersion:
    """公布一个版本为现行；内容没变就什么也不做。校验是否通过由调用者（verify 之后）负责。"""
    with transaction.atomic():
        existing = MatterVersion.objects.filter(digest=definition.digest).first()
        if existing and existing.is_current:
            return existing
        MatterVersion.objects.filter(matter=definition.id, is_current=True).update(is_current=False)
        stamps.touch(stamps.MATTERS)
        if existing:
            MatterVersion.objects.filter(pk=existing.pk).update(is_current=True)
            existing.is_current = True
            return existing
        return _create(definition, now, is_current=True)


def keep(definition: Definition, *, now: datetime) -> MatterVersion:
    """留存一个版本而不作现行：带参数的事项各有自己的一份。已有的原样返回。"""
    existing = MatterVersion.objects.filter(digest=definition.digest).first()
    return existing or _create(definition, now, is_current=False)


def _create(definition: Definition, now: datetime, *, is_current: bool) -> MatterVersion:
    matter = definition.matter
    return MatterVersion.objects.create(
        matter=definition.id,
        title=matter.title,
        class_name=matter.class_,
        trade=matter.trade,
        digest=definition.digest,
        content=definition.dump(),
        published_at=now,
        is_current=is_current,
    )


def publish_codes(name: str, title: str, codes: Mapping[str, str]) -> None:
    """登记一张代码表（整表替换）。"""
    CodeList.objects.update_or_create(name=name, defaults={"title": title, "codes": dict(codes)})
