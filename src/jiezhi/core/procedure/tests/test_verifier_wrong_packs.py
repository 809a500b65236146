"""错的业务模板一份份拒绝：代号、行、说法都要对；它们脱胎的正确模板要通过。"""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from jiezhi.core.procedure.errors import Problem
from jiezhi.core.procedure.loader import load_folder, try_matter
from jiezhi.core.procedure.packset import PackSet
from jiezhi.core.procedure.verifier import Catalogue, locator, verify

FOLDER = Path(__file__).parent / "wrong_packs"
MARK = "# ← 错在这里"
HEADER = re.compile(r"# 期望:(.*)\n# 说法:(.*)\n# 与 (base_\w+)\.yaml 的差别:(.+)。\n")
WRONG = sorted(path.name for path in FOLDER.glob("*.yaml") if not path.name.startswith("base_"))
OFFICE = Catalogue(posts=frozenset({"chief", "legal", "window"}), unit_posts=frozenset({"chief"}), matters={})


@pytest.fixture(scope="module")
def packs() -> PackSet:
    found = load_folder(FOLDER / "shared")
    assert found.problems == []
    return found


def check(name: str, packs: PackSet) -> list[Problem]:
    """加载和校验的全部问题。"""
    matter, problems = try_matter((FOLDER / name).read_text(encoding="utf-8"), packs, name)
    if matter is None:
        return problems
    return problems + verify(matter.definition, locate=locator(matter.positions, name), catalogue=OFFICE)


@pytest.mark.parametrize("name", sorted(path.name for path in FOLDER.glob("base_*.yaml")))
def test_the_correct_pack_is_accepted(name: str, packs: PackSet) -> None:
    assert [str(problem) for problem in check(name, packs)] == []


@pytest.mark.parametrize("name", WRONG)
def test_the_wrong_pack_is_refused(name: str, packs: PackSet) -> None:
    text = (FOLDER / name).read_text(encoding="utf-8")
    header = HEADER.match(text)
    assert header, "开头要写期望的代号、说法和差别"
    code, fragment, base, _ = header.groups()
    marked = [number for number, line in enumerate(text.split("\n"), 1) if MARK in line]
    assert len(marked) == 1, "恰好标一行"
    assert (FOLDER / f"{base}.yaml").exists()
    found = check(name, packs)
    fitting = [p for p in found if p.code == code and fragment in p.say and p.is_error]
    listing = "\n".join(f"{p.code} {p}" for p in found)
    assert fitting, f"没有报 {code}:\n{listing}"
    assert (name, marked[0]) in {(p.file, p.line) for p in fitting}, listing
    assert not re.search(r"[A-Za-z_]+Error|Traceback|None", "".join(p.say for p in fitting))


def test_there_are_many_wrong_packs() -> None:
    assert len(WRONG) >= 30


PATHS = {
    "law_broken_by_loop.yaml": ("立案", "调查终结", "审核通过", "告知", "退回补充", "告知", "决定"),
    "return_without_clearing.yaml": ("立案", "调查终结", "告知", "退回补充"),
    "protected_skipped.yaml": ("立案", "调查终结", "决定"),
    "dead_end.yaml": ("立案", "调查终结", "告知", "退回补充"),
    "field_on_one_path_only.yaml": ("立案", "调查终结", "审核通过", "决定"),
}


@pytest.mark.parametrize("name", PATHS)
def test_the_shortest_path_to_the_offence_is_told(name: str, packs: PackSet) -> None:
    code = HEADER.match((FOLDER / name).read_text(encoding="utf-8"))[1]
    assert PATHS[name] in {problem.path for problem in check(name, packs) if problem.code == code}
