"""文书模板里一定印得出来的字段和字样：注释里的、判断里的、换成空的都不算。"""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache

from jinja2 import TemplateSyntaxError, nodes

from jiezhi.core.procedure.papers import environment

Found = frozenset[str]
NOTHING: Found = frozenset()
# 这些过滤器不会把内容变没。
KEEPS = frozenset({"capital", "check", "masked", "default", "d", "join", "map", "trim", "int", "string"})
_Scope = dict[str, Found]


@lru_cache(maxsize=512)
def certain(text: str, wanted: Found, given: str | None = None) -> Found:
    """`wanted`（字段名、中文字样）里，按模板 `text` 制作时一定印出来的。

    判断的各支都有的才算；`{% if x %}{{ x }}{% endif %}` 有值就印，也算；判断与 `given` 一样的，成立的那一支有就算。
    写法不对的模板什么也不算（另外报）。
    """
    try:
        tree = environment().parse(text)
    except (TemplateSyntaxError, RecursionError):
        return NOTHING
    return _Printed(wanted, test_of(given)).body(tree.body, {})


def test_of(given: str | None) -> nodes.Node | None:
    """写在规则里的判断；没有写、写法不对的为 None。"""
    try:
        tree = environment().parse(f"{{% if {given or ''} %}}{{% endif %}}")
    except (TemplateSyntaxError, RecursionError):
        return None
    return next(tree.find_all(nodes.If)).test


class _Printed:
    """走一遍语法树。`scope`：set、for 起的名字 → 印它就等于印了什么。"""

    def __init__(self, wanted: Found, given: nodes.Node | None) -> None:
        self.wanted, self.given = wanted, given

    def body(self, items: Iterable[nodes.Node], scope: _Scope) -> Found:
        found = NOTHING
        for item in items:
            if isinstance(item, nodes.Output):
                for part in item.nodes:
                    found |= self.value(part, scope)
            elif isinstance(item, nodes.Assign):
                value = self.value(item.node, scope)
                for target in item.find_all(nodes.Name):
                    if target.ctx == "store":
                        scope[target.name] = value if target is item.target else NOTHING
            elif isinstance(item, nodes.If):
                found |= self.branches(item, scope)
            elif isinstance(item, nodes.For):
                found |= self.loop(item, scope)
        return found

    def branches(self, node: nodes.If, scope: _Scope) -> Found:
        scopes = [dict(scope) for _ in range(len(node.elif_) + 2)]
        results = [self.body(node.body, scopes[0])]
        results += [self.body(one.body, inner) for one, inner in zip(node.elif_, scopes[1:], strict=False)]
        results.append(self.body(node.else_, scopes[-1]))
        for name in {name for inner in scopes for name in inner}:
            scope[name] = frozenset.intersection(*(inner.get(name, self.own(name)) for inner in scopes))
        return self.chosen(node.test, results, scope)

    def chosen(self, test: nodes.Node, results: list[Found], scope: _Scope) -> Found:
        """各支都有的；只看一个字段有没有值的，有值的那一支印了它就算。"""
        if test == self.given:
            return results[0]
        both = frozenset.intersection(*results)
        if isinstance(test, nodes.Name | nodes.Getattr):
            return both | (self.value(test, scope) & results[0])
        if isinstance(test, nodes.Not) and isinstance(test.node, nodes.Name | nodes.Getattr):
            return both | (self.value(test.node, scope) & frozenset.intersection(*results[1:]))
        return both

    def loop(self, node: nodes.For, scope: _Scope) -> Found:
        """逐行印的：循环里印了那一行，才算印了这个表格；循环里的字样不算（可能一行也没有）。"""
        source = self.value(node.iter, scope)
        inner = dict(scope) | {"loop": NOTHING}
        inner |= {target.name: source for target in [node.target, *node.target.find_all(nodes.Name)]
                  if isinstance(target, nodes.Name)}  # fmt: skip
        found = self.body(node.body, inner) & source
        return NOTHING if node.test is not None else found

    def value(self, node: nodes.Node, scope: _Scope) -> Found:
        match node:
            case nodes.TemplateData():
                return frozenset(word for word in self.wanted if not word.isascii() and word in node.data)
            case nodes.Const():
                text = node.value if isinstance(node.value, str) else ""
                return frozenset(word for word in self.wanted if not word.isascii() and word in text)
            case nodes.Name():
                return scope.get(node.name, self.own(node.name))
            case nodes.Getattr() | nodes.Getitem():
                return self.value(node.node, scope)
            case nodes.Filter() if node.node is not None and node.name in KEEPS:
                return self.value(node.node, scope)
            case nodes.Concat():
                return NOTHING.union(*(self.value(one, scope) for one in node.nodes))
            case nodes.Or():
                return self.value(node.left, scope)
            case nodes.CondExpr():
                other = self.value(node.expr2, scope) if node.expr2 is not None else NOTHING
                return self.chosen(node.test, [self.value(node.expr1, scope), other], scope)
        return NOTHING

    def own(self, name: str) -> Found:
        """没有另起的名字就是字段名。"""
        return self.wanted & {name}
