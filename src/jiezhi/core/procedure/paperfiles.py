"""文书模板文件：`<业务文件夹>/documents/*.md` 和共用的 `_documents/*.md`，读进业务模板的 documents。"""

from __future__ import annotations

import json
import re
from pathlib import Path as FilePath
from typing import Any

from jiezhi.core.procedure.errors import Problem
from jiezhi.core.procedure.packset import PackSet
from jiezhi.core.procedure.papers import MAX_TEXT
from jiezhi.core.procedure.source import Mark, Positions

SHARED = "_documents"
OWN = "documents"
_WORD = re.compile(r"[a-z][a-z0-9_]*")
_NAME = re.compile(r"[a-z0-9][a-z0-9_-]*\.md")


def read_papers(root: FilePath, packs: PackSet) -> None:
    """把文件夹下的文书模板都读进 `packs.papers`（相对路径 → 文字）；坏的文件报问题，不影响别的。"""
    for full in sorted(root.rglob("*.md")):
        inside = full.relative_to(root)
        if inside.parent.name not in (SHARED, OWN) or any(one.startswith(".") for one in inside.parts):
            continue
        shown = f"{root.name}/{inside.as_posix()}".encode("utf-8", "replace").decode()
        say = ""
        if full.is_symlink() or not full.is_file():
            say = "这是链接或特殊文件，没有读；请放文件本身"
        elif not _NAME.fullmatch(full.name):
            say = "文书模板的文件名只用小写字母、数字、-、_，以 .md 结尾"
        else:
            try:
                with full.open("rb") as stream:
                    data = stream.read(MAX_TEXT + 1)
                text = data.decode("utf-8-sig")
            except UnicodeDecodeError:
                say = "文书模板要存成 UTF-8"
            except OSError:
                say = "文件打不开，请检查权限"
            else:
                if len(data) > MAX_TEXT:
                    say = f"文书模板超过 {MAX_TEXT // 1024} KB，请拆成几份"
        if say:
            packs.problems.append(Problem("document.file", "error", "", shown, 0, 0, (), None, say))
        else:
            packs.papers[inside.as_posix()] = text.replace("\r\n", "\n")


def attach(data: Any, file: str, pack: str, packs: PackSet, marks: Positions) -> list[Problem]:
    """把 documents 里写了 `file` 的，文字读进 `text`（就地改 `data`）；找不到的报文件和行号。"""
    documents = data.get("documents")
    problems = []
    for name, decl in documents.items() if isinstance(documents, dict) else ():
        if not isinstance(decl, dict):
            continue
        wanted, text = decl.get("file"), decl.get("text")
        say = ""
        if wanted is not None and text is not None:
            say = "file 和 text 只能写一个"
        elif wanted is None and not text:
            say = "还没有模板：写 file（documents/ 里的文件）或 text"
        elif wanted is not None:
            found = _find(str(wanted), file, pack, packs)
            if found is None:
                say = f"没有文书模板“{wanted}”：应放在本文件夹的 {OWN}/ 或共用的 {SHARED}/ 里，名字要一样"
            else:
                say, decl["text"] = _renamed(decl.get("with"), found)
        if say:
            mark = marks.at(("documents", name, "file")) or marks.at(("documents", name)) or Mark(file, 0, 0)
            place = ("documents", str(name))
            problems.append(Problem("document.file", "error", pack, *mark, place, None, say))
    return problems


def _renamed(given: Any, text: str) -> tuple[str, str]:
    """共用模板里的名字换成这个业务的字段：（问题，文字）。写在第一行前面，行号不变。"""
    head = ""
    for name, value in given.items() if isinstance(given, dict) else ():
        if not _WORD.fullmatch(str(name)):
            continue  # 名字的写法另有检查
        value = str(value)
        if value.startswith("="):
            value = json.dumps(value[1:], ensure_ascii=False)
        elif not _WORD.fullmatch(value):
            return f"with 里的“{value}”写法不对：写字段名，定值写 =文字", text
        head += f"{{% set {name} = {value} %}}"
    return "", head + text


def _find(wanted: str, file: str, pack: str, packs: PackSet) -> str | None:
    # 浏览器里编辑的没有文件夹：按同一代号原来所在的文件夹找。
    known = packs.find(pack)
    homes = [file, known.file if known else ""]
    folders = ["/".join(home.split("/")[1:-1]) for home in homes if "/" in home]
    places = [f"{folder}/{OWN}/{wanted}" if folder else f"{OWN}/{wanted}" for folder in folders]
    places.append(f"{SHARED}/{wanted}")
    return next((packs.papers[place] for place in places if place in packs.papers), None)
