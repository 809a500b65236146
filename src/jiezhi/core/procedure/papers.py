"""文书模板的语言：Jinja2 的一个小子集。渲染（base.documents）和校验（verifier.papers）用同一个环境。

字段里的内容只是文字：进了模板也不会再当模板，也不会当轻标记（换行、竖线、星号先换成占位）。
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from jinja2 import StrictUndefined, TemplateSyntaxError, Undefined, nodes
from jinja2.sandbox import ImmutableSandboxedEnvironment

from jiezhi.core.procedure.paperwalk import Mention, Template, walk
from jiezhi.core.prose import capital

__all__ = [
    "BAR", "BREAK", "MAX_TEXT", "NAMESPACES", "PARTY_PARTS", "PLAIN", "STAR", "VALUE", "Absent", "Mention", "Money",
    "Template", "cited", "clean", "environment", "fill", "plain", "read",
]  # fmt: skip

MAX_TEXT = 64 * 1024
MAX_FILLED = 1_000_000
MAX_LOOPS, MAX_GLUE = 2, 16
# 件、单位、含义……不是字段的名字；字段与它们同名时字段优先。
NAMESPACES: Mapping[str, frozenset[str] | None] = {
    "case": frozenset({"number", "title", "matter", "opened_on", "unit"}),
    "office": frozenset({"name", "short", "address", "phone"}),
    "done": None,
    "due": None,
    "roles": None,
}
PLAIN = frozenset({"number", "title", "on", "at", "by", "reason", "handlers"})
PARTY_PARTS = frozenset({"name", "phone", "identifier", "identifier_kind", "address", "account", "kind"})

BAR, BREAK, STAR, VALUE = "\ufdd0", "\ufdd1", "\ufdd2", "\ufdd3"
"""填进来的竖线、换行、星号和“这里起是填的内容”的占位（Unicode 保留给程序内部用的码位）。"""
_CLEAN = re.compile(
    "[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ufdd0-\ufdef\ufffe\uffff]"
)
_SURROGATE = re.compile("[\ud800-\udfff]")
_GUARDED = str.maketrans({"|": BAR, "\n": BREAK, "*": STAR})
_BANNED = (
    nodes.Macro, nodes.CallBlock, nodes.FilterBlock, nodes.Include, nodes.Import, nodes.FromImport,
    nodes.Extends, nodes.Block, nodes.With, nodes.AssignBlock, nodes.ScopedEvalContextModifier,
)  # fmt: skip
# 几个字就能算出几个 GB：填空只填空，不算、不拼接。
_SUMS = (
    nodes.Pow, nodes.Mul, nodes.Mod, nodes.Add, nodes.Sub, nodes.Div, nodes.FloorDiv, nodes.Concat,
)  # fmt: skip
_FILTERS = ("default", "d", "join", "length", "first", "last")


class Money(str):
    """印出来是 `5000元` 的钱；`fen` 是整数分。"""

    fen: int


class Absent(Undefined):
    """没有填过的字段：判断为假，取它的一部分还是没有填过，印出来就报错。"""

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        return self

    def __getitem__(self, name: Any) -> Any:
        return self

    def __str__(self) -> str:
        self._fail_with_undefined_error()
        return ""


def clean(text: str) -> str:
    """去掉 Word 里放不下、会改变显示次序的字符；换行统一成一种。"""
    text = text.replace("\r\n", "\n").replace("\r", "\n").replace("\u2028", "\n").replace("\u2029", "\n")
    return _SURROGATE.sub("\ufffd", _CLEAN.sub("", text)).replace("\t", "    ")


def _shown(value: Any) -> Any:
    return VALUE + clean(str(value)).translate(_GUARDED)


def plain(text: str) -> str:
    """占位换回原来的字。"""
    return text.replace(VALUE, "").replace(BAR, "|").replace(BREAK, "\n").replace(STAR, "*")


def _capital(value: Any) -> str:
    if isinstance(value, str) and not isinstance(value, Money):
        return str(value)  # 已依法清除的
    fen = value.fen if isinstance(value, Money) else int(value) * 100
    return capital(fen)


def _check(value: Any) -> str:
    return "☑" if value else "☐"


def _masked(value: Any) -> str:
    text = str(value)
    if len(text) < 9:
        return text[:1] + "*" * (len(text) - 1)
    return text[:3] + "*" * (len(text) - 7) + text[-4:]


@lru_cache(maxsize=1)
def environment() -> ImmutableSandboxedEnvironment:
    """文书模板的沙箱。"""
    # 不用 trim_blocks：句末的 endif 会连带吃掉换行，下一段就接到这一段上；多出的空行排版时不算。
    found = ImmutableSandboxedEnvironment(
        undefined=StrictUndefined, finalize=_shown, lstrip_blocks=True, autoescape=False, optimized=False
    )
    found.globals.clear()
    kept = {name: found.filters[name] for name in _FILTERS}
    found.filters = kept | {"capital": _capital, "check": _check, "masked": _masked}
    return found


def fill(text: str, context: Mapping[str, Any]) -> str:
    """填好的文字（轻标记，填进来的内容带占位）。

    没有填的、没有的名字印了 → jinja2.TemplateError；写法不许的、填出来太长的 → ValueError。
    """
    if faults := read(text).faults:
        say, line = faults[0]
        raise ValueError(f"第 {line} 行{say}")
    parts, size = [], 0
    for part in environment().from_string(text).generate(context):
        parts.append(part)
        size += len(part)
        if size > MAX_FILLED:
            raise ValueError(f"填出来超过 {MAX_FILLED // 10000} 万字，请核对循环和填报的内容")
    return "".join(parts)


@lru_cache(maxsize=256)
def read(text: str) -> Template:
    """看一遍模板。写法不对的记在 `faults`（说法、行号），不抛异常。"""
    found = Template()
    try:
        tree = environment().parse(text)
        found.faults += _banned(tree)  # 先看再编译：编译时会把定值算出来
        if found.faults:
            return found
        environment().compile(tree)
        tree = environment().parse(text)
    except TemplateSyntaxError as error:
        say = f"写法不对，请核对花括号、if 和 for 是否成对（{error.message}）"
        found.faults.append((say, error.lineno))
        return found
    except (RecursionError, AssertionError, TypeError, ValueError, SyntaxError, MemoryError):
        found.faults.append(("套得太深或写法不对，读不懂", 1))
        return found
    walk(found, tree)
    return found


def _banned(tree: nodes.Template) -> list[tuple[str, int]]:
    """不许的写法（说法、行号）。过滤器和判断的名字在这里查：写在 if 里的，编译时不报。"""
    found: list[tuple[str, int]] = []
    known = environment()
    for node in tree.find_all(nodes.Node):
        say = ""
        if isinstance(node, _BANNED):
            say = "只能用 if、for、set，不能 include、macro、block 之类"
        elif isinstance(node, _SUMS):
            say = "不能算、不能拼接（加减乘除、次方、~）；要算的由业务模板的字段算好"
        elif isinstance(node, nodes.Filter):
            say = _filter(node)
        elif isinstance(node, nodes.Test) and node.name not in known.tests:
            say = f"没有“{node.name}”这种判断"
        elif isinstance(node, nodes.Assign) and _listed(node.node):
            say = "set 里不能写列表；逐个写"
        if say:
            found.append((say, node.lineno))
    if _deep(tree) > MAX_LOOPS:
        found.append((f"循环套得太深，最多 {MAX_LOOPS} 层", 1))
    return list(dict.fromkeys(found))


def _listed(node: nodes.Node) -> bool:
    kinds = (nodes.List, nodes.Dict, nodes.Tuple)
    return isinstance(node, kinds) or any(node.find_all(kinds))


def _filter(node: nodes.Filter) -> str:
    """过滤器哪里不对；对则空。"""
    known = environment().filters
    if node.name not in known:
        return f"没有“{node.name}”这个过滤器；有 {'、'.join(known)}"
    if node.kwargs or node.dyn_args or node.dyn_kwargs:
        return f"过滤器 {node.name} 的参数直接写值"
    if node.name != "join":
        return ""
    glue = [one.value for one in node.args if isinstance(one, nodes.Const)]
    if len(node.args) > 1 or len(glue) != len(node.args) or len("".join(map(str, glue))) > MAX_GLUE:
        return f"join 只写一个定值，不超过 {MAX_GLUE} 个字，如 join('、')"
    inner = node.node.find_all(nodes.Filter) if node.node else ()
    if any(one.name == "join" for one in [node.node, *inner] if isinstance(one, nodes.Filter)):
        return "join 不能套 join"
    return ""


def _deep(node: nodes.Node) -> int:
    inner = max((_deep(child) for child in node.iter_child_nodes()), default=0)
    return inner + isinstance(node, nodes.For)


def cited(text: str) -> list[str]:
    """模板引用的依据。"""
    return [reference for reference, _ in read(text).cites]
