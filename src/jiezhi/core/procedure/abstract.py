"""抽象机：把一个业务模板看成“环节 × 未作废的法律含义 × 命名判断真假”上的走法。

校验器、随机走查和测试共用这一份语义，它与解释器一致：

- `done.x` 看办理之前的含义，`predicate.p` 看本次填写之后的真假，其余办理条件当作随时可能具备；
- 必填字段、定值、预填、取号一定写入；选填字段可能不填、填上、也可能填成空；
- 写入字段先作废依赖它的含义，再作废 clears，最后加上 means;
- 去向按写入之后的真假和办理之后的含义判断；不写 when 的那一支是“其余”。

内部用整数的二进制位表示含义和真假，几千种状况的穷举在几十毫秒内完成。
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Set
from dataclasses import dataclass, field
from itertools import product
from typing import Any

from jiezhi.core.procedure.actions import ActionDecl
from jiezhi.core.procedure.definition import START, Definition
from jiezhi.core.procedure.guards import Guard
from jiezhi.core.procedure.tracking import (
    END,
    EventRef,
    Relevance,
    always_written,
    domain,
    everything,
    parse_event,
    relevance,
)

__all__ = [
    "END",
    "Act",
    "Config",
    "EventRef",
    "Machine",
    "Relevance",
    "Step",
    "Variant",
    "always_written",
    "choose",
    "domain",
    "everything",
    "initial",
    "machine",
    "parse_event",
    "relevance",
    "steps",
]


@dataclass(frozen=True)
class Config:
    """一种状况：在哪个环节、哪些法律含义做过且未作废、哪些命名判断为真。"""

    state: str
    done: frozenset[str]
    truth: frozenset[str]


@dataclass(frozen=True)
class Step:
    """走一步：办了哪个动作、走的第几支去向（没有写 to 时为 None）、确定写入的字段、到了什么状况。"""

    action: str
    branch: int | None
    wrote: frozenset[str]
    config: Config


@dataclass(frozen=True)
class Variant:
    """一个动作的一种写法：状况先 `& keep` 再 `| set`。

    `lapsed` 因填写而作废的位（不含明写的 clears）;`wrote` 确定写入的字段；`gain` 确定有了值的字段；
    `lose` 可能变空的字段。
    """

    keep: int
    set: int
    lapsed: int
    wrote: frozenset[str]
    gain: frozenset[str]
    lose: frozenset[str]


@dataclass(eq=False)
class Act:
    """编译好的动作。位的含义见 Machine。"""

    name: str
    decl: ActionDecl
    index: int
    need: int
    need_value: int
    truth_need: int
    truth_value: int
    clears: int
    means: int
    variants: list[Variant]
    guards: list[tuple[Guard, int]]
    fallback: int | None
    guard_mask: int
    routes: dict[int, tuple[int, ...]] = field(default_factory=dict)


class Machine:
    """编译成位运算的抽象机。一种状况是一个整数：低位是含义、判断、保护期，高位是环节号。"""

    def __init__(self, definition: Definition, track: Relevance, clocks: Iterable[str] = ()) -> None:
        self.definition = definition
        self.track = track
        self.clocks = tuple(clocks)
        self.states: list[str] = [START, *definition.matter.states]
        self.number = {name: i for i, name in enumerate(self.states)}
        bits = [*(("means", m) for m in track.meanings), *(("truth", p) for p in track.predicates)]
        bits += [("clock", c) for c in self.clocks]
        self.bit = {key: 1 << i for i, key in enumerate(bits)}
        self.shift = len(bits)
        self.low = (1 << self.shift) - 1
        self.clock_bits = self.mask("clock", self.clocks)
        self.terminal = [definition.is_terminal(name) for name in self.states]
        self._by_field: dict[str, list[str]] = {}
        for name in track.predicates:
            self._by_field.setdefault(definition.matter.predicates[name].field, []).append(name)
        self._values = {name: self._valuations(name) for name in self._by_field}
        self.entering = [self._entry_clocks(name) for name in self.states]
        self.acts = [self._compile(i, name) for i, name in enumerate(definition.matter.actions)]
        by_name = {act.name: act for act in self.acts}
        self.by_state = [[by_name[name] for name in definition.by_state[state]] for state in self.states]
        blank = {name for name in track.predicates if self._holds(name, None)}
        self.start = self.mask("truth", blank)

    # ---- 编译 ----

    def mask(self, kind: str, names: Iterable[str]) -> int:
        """这些名字对应的位；没有跟踪的忽略。"""
        found = 0
        for name in names:
            found |= self.bit.get((kind, name), 0)
        return found

    def _holds(self, predicate: str, value: Any) -> bool:
        decl = self.definition.matter.predicates[predicate]
        return self.definition.expression(decl.cel).holds({decl.field: value})

    def _valuation(self, name: str, value: Any) -> int:
        return self.mask("truth", [p for p in self._by_field.get(name, ()) if self._holds(p, value)])

    def _valuations(self, name: str) -> set[int]:
        """字段填上值之后，它的判断可能有的全部真假组合。"""
        values = domain(self.definition.matter.fields.get(name))
        if values is not None:
            return {self._valuation(name, value) for value in values}
        bits = [self.bit["truth", p] for p in self._by_field[name]]
        return {sum(chosen) for chosen in product(*((0, bit) for bit in bits))}

    def _rests(self, name: str) -> int:
        """写入字段作废的含义，连同从这些含义起算的保护期。"""
        return self._voids(self.definition.rests_on.get(name, ()))

    def _voids(self, meanings: Iterable[str]) -> int:
        gone = set(meanings)
        clocks = [
            name
            for name in self.clocks
            if any(
                ref and ref.kind in ("means", "served") and ref.name in gone
                for ref in map(parse_event, self.definition.matter.clocks[name].from_)
            )
        ]
        return self.mask("means", gone) | self.mask("clock", clocks)

    def _entry_clocks(self, state: str) -> int:
        return self.mask("clock", [c for c in self.clocks if f"state.{state}" in self._from(c)])

    def _from(self, clock: str) -> list[str]:
        return self.definition.matter.clocks[clock].from_

    def _starts(self, name: str, action: ActionDecl) -> int:
        happened = (
            {f"means.{m}" for m in action.means} | {f"served.{m}" for m in action.serves} | {f"action.{name}"}
        )
        if START in action.from_:
            happened.add("open")
        happened |= {f"date.{name}" for name in always_written(action)}
        return self.mask("clock", [c for c in self.clocks if happened & set(self._from(c))])

    def _compile(self, index: int, name: str) -> Act:
        action = self.definition.matter.actions[name]
        need = value = truth_need = truth_value = 0
        contradiction = False
        for item in self.definition.needs[name]:
            if item.kind not in ("done", "predicate"):
                continue
            if item.kind == "done":
                bit = self.bit.get(("means", item.name), 0)
                if not bit:  # 没有动作做这个含义：要它就永远做不了，要它没做就总是具备
                    contradiction |= not item.negated
                    continue
                contradiction |= bool(need & bit) and bool(value & bit) == item.negated
                need, value = need | bit, value | (0 if item.negated else bit)
            else:
                bit = self.bit["truth", item.name]
                contradiction |= bool(truth_need & bit) and bool(truth_value & bit) == item.negated
                truth_need, truth_value = truth_need | bit, truth_value | (0 if item.negated else bit)
        # 重新做了的，从它起算的保护期也要重新起算：见 clockwork._operations。
        clears = self._voids(action.clears) | (self._voids(action.means) & self.clock_bits)
        means = self.mask("means", action.means) | self._starts(name, action)
        guards = [(self.definition.guard(branch.when), self.number[branch.state]) for branch in action.to]
        plain = [i for i, branch in enumerate(action.to) if branch.when is None]
        guard_mask = 0
        for guard, _ in guards:
            guard_mask |= self.mask("truth", guard.predicates) | self.mask("means", guard.meanings)
        return Act(
            name=name,
            decl=action,
            index=index,
            need=need,
            need_value=value,
            truth_need=truth_need,
            truth_value=truth_value,
            clears=clears,
            means=means,
            variants=[] if contradiction else self._variants(action, clears, means),
            guards=guards,
            fallback=plain[-1] if plain else None,
            guard_mask=guard_mask,
        )

    def _variants(self, action: ActionDecl, clears: int, means: int) -> list[Variant]:
        """各字段怎样写的全部组合；走法相同的合并：都写了才算写了，都有值才算有值，有一种变空就算可能变空。"""
        sure = always_written(action)
        constants = {name: value for name, value in action.set.items() if name not in action.collected()}
        null = {name for name, value in constants.items() if value is None}
        gain, lose = sure - null, null | set(action.blank)
        choices: list[list[tuple[int, int, int, str, bool]]] = []
        for name in action.written():
            rests, predicates = self._rests(name), self.mask("truth", self._by_field.get(name, ()))
            if name in constants:
                value = self._valuation(name, constants[name])
                choices.append([(rests, predicates, value, name, name not in null)])
                continue
            ways = [(rests, predicates, value, name, True) for value in sorted(self._values.get(name, {0}))]
            if name not in sure:
                if not rests and not predicates:
                    continue  # 填不填都不影响走法
                if name in action.blank:
                    ways.append((rests, predicates, self._valuation(name, None), name, False))
                else:
                    ways.append((0, 0, 0, "", True))  # 选填的留空就是不写，不会把原来的值抹掉
            choices.append(ways)
        found: dict[tuple[int, int, int], Variant] = {}
        for combination in product(*choices):
            lapsed = gone = value = 0
            for rested, lost, gained, _, _ in combination:
                lapsed |= rested
                gone |= lost
                value |= gained
            filled = {name for *_, name, full in combination if name and full}
            emptied = {name for *_, name, full in combination if not full}
            key = (self.low & ~(lapsed | gone | clears | means), value | means, lapsed)
            new = Variant(*key, sure | filled | emptied, gain | filled, frozenset(lose | emptied))
            old = found.get(key)
            if old:
                new = Variant(*key, old.wrote & new.wrote, old.gain & new.gain, old.lose | new.lose)
            found[key] = new
        return list(found.values())

    # ---- 走一步 ----

    def route(self, act: Act, bits: int) -> tuple[int, ...]:
        """办完之后成立的是第几支去向；正常恰好一支，没有写 to 的为空。"""
        key = bits & act.guard_mask
        found = act.routes.get(key)
        if found is None:
            truth, done = self.truth_of(bits), self.done_of(bits)
            held = [
                i
                for i, (guard, _) in enumerate(act.guards)
                if act.decl.to[i].when is not None and guard.holds(truth, done)
            ]
            if not held and act.fallback is not None:
                held = [act.fallback]
            found = act.routes[key] = tuple(held)
        return found

    def moves(self, key: int) -> Iterator[tuple[Act, Variant, int, int]]:
        """从一种状况可以走的全部步：（动作, 写法, 第几支或 -1, 到达的状况）。"""
        state, bits = key >> self.shift, key & self.low
        for act in self.by_state[state]:
            if bits & act.need != act.need_value:
                continue
            for variant in act.variants:
                after = bits & variant.keep | variant.set
                if after & act.truth_need != act.truth_value:
                    continue
                if not act.guards:
                    yield act, variant, -1, (state << self.shift) | after
                    continue
                for branch in self.route(act, after):
                    yield act, variant, branch, self.arrive(state, act.guards[branch][1], after)

    def arrive(self, state: int, target: int, bits: int) -> int:
        """到达环节之后的状况：进入环节可以起算保护期，办结使保护期停下。"""
        if self.clock_bits:
            if target != state:
                bits |= self.entering[target]
            if self.terminal[target]:
                bits &= ~self.clock_bits
        return (target << self.shift) | bits

    # ---- 翻译 ----

    def truth_of(self, bits: int) -> dict[str, bool]:
        """判断的真假。"""
        return {name: bool(bits & self.bit["truth", name]) for name in self.track.predicates}

    def done_of(self, bits: int) -> frozenset[str]:
        """做过且未作废的含义。"""
        return frozenset(name for name in self.track.meanings if bits & self.bit["means", name])

    def encode(self, config: Config) -> int:
        """状况 → 整数。"""
        bits = self.mask("means", config.done) | self.mask("truth", config.truth)
        return (self.number[config.state] << self.shift) | bits

    def decode(self, key: int) -> Config:
        """整数 → 状况。"""
        bits = key & self.low
        truth = frozenset(name for name, holds in self.truth_of(bits).items() if holds)
        return Config(self.states[key >> self.shift], self.done_of(bits), truth)


def machine(definition: Definition, track: Relevance | None = None) -> Machine:
    """按 `track`（缺省全部）编译的抽象机，同一份定义只编译一次。"""
    chosen = track or everything(definition)
    return definition.once(
        f"machine:{chosen.meanings}:{chosen.predicates}", lambda: Machine(definition, chosen)
    )


def initial(definition: Definition, track: Relevance | None = None) -> Config:
    """开件之前的状况。"""
    compiled = machine(definition, track)
    return compiled.decode(compiled.start)


def steps(definition: Definition, config: Config, track: Relevance | None = None) -> Iterator[Step]:
    """从一种状况可以走的全部步。`track` 缺省为全部跟踪；没有跟踪的含义和判断不出现在结果里。"""
    compiled = machine(definition, track)
    for act, variant, branch, key in compiled.moves(compiled.encode(config)):
        yield Step(act.name, None if branch < 0 else branch, variant.wrote, compiled.decode(key))


def choose(definition: Definition, action: ActionDecl, truth: Set[str], done: Set[str]) -> list[int]:
    """办完之后成立的去向（第几支）。正常恰好一支；不写 when 的那一支是“其余”。"""
    values = dict.fromkeys(truth, True)
    held = [
        i
        for i, branch in enumerate(action.to)
        if branch.when is not None and definition.guard(branch.when).holds(values, done)
    ]
    if not held:
        held = [i for i, branch in enumerate(action.to) if branch.when is None][-1:]
    return held
