"""两个版本的业务模板差在哪里，说给人听；影响正在办的件的排在前面。"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from jiezhi.core.procedure.definition import Definition
from jiezhi.core.procedure.words import KEYS, SECTIONS

What = Literal["added", "removed", "changed"]

# 改了只影响怎么说，不影响怎么办。
_WORDING = frozenset(
    {
        "title", "help", "confirm", "weight", "text", "say", "remedy", "warn", "notify", "merged", "public", "long", "signs",
        "copies", "layout", "file", "witness", "summary", "covers", "trade", "use", "guide",
    }
)  # fmt: skip
# 改了，正在办的件原来走得通的可能走不通，或时限、权利不同。
_GRAVE = frozenset(
    {
        "type", "many", "terminal", "from", "to", "means", "clears", "needs", "by", "collect", "protects", "whose", "guards",
        "limit", "at_least", "cel", "effect", "call", "rests_on", "min", "distinct_from", "sensitive", "host",
        "class", "until", "per", "among", "organ", "excludes", "extension", "number",
    }
)  # fmt: skip
_MORE = {
    "clears": "作废的含义", "serves": "送达的文书", "waives": "放弃的保护期", "except": "除外的环节",
    "organ": "代录的外部机关", "stop": "终止的时限", "fill": "预填", "set": "定值", "tag": "贴的标签", "untag": "去的标签",
    "then": "随之发生", "reason": "要写理由", "commutes": "不核对版本", "extend": "延长", "confirm": "确认的话",
    "weight": "按钮轻重", "indexed": "能筛选", "sensitive": "敏感", "public": "可公开", "many": "可有几个", "long": "长文字",
    "protects": "保护谁", "whose": "谁的期限", "per": "按谁各算", "among": "全体", "at": "起算时刻", "regime": "怎样数日子", "call": "登记的条件",
    "optional_fields": "可以没有采集的字段", "law": "法律判断名", "reset": "何时从头编", "sources": "取自", "layout": "版式",
    "file": "模板文件", "signs": "签名栏", "seal": "盖章", "copies": "份数", "documents": "文书", "children": "子件条件",
    "list": "代码表", "materials": "材料", "guide": "办事指南",
}  # fmt: skip
_NOUNS = {
    **SECTIONS,
    "documents": "文书",
    "actions": "动作",
    "meanings": "含义赖以成立的字段",
    "materials": "材料",
}
_ORDER = ["states", "actions", "fields", "clocks", "conditions", "predicates", "meanings", "roles"]


@dataclass(frozen=True)
class Change:
    """一处差别。`impact`：3 正在办的件会受影响，2 以后的办法变了，1 新增的，0 只是说法；`path` 是在模板里的位置。"""

    what: What
    path: tuple[str, ...]
    impact: int
    say: str

    def as_json(self) -> dict[str, Any]:
        """可直接转成 JSON 的写法。"""
        return {"what": self.what, "path": list(self.path), "impact": self.impact, "say": self.say}


def difference(old: Definition, new: Definition, posts: Mapping[str, str] | None = None) -> list[Change]:
    """`new` 比 `old` 差在哪里，按影响大小排；没有差别为空。`posts` 是岗位代号 → 名称。纯函数，不抛异常。"""
    found = list(_Differing(old, new, posts or {}).all())
    order = {name: i for i, name in enumerate(_ORDER)}
    return sorted(found, key=lambda one: (-one.impact, order.get(one.path[0], len(order))))


class _Differing:
    def __init__(self, old: Definition, new: Definition, posts: Mapping[str, str]) -> None:
        self.old, self.new, self.posts = old, new, posts
        self.was, self.now = (_plain(one.matter) for one in (old, new))

    def all(self) -> Iterator[Change]:
        for key in dict.fromkeys([*_ORDER, *self.was, *self.now]):
            before, after = self.was.get(key), self.now.get(key)
            if before == after:
                continue
            if key in _NOUNS and isinstance(before or after, dict):
                yield from self._section(key, before or {}, after or {})
            else:
                grave = 3 if key in _GRAVE else 0 if key in _WORDING else 2
                yield self._value((key,), f"业务模板的{_key(key)}", before, after, grave)
        yield from self._rules()
        yield from self._statutes()

    def _section(self, part: str, before: dict[str, Any], after: dict[str, Any]) -> Iterator[Change]:
        noun = _NOUNS[part]
        for name in dict.fromkeys([*before, *after]):
            if name not in after:
                yield Change("removed", (part, name), 3, f"去掉{noun}“{self._title(self.old, part, name)}”")
            elif name not in before:
                # 多一个办理条件不会自己拦人，用到它的动作另有一条。
                yield Change("added", (part, name), 1, f"新增{noun}“{self._title(self.new, part, name)}”")
            elif before[name] != after[name]:
                title = self._title(self.old, part, name)
                yield from self._entry((part, name), f"{noun}“{title}”", before[name], after[name])
        if list(before) != list(after) and sorted(before) == sorted(after) and part in ("actions", "fields"):
            yield Change("changed", (part,), 0, f"{noun}的先后次序变了")

    def _entry(self, path: tuple[str, ...], label: str, before: Any, after: Any) -> Iterator[Change]:
        if not isinstance(before, dict) or not isinstance(after, dict):
            yield self._value(path, label, before, after, 2)
            return
        for key in dict.fromkeys([*before, *after]):
            one, other = before.get(key), after.get(key)
            if one == other:
                continue
            impact = 0 if key in _WORDING else 3 if key in _GRAVE else 2
            if key == "title":
                yield self._value((*path, key), f"{label}的名称", one, other, 0)
            elif key == "text" and path[0] == "documents":
                yield Change("changed", (*path, key), 0, f"{label}的模板文字变了")
            elif isinstance(one, list) or isinstance(other, list):
                yield from self._list((*path, key), label, key, one or [], other or [], impact)
            elif isinstance(one, dict) and isinstance(other, dict):
                yield from self._entry((*path, key), f"{label}的{_key(key)}", one, other)
            else:
                what = label if key == "limit" else f"{label}的{_key(key)}"
                yield self._value((*path, key), what, one, other, impact)

    def _list(
        self, path: tuple[str, ...], label: str, key: str, one: Any, other: Any, impact: int
    ) -> Iterator[Change]:
        before, after = (value if isinstance(value, list) else [value] for value in (one, other))
        for item in (item for item in after if item not in before):
            yield Change("added", path, impact, f"{label}新增{_key(key)}“{self._word(self.new, key, item)}”")
        for item in (item for item in before if item not in after):
            yield Change(
                "removed", path, impact, f"{label}去掉{_key(key)}“{self._word(self.old, key, item)}”"
            )
        if sorted(map(str, before)) == sorted(map(str, after)):
            yield Change("changed", path, 0, f"{label}的{_key(key)}次序变了")

    def _value(self, path: tuple[str, ...], label: str, one: Any, other: Any, impact: int) -> Change:
        key = path[-1]
        if one is None:
            return Change("added", path, impact, f"{label}新写为 {self._word(self.new, key, other)}")
        if other is None:
            return Change("removed", path, impact, f"{label}不再写（原为 {self._word(self.old, key, one)}）")
        before, after = self._word(self.old, key, one), self._word(self.new, key, other)
        return Change("changed", path, impact, f"{label}由 {before} 改为 {after}")

    # ---- 法律 ----

    def _rules(self) -> Iterator[Change]:
        before, after = (
            {(law.law, name): rule for law in one.laws for name, rule in law.rules.items()}
            for one in (self.old, self.new)
        )
        for key in dict.fromkeys([*before, *after]):
            one, other = before.get(key), after.get(key)
            path = ("laws", *key)
            if one is None and other is not None:
                yield Change(
                    "added", path, 3, f"新增法律规则“{other.say}”（{self._cited(self.new, other.basis)}）"
                )
            elif other is None and one is not None:
                yield Change("removed", path, 2, f"去掉法律规则“{one.say}”")
            elif one is not None and other is not None and one != other:
                yield from self._entry(path, f"法律规则“{one.say}”", _plain(one), _plain(other))

    def _statutes(self) -> Iterator[Change]:
        for name in dict.fromkeys([*self.old.statutes, *self.new.statutes]):
            one, other = self.old.statutes.get(name), self.new.statutes.get(name)
            if one is None and other is not None:
                yield Change("added", ("statutes", name), 1, f"新引《{other.name}》（{other.version}）")
            elif other is None and one is not None:
                yield Change("removed", ("statutes", name), 1, f"不再引《{one.name}》（{one.version}）")
            elif one is not None and other is not None and one != other:
                yield from self._statute(name, f"《{one.name}》", _plain(one), _plain(other))

    def _statute(self, name: str, label: str, one: dict[str, Any], other: dict[str, Any]) -> Iterator[Change]:
        before, after = one.pop("articles", {}), other.pop("articles", {})
        yield from self._entry(("statutes", name), label, one, other)
        cited = {
            item.partition(".")[2]
            for item in _basis(self.was) | _basis(self.now)
            if item.startswith(name + ".")
        }
        for article in (key for key in dict.fromkeys([*before, *after]) if key in cited):
            if before.get(article) != after.get(article):
                path = ("statutes", name, article)
                if article in before and article in after:
                    yield from self._entry(path, f"{label}第 {article} 条", before[article], after[article])
                else:
                    what: What = "added" if article in after else "removed"
                    yield Change(
                        what, path, 2, f"{label}{'新增' if article in after else '去掉'}第 {article} 条"
                    )

    # ---- 说法 ----

    def _title(self, definition: Definition, part: str, name: str) -> str:
        if part == "meanings":
            return definition.means.get(name, name)
        found = getattr(definition.matter, part, {}).get(name)
        return str(getattr(found, "title", "") or name)

    def _cited(self, definition: Definition, reference: str) -> str:
        found = definition.citation(reference)
        return found.label if found else reference

    def _word(self, definition: Definition, key: str, value: Any) -> str:
        """一个值给人看的写法：名字换成名称，依据换成全称。"""
        if isinstance(value, bool):
            return "是" if value else "否"
        if isinstance(value, list):
            return "、".join(self._word(definition, key, item) for item in value)
        if isinstance(value, Mapping):
            if "title" in value:
                return str(value["title"])
            if key == "to" and "state" in value:
                when = f"（{value['when']}）" if value.get("when") else ""
                return self._word(definition, "state", value["state"]) + when
            parts = [
                f"{_key(name)} {self._word(definition, str(name), item)}" for name, item in value.items()
            ]
            return "，".join(parts)
        if not isinstance(value, str):
            return str(value)
        if key == "basis":
            return self._cited(definition, value)
        kind, _, rest = value.removeprefix("not ").partition(".")
        denied = "没有" if value.startswith("not ") else ""
        matter = definition.matter
        if kind in ("post", "unit") and rest in self.posts:
            return f"{'责任单位的' if kind == 'unit' else ''}{self.posts[rest]}"
        if rest and kind in ("done", "means", "served"):
            return f"{denied}{definition.means.get(rest, rest)}"
        tables: dict[str, Any] = {
            "field": matter.fields, "state": matter.states, "predicate": matter.predicates, "action": matter.actions,
            "role": matter.roles, "clock": matter.clocks,
        }  # fmt: skip
        if rest and kind in tables:
            name, _, tail = rest.partition(".")
            found = tables[kind].get(name)
            ends = {"expired": "届满", "running": "在计时", "not_running": "不在计时"}
            return f"{denied}{found.title if found else name}{ends.get(tail, '')}"
        bare = value.removesuffix("?")
        if key in ("means", "clears", "guards", "binds", "serves") and bare in definition.means:
            return definition.means[bare]
        places = {
            "needs": matter.conditions, "collect": matter.fields, "rests_on": matter.fields, "from": matter.states,
            "state": matter.states, "to": matter.states, "except": matter.states, "stop": matter.clocks,
            "waives": matter.clocks, "distinct_from": matter.roles, "document": matter.documents,
        }  # fmt: skip
        found = places.get(key, {}).get(bare)  # type: ignore[attr-defined]
        return f"{found.title}{'（选填）' if bare != value else ''}" if found else value


def _key(key: object) -> str:
    text = str(key)
    return _MORE.get(text) or KEYS.get(text) or text


def _plain(model: Any) -> dict[str, Any]:
    found: dict[str, Any] = model.model_dump(mode="json", by_alias=True, exclude_defaults=True)
    return found


def _basis(value: Any) -> set[str]:
    if isinstance(value, Mapping):
        own = {value["basis"]} if isinstance(value.get("basis"), str) else set()
        return own.union(*(_basis(item) for item in value.values()))
    if isinstance(value, list):
        return set().union(*map(_basis, value))
    return set()
