"""测试用：把真实的业务模板（通用做法已展开）改坏一处，看校验器报不报。"""

from __future__ import annotations

import copy
import json
from collections.abc import Callable
from functools import lru_cache
from pathlib import Path
from typing import Any

from jiezhi.core.procedure.errors import Problem
from jiezhi.core.procedure.loader import load_folder, try_matter
from jiezhi.core.procedure.packset import PackSet
from jiezhi.core.procedure.verifier import verify

PACKS = Path(__file__).resolve().parents[2] / "packs"
Data = dict[str, Any]
Edit = Callable[[Data], None]


@lru_cache(maxsize=1)
def packs() -> PackSet:
    """全部业务模板，只读一次。"""
    return load_folder(PACKS)


def sound(matter: str) -> Data:
    """没有改坏的模板，各得一份。"""
    found: Data = copy.deepcopy(_expanded(matter))
    return found


@lru_cache(maxsize=32)
def _expanded(matter: str) -> Data:
    decl = packs().matters[matter].decl
    dumped: Data = decl.model_dump(mode="json", by_alias=True, exclude_unset=True)
    for document in dumped.get("documents", {}).values():
        if document.get("file"):
            document.pop("text", None)  # 加载器从 file 读进来的
    return {key: value for key, value in dumped.items() if key != "use"}


def broken(matter: str, *edits: Edit) -> Data:
    """依次改过的模板；什么也没有改动是测试写错了。"""
    data = sound(matter)
    for edit in edits:
        edit(data)
    assert data != sound(matter), "没有改动"
    return data


def problems(data: Data | str) -> list[Problem]:
    """一份模板（数据或 YAML 文字）的全部问题。"""
    text = data if isinstance(data, str) else json.dumps(data, ensure_ascii=False, indent=1)
    matter, found = try_matter(text, packs(), "packs/enforcement/broken.yaml")
    return found if matter is None else [*found, *verify(matter.definition)]


def listed(value: Any) -> list[Any]:
    """一项或几项，都成列表。"""
    return value if isinstance(value, list) else [] if value is None else [value]


def doing(data: Data, means: str) -> list[Data]:
    """做这个含义的动作。"""
    return [one for one in data["actions"].values() if means in listed(one.get("means"))]


# ---- 改法 ----


def at(data: Any, path: str) -> tuple[Any, Any]:
    """`a.b.c` → （b 所在的字典, c）。"""
    *above, last = path.split(".")
    for part in above:
        data = data[int(part) if isinstance(data, list) else part]
    return data, int(last) if isinstance(data, list) else last


def cut(path: str) -> Edit:
    """删去一项。"""

    def edit(data: Data) -> None:
        holder, last = at(data, path)
        del holder[last]

    return edit


def put(path: str, value: Any) -> Edit:
    """改成这个值。"""

    def edit(data: Data) -> None:
        holder, last = at(data, path)
        holder[last] = value

    return edit


def drop(path: str, *items: str) -> Edit:
    """从列表里去掉这几项。"""

    def edit(data: Data) -> None:
        holder, last = at(data, path)
        kept = listed(holder[last])
        assert set(items) <= set(kept), f"{path} 里没有 {items}"
        holder[last] = [one for one in kept if one not in items]

    return edit


def add(path: str, *items: str) -> Edit:
    """往列表里加这几项。"""

    def edit(data: Data) -> None:
        holder, last = at(data, path)
        holder[last] = [*listed(holder.get(last)), *items]

    return edit


def paper(name: str, *gone: str) -> Edit:
    """文书模板里去掉这些字样。"""

    def edit(data: Data) -> None:
        decl = data["documents"][name]
        text = (PACKS / "enforcement" / "documents" / decl.pop("file")).read_text(encoding="utf-8")
        for word in gone:
            assert word in text
            text = text.replace(word, "")
        decl["text"] = text

    return edit
