"""设置都写进了 docs/settings.md：程序读的每个环境变量都在表里，表里的每个程序都读。"""

from __future__ import annotations

import ast
import os
import re
import runpy
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[2]
SRC = ROOT / "src" / "jiezhi"
SETTINGS = SRC / "config" / "settings.py"
NAME = re.compile(r"JIEZHI_[A-Z0-9_]*[A-Z0-9]")


class Spy(dict[str, str]):
    """记下读过哪些的环境。"""

    def __init__(self, *given: Any, **more: str) -> None:
        super().__init__(*given, **more)
        self.asked: set[str] = set()

    def get(self, key: str, default: Any = None) -> Any:
        self.asked.add(key)
        return super().get(key, default)

    def __getitem__(self, key: str) -> str:
        self.asked.add(key)
        return super().__getitem__(key)


def written() -> set[str]:
    """源码里写着的名字（整个字符串就是它）；settings.py 之外不许拼名字，不然这里看不见。"""
    found: set[str] = set()
    for path in SRC.rglob("*.py"):
        if "tests" in path.parts or path.name.startswith("testing") or path.name == "settings_test.py":
            continue
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Constant) and isinstance(node.value, str) and NAME.fullmatch(node.value):
                found.add(node.value)
            made = isinstance(node, ast.JoinedStr) and isinstance(node.values[0], ast.Constant)
            if made and re.fullmatch(r"JIEZHI_[A-Z_]*", str(node.values[0].value)):
                assert path == SETTINGS, f"{path.name} 拼出设置的名字：请写全"
    return found


def read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> set[str]:
    """执行设置的时候读了的，连同拼出来的。"""
    spy = Spy(os.environ, JIEZHI_HOME=str(tmp_path))
    monkeypatch.setattr(os, "environ", spy)
    runpy.run_path(str(SETTINGS))
    return {name for name in spy.asked if NAME.fullmatch(name)}


def test_every_setting_is_documented(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    used = written() | read(tmp_path, monkeypatch)
    told = set(NAME.findall((ROOT / "docs" / "settings.md").read_text(encoding="utf-8")))
    assert {"JIEZHI_HOME", "JIEZHI_RATE_NODE", "JIEZHI_OFFICE_PHONE", "JIEZHI_WORKERS"} <= used
    assert used - told == set(), "docs/settings.md 里没有"
    assert told - used == set(), "docs/settings.md 里写了，程序不读"
