"""权责清单的种子：错的一份份拒绝，代号、行、说法都要对；随程序带的一份全部通过。"""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import pytest

import jiezhi
from jiezhi.core.procedure.errors import Problem
from jiezhi.core.procedure.law import CAN_STOP
from jiezhi.core.procedure.loader import load_folder
from jiezhi.core.procedure.powers import (
    EXERCISED,
    PowerDecl,
    authorisation_line,
    basis_line,
)
from jiezhi.core.procedure.tests.test_verifier_wrong_packs import FOLDER as PACKS
from jiezhi.core.procedure.tests.test_verifier_wrong_packs import MARK

FOLDER = PACKS / "powers"
HEADER = re.compile(r"# 期望:(.*)\n# 说法:(.*)\n# 与 base\.yaml 的差别:.+。\n")
WRONG = sorted(path.name for path in FOLDER.glob("*.yaml") if path.name != "base.yaml")
PENALTY = (
    ("cause: {title: 案由, type: text}", "cause: {title: 案由, type: power, class: 行政处罚}"),
    ("limit: 90日, from: means.file", "limit: $days, from: means.file"),
    (
        "roles:\n",
        "params:\n  days: {title: 决定天数, default: 90日, max: 90日, basis: penalty-2021.60}\nroles:\n",
    ),
)


def problems(tmp_path: Path, *texts: str) -> list[Problem]:
    """把清单放进共用的法律和两个业务模板中间，加载。"""
    root = tmp_path / "packs"
    shutil.copytree(PACKS / "shared", root)
    (root / "demo").mkdir()
    for name, changes in (("penalty", PENALTY), ("petition", ())):
        text = (PACKS / f"base_{name}.yaml").read_text(encoding="utf-8")
        for old, new in changes:
            assert text.count(old) == 1, old
            text = text.replace(old, new)
        (root / "demo" / f"{name}.yaml").write_text(text, encoding="utf-8")
    (root / "_powers").mkdir()
    for number, text in enumerate(texts):
        (root / "_powers" / f"list{number}.yaml").write_text(text, encoding="utf-8")
    return load_folder(root).problems


def read(name: str) -> str:
    return (FOLDER / name).read_text(encoding="utf-8")


def test_the_correct_list_is_accepted(tmp_path: Path) -> None:
    assert [str(one) for one in problems(tmp_path, read("base.yaml"))] == []


@pytest.mark.parametrize("name", WRONG)
def test_the_wrong_list_is_refused(name: str, tmp_path: Path) -> None:
    text = read(name)
    header = HEADER.match(text)
    assert header, "开头要写期望的代号、说法和差别"
    code, fragment = header.groups()
    marked = [number for number, line in enumerate(text.split("\n"), 1) if MARK in line]
    assert len(marked) == 1, "恰好标一行"
    found = problems(tmp_path, text)
    listing = "\n".join(f"{one.code} {one}" for one in found)
    fitting = [one for one in found if one.code == code and fragment in one.say and one.is_error]
    assert [(one.file, one.line) for one in fitting] == [("packs/_powers/list0.yaml", marked[0])], listing


def test_a_code_is_declared_once(tmp_path: Path) -> None:
    found = problems(tmp_path, read("base.yaml"), read("base.yaml"))
    assert [(one.code, one.file, one.line) for one in found] == [
        ("name.duplicate", "packs/_powers/list1.yaml", 2),
        ("name.duplicate", "packs/_powers/list1.yaml", 11),
    ]
    assert "list0.yaml:2 声明过" in found[0].say


def test_lists_live_in_their_own_folder(tmp_path: Path) -> None:
    folder = tmp_path / "packs" / "demo"
    folder.mkdir(parents=True)
    (folder / "x.yaml").write_text(read("base.yaml"), encoding="utf-8")
    assert [one.code for one in load_folder(tmp_path / "packs").problems] == ["file.place"]


def test_what_the_law_says_directly_is_taken_from_the_catalogue() -> None:
    statutes = load_folder(PACKS / "shared").statutes
    decl = PowerDecl.model_validate(
        {
            "title": "甲",
            "class": "行政处罚",
            "basis": "penalty-2021.54",
            "authorisation": {"article": "penalty-2021.54"},
        }
    )
    line = authorisation_line(decl.authorisation, statutes)
    assert line == {
        "announcement": "条文直接授权：《行政处罚法》第54条",
        "article": "penalty-2021.54",
        "from": "2021-07-15",
        "to": "长期",
        "status": "已核对",
    }
    # 条文标了失效日的，直接授权到前一日为止
    ending = {**statutes, "penalty-2021": statutes["penalty-2021"].model_copy(update={"until": "2027-01-01"})}
    assert authorisation_line(decl.authorisation, ending)["to"] == "2026-12-31"
    assert basis_line(statutes, "penalty-2021.web")["status"] == "已核对(网)"
    assert basis_line(statutes, "penalty-2021.0") is None


def test_the_list_that_comes_with_the_program() -> None:
    """至少八十项；种子不自称有授权：写了授权的，都是已核对的条文直接授权。"""
    packs = load_folder(Path(jiezhi.__file__).parent / "packs")
    assert [str(one) for one in packs.problems if one.file.startswith("packs/_powers")] == []
    assert len(packs.powers) >= 80
    assert {one.class_ for one in packs.powers.values()} >= {*EXERCISED, "行政给付", "公共服务", "其他"}
    for code, power in packs.powers.items():
        lines = [basis_line(packs.statutes, one) for one in power.basis]
        assert all(line["status"] in (*CAN_STOP, "已核对(网)") for line in lines), code
        assert power.unit is None, "责任单位各街道自己定"
        if power.authorisation:
            assert power.authorisation.article in power.basis, code
            assert authorisation_line(power.authorisation, packs.statutes)["status"] == "已核对", code
