"""文书模板提到什么：走一遍语法树，记下名字、依据、表格的列、写死的文字，和哪里一定要有值。"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from jinja2 import nodes


@dataclass(frozen=True, slots=True)
class Mention:
    """模板里提到的一个名字。`part` 是点后面的；`sure` 为真表示这里要它一定有值；`line` 是模板第几行。"""

    name: str
    part: str
    sure: bool
    line: int


@dataclass(slots=True)
class Template:
    """看过一遍的模板：提到的名字、引用的依据、表格行的列、写死的文字。"""

    mentions: list[Mention] = field(default_factory=list)
    cites: list[tuple[str, int]] = field(default_factory=list)
    columns: list[tuple[str, str, int]] = field(default_factory=list)
    words: list[tuple[str, int]] = field(default_factory=list)
    faults: list[tuple[str, int]] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class _Held:
    """循环、set 起的名字指什么：`names` 是它可能代表的名字，`rows` 为真时是它们的一行；空的是算出来的。"""

    names: frozenset[str] = frozenset()
    rows: bool = False


_Scope = dict[str, _Held]
_Known = frozenset[str]


class _Reader:
    """走一遍语法树。`known`：走到这里已经判断过有值的名字；`scope`：循环和 set 起的名字。"""

    def __init__(self, found: Template) -> None:
        self.found = found

    def body(self, items: Iterable[nodes.Node], known: _Known, scope: _Scope) -> _Scope:
        """走完这一段；`scope` 就地改，也返回。"""
        for item in items:
            before = dict(scope)
            self.statement(item, known, scope)
            moved = {name for name, held in scope.items() if before.get(name) != held}
            known = frozenset(one for one in known if one.partition(".")[0] not in moved)
        return scope

    def statement(self, node: nodes.Node, known: _Known, scope: _Scope) -> None:
        if isinstance(node, nodes.Output):
            for part in node.nodes:
                if isinstance(part, nodes.TemplateData):
                    self.found.words.append((part.data, part.lineno))
                else:
                    self.value(part, known, scope)
        elif isinstance(node, nodes.If):
            self.branch(node, known, scope)
        elif isinstance(node, nodes.For):
            self.loop(node, known, scope)
        elif isinstance(node, nodes.Assign):
            self.assign(node, known, scope)
        else:
            for child in node.iter_child_nodes():
                self.value(child, known, scope)

    def loop(self, node: nodes.For, known: _Known, scope: _Scope) -> None:
        self.value(node.iter, known, scope)
        source = _source(node.iter.name, scope) if isinstance(node.iter, nodes.Name) else _Held()
        row = _Held() if source.rows else _Held(source.names, rows=True)
        inner = scope | {"loop": _Held()}
        targets = _targets(node.target)
        inner |= {target.name: row for target in targets}
        bound = {target.name for target in targets}
        known = frozenset(one for one in known if one.partition(".")[0] not in bound)
        if node.test is not None:
            self.value(node.test, known, inner, soft=True)
        self.body(node.body, known, inner)
        self.body(node.else_, known, dict(scope))

    def assign(self, node: nodes.Assign, known: _Known, scope: _Scope) -> None:
        if isinstance(node.target, nodes.Name) and isinstance(node.node, nodes.Name):
            # 只是换个名字：用到的地方才要它有值。
            scope[node.target.name] = _source(node.node.name, scope)
            return
        self.value(node.node, known, scope)
        mentioned = node.node.find_all(nodes.Name)
        if any(one.name == "join" for one in _filters(node.node)) and any(
            scope.get(one.name) == _Held() for one in mentioned
        ):
            self.found.faults.append(("set 算出来的不能再 join", node.lineno))
        for target in _targets(node.target):
            scope[target.name] = _Held()

    def branch(self, node: nodes.If, known: _Known, scope: _Scope) -> None:
        self.value(node.test, known, scope, soft=True)
        ways = [self.body(node.body, known | held(node.test, True), dict(scope))]
        known |= held(node.test, False)
        for one in node.elif_:
            self.value(one.test, known, scope, soft=True)
            ways.append(self.body(one.body, known | held(one.test, True), dict(scope)))
            known |= held(one.test, False)
        ways.append(self.body(node.else_, known, dict(scope)))
        for name in {name for way in ways for name in way}:
            scope[name] = _merged([_source(name, way) for way in ways])

    def value(self, node: nodes.Node, known: _Known, scope: _Scope, *, soft: bool = False) -> None:
        """`soft`：没有值也行的位置（判断里、or 的左边、default 前面）。"""
        if isinstance(node, nodes.Name):
            self.name(node, "", known, scope, soft)
        elif isinstance(node, nodes.Getattr | nodes.Getitem):
            self.part(node, known, scope, soft)
        elif isinstance(node, nodes.Or):
            self.value(node.left, known, scope, soft=True)
            self.value(node.right, known | held(node.left, False), scope, soft=soft)
        elif isinstance(node, nodes.And):
            self.value(node.left, known, scope, soft=True)
            self.value(node.right, known | held(node.left, True), scope, soft=soft)
        elif isinstance(node, nodes.Not):
            self.value(node.node, known, scope, soft=True)
        elif isinstance(node, nodes.CondExpr):
            self.value(node.test, known, scope, soft=True)
            self.value(node.expr1, known | held(node.test, True), scope, soft=soft)
            if node.expr2 is not None:
                self.value(node.expr2, known | held(node.test, False), scope, soft=soft)
        elif isinstance(node, nodes.Filter):
            eased = soft if node.name not in ("default", "d", "check") else True
            if node.node is not None:
                self.value(node.node, known, scope, soft=eased)
            for argument in node.args:
                self.value(argument, known, scope)
        elif isinstance(node, nodes.Compare) and all(one.op in ("eq", "ne") for one in node.ops):
            self.value(node.expr, known, scope, soft=True)
            for one in node.ops:
                self.value(one.expr, known, scope, soft=True)
        elif isinstance(node, nodes.Call):
            self.call(node, known, scope)
        else:
            for child in node.iter_child_nodes():
                self.value(child, known, scope)

    def name(self, node: nodes.Name, part: str, known: _Known, scope: _Scope, soft: bool) -> None:
        source = _source(node.name, scope)
        if source.rows or not source.names:
            if part:
                self.found.columns += [(one, part, node.lineno) for one in sorted(source.names)]
            return
        if node.name == "cite":
            self.found.faults.append(("cite 要带依据，如 cite('penalty-2021.44')", node.lineno))
            return
        for one in sorted(source.names):
            same = {node.name} if one in scope else {node.name, one}
            sure = not soft and not {path for name in same for path in (name, f"{name}.{part}")} & known
            self.found.mentions.append(Mention(one, part, sure, node.lineno))

    def part(self, node: nodes.Getattr | nodes.Getitem, known: _Known, scope: _Scope, soft: bool) -> None:
        base, part = node.node, ""
        if isinstance(node, nodes.Getattr):
            part = node.attr
        elif isinstance(node.arg, nodes.Const) and isinstance(node.arg.value, str):
            part = node.arg.value
        else:
            self.value(node.arg, known, scope)
        if isinstance(base, nodes.Name):
            self.name(base, part, known, scope, soft)
        else:
            self.value(base, known, scope, soft=soft)

    def call(self, node: nodes.Call, known: _Known, scope: _Scope) -> None:
        if not isinstance(node.node, nodes.Name) or node.node.name != "cite":
            self.found.faults.append(("不能调用函数（除 cite 外）", node.lineno))
            return
        given = [one.value for one in node.args if isinstance(one, nodes.Const)]
        if len(given) != 1 or len(node.args) != 1 or not isinstance(given[0], str):
            self.found.faults.append(("cite 要带一条依据，如 cite('penalty-2021.44')", node.lineno))
            return
        self.found.cites.append((given[0], node.lineno))


def walk(found: Template, tree: nodes.Template) -> None:
    """把模板提到的记进 `found`。"""
    _Reader(found).body(tree.body, frozenset(), {})


def _targets(node: nodes.Node) -> list[nodes.Name]:
    return [node] if isinstance(node, nodes.Name) else list(node.find_all(nodes.Name))


def _filters(node: nodes.Node) -> list[nodes.Filter]:
    own = [node] if isinstance(node, nodes.Filter) else []
    return [*own, *node.find_all(nodes.Filter)]


def _source(name: str, scope: _Scope) -> _Held:
    return scope.get(name) or _Held(frozenset({name}))


def _merged(ways: list[_Held]) -> _Held:
    """几条走法之后它可能代表什么。"""
    plain = frozenset(name for way in ways if not way.rows for name in way.names)
    if plain:
        return _Held(plain)
    return _Held(frozenset(name for way in ways for name in way.names), rows=any(way.rows for way in ways))


def held(test: nodes.Node, truth: bool) -> frozenset[str]:
    """判断为 `truth` 时一定有值的名字。"""
    if isinstance(test, nodes.Not):
        return held(test.node, not truth)
    if isinstance(test, nodes.And | nodes.Or):
        left, right = held(test.left, truth), held(test.right, truth)
        return left | right if isinstance(test, nodes.And) == truth else left & right
    if not truth:
        return frozenset()
    if isinstance(test, nodes.Compare) and [one.op for one in test.ops] == ["eq"]:
        value = test.ops[0].expr
        return held(test.expr, True) if isinstance(value, nodes.Const) and value.value else frozenset()
    return frozenset(_paths(test))


def _paths(node: nodes.Node) -> Iterator[str]:
    if isinstance(node, nodes.Name):
        yield node.name
    elif isinstance(node, nodes.Getattr) and isinstance(node.node, nodes.Name):
        yield from (node.node.name, f"{node.node.name}.{node.attr}")
