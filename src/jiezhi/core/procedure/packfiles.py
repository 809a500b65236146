"""业务模板文件夹里的文件：找出来、读成普通数据、看各是哪一种、放得对不对。"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from pathlib import Path as FilePath
from typing import Any

from jiezhi.core.procedure.errors import Problem
from jiezhi.core.procedure.packset import PackSet
from jiezhi.core.procedure.source import MAX_BYTES, Mark, Path, Source, read_text

MAX_FILES = 2000
KINDS = ("matter", "trait", "list", "law", "statutes", "means", "powers", "discretion", "system")
_PLACES = dict.fromkeys(("law", "statutes", "means"), "_law") | {"trait": "_traits"}
_PLACES |= {"powers": "_powers", "discretion": "_discretion", "system": "_systems"}
_READABLE = re.compile(r"[0-9A-Za-z\u4e00-\u9fff][0-9A-Za-z\u4e00-\u9fff_.-]*")


def read_sources(root: FilePath, packs: PackSet) -> dict[str, list[Source]]:
    """读 `root` 下全部 `**/*.yaml`：种类（KINDS）→ 文件，按名字排好。读不了、放错地方的不在内，问题记进 `packs`。"""
    found: dict[str, list[Source]] = {kind: [] for kind in KINDS}
    for name, full in _files(root, packs):
        source = _read(name, full)
        packs.problems += source.problems
        if isinstance(source.data, dict):
            kind = _kind(source, packs)
            if kind:
                found[kind].append(source)
        elif source.data is not None:
            packs.problems.append(
                problem_in(source, "file.shape", (), "文件最外层要写“键: 值”，如 matter: …")
            )
    return found


def problem_in(
    source: Source, code: str, path: Path, say: str, *, pack: str = "", severity: Any = "error"
) -> Problem:
    """文件里一处的问题，指到行列；没有那一处的指到文件。"""
    mark = source.positions.at(path) or Mark(source.file, 0, 0)
    return Problem(code, severity, pack, *mark, tuple(map(str, path)), None, say)


def _files(root: FilePath, packs: PackSet) -> Iterator[tuple[str, FilePath]]:
    """（给人看的名字, 路径），按名字排好。不跟随指向别处的链接。"""
    count = 0
    for folder, names, files in os.walk(root):
        names[:] = sorted(name for name in names if not name.startswith(".") and name != "_schema")
        inside = FilePath(folder).relative_to(root).parts
        for name in sorted(files):
            full = FilePath(folder, name)
            shown = "/".join([root.name, *inside, name])
            lower = name.lower()
            if name.startswith(".") or not lower.endswith((".yaml", ".yml")):
                continue
            if not name.endswith(".yaml"):
                packs.problems.append(
                    _about_file(shown, "file.name", "文件名要以 .yaml 结尾，这个文件没有读", "warn")
                )
                continue
            if not _READABLE.fullmatch(name) or not all(
                _READABLE.fullmatch(part.lstrip("_")) for part in inside
            ):
                say = "文件名和文件夹名只用汉字、字母、数字、-、_,不要空格和特殊符号"
                packs.problems.append(_about_file(shown, "file.name", say, "warn"))
            if full.is_symlink() or not full.is_file():
                packs.problems.append(
                    _about_file(shown, "file.link", "这是链接或特殊文件，没有读；请放文件本身")
                )
                continue
            count += 1
            if count > MAX_FILES:
                packs.problems.append(
                    _about_file(shown, "file.too_many", f"文件超过 {MAX_FILES} 个，其余没有读")
                )
                return
            yield shown, full


def _about_file(file: str, code: str, say: str, severity: Any = "error") -> Problem:
    # 文件名里可能有坏字节，先变成能显示的。
    shown = file.encode("utf-8", "replace").decode("utf-8")
    return Problem(code, severity, "", shown, 0, 0, (), None, say)


def _read(name: str, full: FilePath) -> Source:
    try:
        with full.open("rb") as stream:
            data = stream.read(MAX_BYTES + 1)
    except OSError:
        source = Source(name)
        source.problems.append(_about_file(name, "file.unreadable", "文件打不开，请检查权限"))
        return source
    return read_text(data, name, pack=full.stem)


def _kind(source: Source, packs: PackSet) -> str | None:
    """文件是哪一种，放得对不对。"""
    found = [kind for kind in KINDS if kind in source.data]
    # 业务模板和通用做法里也有 law 之类的字眼可能重名，所以按 KINDS 的次序认第一个。
    if not found:
        keys = "、".join(list(source.data)[:5])
        say = f"看不出是什么文件（最外层的键：{keys}）：要有 {'、'.join(KINDS)} 之一"
        packs.problems.append(problem_in(source, "file.kind", tuple(list(source.data)[:1]), say))
        return None
    kind = found[0]
    parts = source.file.split("/")[1:-1]
    top = parts[0] if parts else ""
    wanted = _PLACES.get(kind, "")
    wrong = top != wanted if wanted else kind == "matter" and top in _PLACES.values()
    if wrong:
        say = f"这个文件应放在 {wanted or '业务模板自己的'} 文件夹里"
        packs.problems.append(problem_in(source, "file.place", (kind,), say))
        return None
    return kind
