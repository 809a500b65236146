"""编译好的业务模板：解释器和校验器共用的只读表。

Definition 由展开、代入参数之后的 MatterDecl 和它引用的法律组成，连同摘要一起保存；
已公布的版本不再变，正在办的件按它开立时的版本走。
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, TypeVar

from jiezhi.core.evidence.canonical import encode
from jiezhi.core.evidence.digest import sm3_hex
from jiezhi.core.procedure import papers
from jiezhi.core.procedure.actions import ActionDecl
from jiezhi.core.procedure.guards import Guard, parse_guard
from jiezhi.core.procedure.law import CAN_STOP, LawDecl, RuleDecl, StatuteDecl
from jiezhi.core.procedure.matter import MatterDecl
from jiezhi.core.procedure.needs import Need, parse_need

START = "start"
_WORD = re.compile(r"[a-z][a-z0-9_]*")
T = TypeVar("T")


@dataclass(frozen=True)
class Citation:
    """一处依据的全称和状态，给人看的写法在 `label`。"""

    cite: str
    label: str
    status: str
    text: str
    regime: str
    limit: str | None = None
    extend: str | None = None
    at_least: str | None = None


def cite(statutes: Mapping[str, StatuteDecl], reference: str) -> Citation | None:
    """`penalty-2021.60` → 依据；没有这部法律或这一条时为 None。"""
    statute_id, _, article_id = reference.partition(".")
    statute = statutes.get(statute_id)
    if statute is None or article_id not in statute.articles:
        return None
    article = statute.articles[article_id]
    status = article.status or statute.status
    if status in ("推导", "内部规定"):
        label = f"{'系统规则' if status == '推导' else '本单位规定'}：{article.text}"
    else:
        label = f"《{statute.name}》({statute.version}){numbered(article_id)}"
    return Citation(
        reference,
        label,
        status,
        article.text,
        statute.regime,
        article.limit,
        article.extend,
        article.at_least,
    )


_MACRO = re.compile(r"\.(?:all|exists|exists_one|map|filter)\(\s*([A-Za-z_]\w*)\s*,")
_QUOTED = re.compile(r"'(?:[^'\\]|\\.)*'|\"(?:[^\"\\]|\\.)*\"")


def _bound(source: str) -> frozenset[str]:
    """`rows.exists(r, …)` 这类写法里临时起的名字。"""
    return frozenset(_MACRO.findall(_QUOTED.sub("''", source)))


def numbered(article_id: str) -> str:
    """条号给人看的写法：`64-2` → 第64条（二）；没有条号的文件只写名称。"""
    number, _, item = article_id.partition("-")
    number = number.removesuffix("b")  # 47b：同一条里另一个期限
    if not number.isdigit():
        return ""
    return f"第{number}条" + (f"第（{item}）项" if item else "")


class Expression:
    """编译好的 CEL 表达式。字段未采集时值为 null；算不出来按不成立。"""

    def __init__(self, source: str) -> None:
        # 这个库一引入就带进它的命令行界面，约 0.2 秒；用到表达式时才引入。
        import cel

        self.source = source
        self._program = cel.compile(source)
        # 库把 rows.exists(r, …) 里的 r 也报作变量，它不是字段。
        self.variables: frozenset[str] = frozenset(self._program.variables()) - _bound(source)
        self.functions: frozenset[str] = frozenset(self._program.functions())

    def holds(self, values: Mapping[str, Any]) -> bool:
        """表达式是否为真（严格的 true）。类型不合、字段为空而无法比较，都算不成立。"""
        context = {name: values.get(name) for name in self.variables}
        try:
            return self._program.execute(context) is True
        except (ValueError, TypeError, LookupError, ArithmeticError, RuntimeError):
            return False


@dataclass(frozen=True)
class Definition:
    """一个业务模板的一个版本。"""

    matter: MatterDecl
    statutes: Mapping[str, StatuteDecl]
    laws: tuple[LawDecl, ...]
    means: Mapping[str, str]
    digest: str
    _cache: dict[str, Any] = field(default_factory=dict, repr=False, compare=False, hash=False)

    @staticmethod
    def build(
        matter: MatterDecl,
        statutes: Mapping[str, StatuteDecl],
        laws: tuple[LawDecl, ...],
        means: Mapping[str, str],
    ) -> Definition:
        """由展开好的声明编译；只带走用得到的法律，摘要覆盖全部内容。"""
        mine = tuple(law for law in laws if matter.class_ in law.applies_to)
        cited = _cited(matter, mine)
        kept = {key: value for key, value in statutes.items() if key in cited}
        # 词表里没用到的词不进摘要：给词表加一个词，不会让所有模板都变成新版本。
        mentioned = set(_WORD.findall(_dump(matter, {}, mine, {}).decode()))
        used = {name: title for name, title in means.items() if name in mentioned}
        body = _dump(matter, kept, mine, used)
        return Definition(matter, kept, mine, used, sm3_hex(body))

    def dump(self) -> bytes:
        """规范字节，`digest` 就是它的摘要；`load` 可还原。"""
        return _dump(self.matter, self.statutes, self.laws, self.means)

    @staticmethod
    def load(data: bytes) -> Definition:
        """由 `dump` 的字节还原。"""
        raw = json.loads(data)
        return Definition(
            MatterDecl.model_validate(json.loads(raw["matter"])),
            {key: StatuteDecl.model_validate(value) for key, value in raw["statutes"].items()},
            tuple(LawDecl.model_validate(item) for item in raw["laws"]),
            raw["means"],
            sm3_hex(data),
        )

    @property
    def id(self) -> str:
        """业务模板代号。"""
        return self.matter.matter

    def action(self, name: str) -> ActionDecl | None:
        """按代号找办理动作。"""
        return self.matter.actions.get(name)

    def citation(self, reference: str | None) -> Citation | None:
        """依据的全称；没有写依据时为 None。"""
        return self.once("cite:" + reference, lambda: cite(self.statutes, reference)) if reference else None

    def label(self, reference: str | None) -> str:
        """可以给人看的依据写法；待核和只核对过网页的不对外引用，为空串。"""
        found = self.citation(reference)
        return found.label if found and found.status in CAN_STOP else ""

    def is_terminal(self, state: str) -> bool:
        """是不是办结环节。"""
        return state != START and self.matter.states[state].terminal

    def sources(self, action: ActionDecl) -> list[str]:
        """动作可以从哪些环节办（any 展开为除 except 外的全部未办结环节）。"""
        names: list[str] = []
        for source in action.from_:
            if source == "any":
                names += [
                    name
                    for name, state in self.matter.states.items()
                    if not state.terminal and name not in action.except_
                ]
            else:
                names.append(source)
        return list(dict.fromkeys(names))

    @cached_property
    def by_state(self) -> dict[str, list[str]]:
        """环节 → 可能的动作（声明的先后次序）;start 是开件。"""
        table: dict[str, list[str]] = {START: [], **{name: [] for name in self.matter.states}}
        for name, action in self.matter.actions.items():
            for source in self.sources(action):
                if source in table:
                    table[source].append(name)
        return table

    @cached_property
    def opening_actions(self) -> list[str]:
        """开件动作。"""
        return self.by_state[START]

    @cached_property
    def needs(self) -> dict[str, list[Need]]:
        """动作 → 办理条件。"""
        titles = dict(self.means)
        return {
            name: [parse_need(self.matter, raw, titles) for raw in action.needs]
            for name, action in self.matter.actions.items()
        }

    @cached_property
    def rests_on(self) -> dict[str, frozenset[str]]:
        """字段 → 因它改动而作废的法律含义。"""
        table: dict[str, set[str]] = {}
        for meaning, decl in self.matter.meanings.items():
            for name in decl.rests_on:
                table.setdefault(name, set()).add(meaning)
        return {name: frozenset(found) for name, found in table.items()}

    @cached_property
    def role_rules(self) -> list[RuleDecl]:
        """能拦人的 role 规则。"""
        rules = [rule for law in self.laws for rule in law.rules.values() if rule.kind == "role"]
        return [rule for rule in rules if (found := self.citation(rule.basis)) and found.status in CAN_STOP]

    def guard(self, text: str | None) -> Guard:
        """命名判断表达式。"""
        return parse_guard(text)

    def expression(self, source: str) -> Expression:
        """CEL 表达式，编译一次。写法不对抛 ValueError。"""
        return self.once("cel:" + source, lambda: Expression(source))

    def predicate_values(self, values: Mapping[str, Any]) -> dict[str, bool]:
        """全部命名判断在给定字段值下的真假。"""
        return {
            name: self.expression(decl.cel).holds(values) for name, decl in self.matter.predicates.items()
        }

    def once(self, key: str, make: Callable[[], T]) -> T:
        """按定义只算一次的东西（表达式、抽象机）；不进摘要。"""
        if key not in self._cache:
            self._cache[key] = make()
        found: T = self._cache[key]
        return found


def _dump(
    matter: MatterDecl,
    statutes: Mapping[str, StatuteDecl],
    laws: tuple[LawDecl, ...],
    means: Mapping[str, str],
) -> bytes:
    def plain(model: Any) -> Any:
        return model.model_dump(mode="json", by_alias=True, exclude_defaults=True)

    return encode(
        {
            # 声明的先后（按钮、字段、选项）也是内容；规范字节会按键名重排，所以作为一段文字放进去。
            "matter": json.dumps(plain(matter), ensure_ascii=False, separators=(",", ":")),
            "statutes": {key: plain(value) for key, value in statutes.items()},
            "laws": [plain(law) for law in laws],
            "means": dict(means),
        }
    )


def _cited(matter: MatterDecl, laws: tuple[LawDecl, ...]) -> set[str]:
    found: set[str] = set()

    def walk(value: Any) -> None:
        if isinstance(value, dict):
            for key, item in value.items():
                if key == "basis" and isinstance(item, str):
                    found.add(item.partition(".")[0])
                elif key == "text" and isinstance(item, str) and "cite(" in item:
                    found.update(reference.partition(".")[0] for reference in papers.cited(item))
                walk(item)
        elif isinstance(value, list):
            for item in value:
                walk(item)

    walk(matter.model_dump(mode="json"))
    for law in laws:
        walk(law.model_dump(mode="json"))
    return found
