"""命名判断的小表达式：`complex`、`not complex`、`a and not b`、`done.inform or c`。

只有命名判断和 done.<含义> 两种原子，因此校验器能穷举真值，判断去向有没有重叠或遗漏。
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Mapping, Set
from dataclasses import dataclass
from functools import lru_cache


class GuardError(ValueError):
    """表达式写法不对。"""


@dataclass(frozen=True)
class Guard:
    """编译好的表达式。`predicates` 是用到的命名判断，`meanings` 是用到的法律含义。"""

    text: str
    predicates: frozenset[str]
    meanings: frozenset[str]
    _test: Callable[[Mapping[str, bool], Set[str]], bool]

    def holds(self, predicates: Mapping[str, bool], meanings: Set[str]) -> bool:
        """在给定真值和已有含义下是否成立；没有给的命名判断按不成立算。"""
        return self._test(predicates, meanings)


ALWAYS = Guard("", frozenset(), frozenset(), lambda predicates, meanings: True)


@lru_cache(maxsize=4096)
def parse_guard(text: str | None) -> Guard:
    """编译表达式；None 表示总是成立。写法不对抛 GuardError（中文）。"""
    if text is None:
        return ALWAYS
    try:
        tree = ast.parse(text.strip(), mode="eval").body
    except SyntaxError as error:
        raise GuardError(f"判断“{text}”写法不对，只能用判断名、done.含义、and、or、not 和括号") from error
    predicates: set[str] = set()
    meanings: set[str] = set()
    test = _compile(tree, text, predicates, meanings)
    return Guard(text, frozenset(predicates), frozenset(meanings), test)


def _compile(
    node: ast.expr, text: str, predicates: set[str], meanings: set[str]
) -> Callable[[Mapping[str, bool], Set[str]], bool]:
    match node:
        case ast.Name(id=name):
            predicates.add(name)
            return lambda values, done: values.get(name, False)
        case ast.Attribute(value=ast.Name(id="done"), attr=meaning):
            meanings.add(meaning)
            return lambda values, done: meaning in done
        case ast.UnaryOp(op=ast.Not(), operand=operand):
            inner = _compile(operand, text, predicates, meanings)
            return lambda values, done: not inner(values, done)
        case ast.BoolOp(op=op, values=parts):
            tests = [_compile(part, text, predicates, meanings) for part in parts]
            if isinstance(op, ast.And):
                return lambda values, done: all(test(values, done) for test in tests)
            return lambda values, done: any(test(values, done) for test in tests)
        case _:
            raise GuardError(f"判断“{text}”写法不对，只能用判断名、done.含义、and、or、not 和括号")
