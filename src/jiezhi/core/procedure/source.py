"""把一个 YAML 文件读成普通数据，并记住每个值、每个键在第几行第几列。

只认 YAML 1.2 核心写法的一小部分，读到什么一眼看得出来：`true/false`、`null/~/空`、十进制整数，其余都是
文字（`yes`、`on`、`012`、`2026-01-01` 都是文字）。小数、重复的键、锚点（&）、引用（*）、标签（!）、
合并键（<<）一律不收。键总是文字：`60:` 的键就是 "60"。

文件可能有恶意：大小、层数、节点数都有上限；用事件流而不用整棵树解析，超限即停（深层嵌套会使解析变得极慢）。
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError, YAMLError

from jiezhi.core.procedure.errors import Problem

MAX_BYTES = 1_000_000
MAX_DEPTH = 40
MAX_NODES = 100_000

Path = tuple[str | int, ...]

_INT = re.compile(r"-?(?:0|[1-9][0-9]{0,15})")
_LONG_INT = re.compile(r"-?[1-9][0-9]{16,}")
_FLOAT = re.compile(
    r"[-+]?(?:\.[0-9]+|[0-9]+\.[0-9]*)(?:[eE][-+]?[0-9]+)?|[-+]?[0-9]+[eE][-+]?[0-9]+"
    r"|[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN)"
)
_CONSTANTS: dict[str, Any] = {
    **dict.fromkeys(("", "~", "null", "Null", "NULL"), None),
    **dict.fromkeys(("true", "True", "TRUE"), True),
    **dict.fromkeys(("false", "False", "FALSE"), False),
}
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ue000\ufffe\uffff]")
_WIDE_COLON = "\uff1a"  # 中文冒号
_QUESTION = re.compile(r"(?<=\w)\?")
_STAND_IN = "\ue000"
# 看不见而会改变文字排列方向的字符：屏幕上看到的和实际写的不是一回事。
_INVISIBLE = re.compile("[\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff]")


class Mark(NamedTuple):
    """一处位置。行、列从 1 数起。"""

    file: str
    line: int
    column: int


class Positions:
    """路径 → 位置。`values` 是值的位置，`keys` 是键（和列表里每一项）的位置。"""

    def __init__(self) -> None:
        self.values: dict[Path, Mark] = {}
        self.keys: dict[Path, Mark] = {}

    def at(self, path: Path, *, key: bool = True) -> Mark | None:
        """路径的位置；找不到就退到最近的上一级。`key` 为真时先给键的位置。"""
        first, second = (self.keys, self.values) if key else (self.values, self.keys)
        for length in range(len(path), -1, -1):
            found = first.get(path[:length]) or second.get(path[:length])
            if found:
                return found
        return None


@dataclass
class Source:
    """读出来的一个文件。`data` 在读不下去时为 None;`flagged` 是已经报过问题的路径。"""

    file: str
    data: Any = None
    positions: Positions = field(default_factory=Positions)
    problems: list[Problem] = field(default_factory=list)
    flagged: set[Path] = field(default_factory=set)

    def under_flagged(self, path: Path) -> bool:
        """这条路径（或它的上级）是不是已经报过问题，免得同一处报两遍。"""
        return any(path[:length] in self.flagged for length in range(1, len(path) + 1))


class _Halt(Exception):
    """读不下去了，问题已经记下。"""


def read_text(text: str | bytes, file: str, *, pack: str = "") -> Source:
    """读一段 YAML。

    进：文字或 UTF-8 字节，`file` 是给人看的文件名。出：Source，全部问题在 `problems` 里，不抛异常。
    """
    source = Source(file)
    reader = _Reader(source, pack)
    try:
        data = text.encode("utf-8") if isinstance(text, str) else text
    except UnicodeEncodeError:
        reader.report("yaml.encoding", 0, 0, "文件里有残缺的字符，请重新用 UTF-8 保存")
        return source
    try:
        reader.read(data)
    except _Halt:
        source.data = None
    return source


class _Reader:
    def __init__(self, source: Source, pack: str) -> None:
        self.source = source
        self.pack = pack
        self.nodes = 0

    def report(self, code: str, line: int, column: int, say: str, path: Path = ()) -> None:
        self.source.problems.append(
            Problem(
                code, "error", self.pack, self.source.file, line, column, tuple(map(str, path)), None, say
            )
        )
        if path:
            self.source.flagged.add(path)

    def halt(self, code: str, line: int, column: int, say: str) -> _Halt:
        self.report(code, line, column, say)
        return _Halt()

    def read(self, data: bytes) -> None:
        """先看大小和字符，再按事件流构造。"""
        if len(data) > MAX_BYTES:
            size = f"{MAX_BYTES // 1000}KB"
            raise self.halt("yaml.too_big", 0, 0, f"文件超过 {size}，请拆成几个文件")
        try:
            text = data.decode("utf-8")
        except UnicodeDecodeError as error:
            line = data.count(b"\n", 0, error.start) + 1
            raise self.halt("yaml.encoding", line, 1, "文件不是 UTF-8 编码，请另存为 UTF-8") from None
        text = text.removeprefix("\ufeff")
        self._check_characters(text)
        # C 解析器按 YAML 1.1 把方括号里 `urgent?` 的问号当成记号，1.2 里它只是文字：
        # 先换成占位字符，读出来再换回。
        events = YAML(typ="safe", pure=False).parse(_QUESTION.sub(_STAND_IN, text))
        try:
            self._document(iter(events))
        except _Halt:
            raise
        except MarkedYAMLError as error:
            raise self._syntax(error, text) from None
        except (YAMLError, ValueError, RecursionError) as error:
            raise self.halt("yaml.syntax", 0, 0, f"文件读不下去：{type(error).__name__}") from None

    def _check_characters(self, text: str) -> None:
        control = _CONTROL.search(text)
        if control:
            line, column = _line_column(text, control.start())
            raise self.halt("yaml.control", line, column, "这里有一个看不见的控制字符，请删掉")
        found = _INVISIBLE.search(text)
        if found:
            line, column = _line_column(text, found.start())
            self.report("yaml.invisible", line, column, "这里有一个看不见的排版字符（零宽或换向），请删掉")

    def _syntax(self, error: MarkedYAMLError, text: str) -> _Halt:
        mark = error.problem_mark or error.context_mark
        line, column = (mark.line + 1, mark.column + 1) if mark else (0, 0)
        lines = text.splitlines()
        row = lines[line - 1] if 0 < line <= len(lines) else ""
        before = lines[line - 2] if 1 < line <= len(lines) + 1 else ""
        code, say = _explain(error.problem or "", row, column, before)
        return self.halt(code, line, column, say)

    def _document(self, events: Iterator[Any]) -> None:
        seen_document = False
        for event in events:
            kind = type(event).__name__
            if kind == "DocumentStartEvent":
                if seen_document:
                    line, column = _place(event)
                    raise self.halt(
                        "yaml.documents", line, column, "一个文件只能有一份声明，请去掉“---”之后的部分"
                    )
                if event.version or event.tags:
                    line, column = _place(event)
                    raise self.halt("yaml.directive", line, column, "不能写以 % 开头的指令，请删掉")
                seen_document = True
            elif kind not in ("StreamStartEvent", "DocumentEndEvent", "StreamEndEvent"):
                self.source.data = self._node(event, kind, events, (), 1)
        if not seen_document or self.source.data is None:
            raise self.halt("yaml.empty", 1, 1, "文件是空的")

    def _node(self, event: Any, kind: str, events: Iterator[Any], path: Path, depth: int) -> Any:
        line, column = _place(event)
        self.nodes += 1
        if self.nodes > MAX_NODES:
            raise self.halt("yaml.too_many", line, column, "文件内容太多，请拆成几个文件")
        if depth > MAX_DEPTH:
            raise self.halt(
                "yaml.too_deep", line, column, f"套得太深（超过 {MAX_DEPTH} 层），请检查括号和缩进"
            )
        self.source.positions.values[path] = Mark(self.source.file, line, column)
        if kind == "AliasEvent":
            self.report(
                "yaml.alias", line, column, f"不能用“*{event.anchor}”引用别处，请把内容写全", path or ("*",)
            )
            return None
        if event.anchor:
            self.report("yaml.anchor", line, column, f"不能用锚点“&{event.anchor}”，请删掉", path or ("&",))
        if event.tag is not None:
            self.report(
                "yaml.tag", line, column, "不能写以“!”开头的标签，请删掉（文字请加引号）", path or ("!",)
            )
        if kind == "ScalarEvent":
            return self._scalar(event, path, line, column)
        if kind == "SequenceStartEvent":
            return self._sequence(events, path, depth)
        return self._mapping(events, path, depth)

    def _sequence(self, events: Iterator[Any], path: Path, depth: int) -> list[Any]:
        items: list[Any] = []
        for event in events:
            kind = type(event).__name__
            if kind == "SequenceEndEvent":
                break
            items.append(self._node(event, kind, events, (*path, len(items)), depth + 1))
        return items

    def _mapping(self, events: Iterator[Any], path: Path, depth: int) -> dict[str, Any]:
        found: dict[str, Any] = {}
        for event in events:
            kind = type(event).__name__
            if kind == "MappingEndEvent":
                break
            key = self._key(event, kind, events, path, depth)
            below = (*path, key) if key is not None else (*path, "?")
            line, column = _place(event)
            value_event = next(events)
            repeated = key is not None and key in found
            if key is None or repeated:
                # 坏键的值照样读完（里面可能还有问题），但不采用，位置也不覆盖先写的那个。
                kept = self.source.positions
                self.source.positions = Positions()
                self._node(value_event, type(value_event).__name__, events, (*below, "?"), depth + 1)
                first = kept.keys.get(below)
                self.source.positions = kept
                if repeated and first:
                    say = f"“{key}”重复写了（第 {first.line} 行已经有），请合并或改名"
                    self.report("yaml.duplicate", line, column, say, below)
                continue
            self.source.positions.keys[below] = Mark(self.source.file, line, column)
            assert key is not None
            found[key] = self._node(value_event, type(value_event).__name__, events, below, depth + 1)
        return found

    def _key(self, event: Any, kind: str, events: Iterator[Any], path: Path, depth: int) -> str | None:
        """键的文字；不能用的键记下问题，返回 None。"""
        line, column = _place(event)
        self.nodes += 1
        if kind != "ScalarEvent":
            if kind == "AliasEvent":
                self.report("yaml.alias", line, column, "键不能用引用，请写成文字", (*path, "?"))
                return None
            self.report("yaml.key", line, column, "键只能是文字，不能是列表或对照表", (*path, "?"))
            self._node(event, kind, events, (*path, "?", "?"), depth + 1)
            return None
        if event.anchor:
            self.report("yaml.anchor", line, column, f"不能用锚点“&{event.anchor}”，请删掉", (*path, "?"))
        if event.tag is not None:
            self.report("yaml.tag", line, column, "不能写以“!”开头的标签，请删掉", (*path, "?"))
        key = str(event.value).replace(_STAND_IN, "?")
        if key == "<<" and event.style in ("", None):
            self.report(
                "yaml.merge",
                line,
                column,
                "不能用“<<”合并，请把内容写全，或改用通用做法（use）",
                (*path, "?"),
            )
            return None
        if not key or len(key) > 200:
            self.report("yaml.key", line, column, "键是空的或太长", (*path, "?"))
            return None
        return key

    def _scalar(self, event: Any, path: Path, line: int, column: int) -> Any:
        text = str(event.value).replace(_STAND_IN, "?")
        if event.style not in ("", None) or event.tag is not None:
            return text
        if text in _CONSTANTS:
            return _CONSTANTS[text]
        if _INT.fullmatch(text):
            return int(text)
        if _LONG_INT.fullmatch(text):
            self.report("yaml.big_int", line, column, f"整数“{text[:20]}…”太大；如果是编号，请加引号", path)
        elif _FLOAT.fullmatch(text):
            say = f"不收小数“{text[:20]}”：请写整数（金额写分，不写元）；如果是文字，请加引号"
            self.report("yaml.float", line, column, say, path)
        return text


def _place(event: Any) -> tuple[int, int]:
    mark = event.start_mark
    return (mark.line + 1, mark.column + 1) if mark else (0, 0)


def _line_column(text: str, index: int) -> tuple[int, int]:
    return text.count("\n", 0, index) + 1, index - text.rfind("\n", 0, index)


def _explain(problem: str, row: str, column: int, before: str) -> tuple[str, str]:
    """解析器的英文说法 → （代号, 中文说法）。"""
    here = row[column - 1 : column]
    indent = row[: len(row) - len(row.lstrip())]
    if "\t" in indent or "tab character" in problem or here == "\t":
        return "yaml.tab", "这一行用了制表符（Tab），请改用空格缩进"
    if "mapping values" in problem:
        if _WIDE_COLON in before:
            return "yaml.syntax", f"上一行“{before.strip()[:20]}”用了中文冒号，请改成英文冒号加空格"
        return "yaml.syntax", "一行里多了一个冒号，或缩进与上一行对不齐；文字里有“: ”时请加引号"
    if "cannot start any token" in problem:
        return "yaml.syntax", f"文字不能以“{here}”开头，请加引号"
    for english, chinese in _SYNTAX:
        if english in problem:
            return "yaml.syntax", chinese
    if _WIDE_COLON in row and ":" not in row:
        return "yaml.syntax", "这一行用了中文冒号，请改成英文冒号加空格"
    return "yaml.syntax", "这里的写法不对，请检查缩进、冒号、引号和括号"


_SYNTAX = (
    ("unexpected end of stream", "引号没有配对，一直到文件末尾都没有收尾"),
    ("expected ',' or '}'", "花括号里少了逗号或右花括号“}”"),
    ("expected ',' or ']'", "方括号里少了逗号或右方括号“]”"),
    ("expected '-' indicator", "列表里混进了别的写法：同一级要么都以“- ”开头，要么都写“键: 值”"),
    ("expected key", "缩进对不齐，或这里少了“键: ”"),
    ("could not find expected ':'", "这里少了冒号，应写成“键: 值”（冒号后空一格）"),
    ("unknown escape", "双引号里的反斜杠写法不对，请改用单引号"),
    ("expected node content", "这里少了内容，或括号没有配对"),
    ("document start", "一个文件只能有一份声明，请去掉“...”之后的部分"),
    ("tag", "不能写以“!”开头的标签，请删掉（文字请加引号）"),
    ("alphabetic or numeric", "文字以“*”或“&”开头时请加引号"),
    ("block scalar", "“|”或“>”后面不能直接写字，请换行再写"),
    ("comment or line break", "“|”或“>”后面不能直接写字，请换行再写"),
)
