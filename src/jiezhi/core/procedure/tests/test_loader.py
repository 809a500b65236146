"""加载：一次报全，坏的不影响好的，位置指到那一行。"""

from __future__ import annotations

from pathlib import Path

import pytest

from jiezhi.core.procedure.errors import PackError
from jiezhi.core.procedure.loader import load_folder, load_matter, try_matter
from jiezhi.core.procedure.packset import PackSet
from jiezhi.core.procedure.systems import GROUPS, SYSTEMS
from jiezhi.core.procedure.tests.helpers import SMALL, sample


def problems(text: str, packs: PackSet | None = None) -> list[tuple[int, str, str]]:
    _, found = try_matter(text, packs or sample(), "x.yaml")
    return [(p.line, p.code, p.say) for p in found]


def line_of(text: str, part: str) -> int:
    return next(number for number, row in enumerate(text.splitlines(), 1) if part in row)


def write(root: Path, files: dict[str, str]) -> Path:
    folder = root / "packs"
    for name, text in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text, encoding="utf-8")
    return folder


def test_sample_loads_without_problems() -> None:
    packs = sample()
    assert [str(p) for p in packs.problems] == []
    assert list(packs.matters) == ["hotline.report"]
    assert packs.faulty == {}
    assert packs.means["dispatch"] == "分派"
    assert packs.codes["appeal_kinds"].codes["road/light"] == "道路/路灯"
    assert [law.law for law in packs.laws] == ["群众诉求"]
    assert packs.shared_mark("statutes", "derived").line == 12


def test_params_are_resolved_in_the_definition_but_not_in_the_declaration() -> None:
    matter = sample().matters["hotline.report"]
    assert matter.decl.clocks["dispatch"].limit == "$dispatch_limit"
    assert matter.definition.matter.clocks["dispatch"].limit == "4个工作小时"


def test_position_points_into_the_trait_file() -> None:
    packs = sample()
    assert packs.position("hotline.report", ("actions", "withdraw", "by")) == (
        "sample_packs/_traits/withdrawable.yaml",
        10,
    )
    own = packs.position("hotline.report", ("actions", "extend", "title"))
    assert own[0] == "sample_packs/hotline/report.yaml"
    assert packs.position("hotline.report", ("actions", "extend", "needs", 0))[0].endswith("extendable.yaml")
    assert packs.position("hotline.report", ("clocks", "reply", "limit"))[0].endswith("report.yaml")
    assert packs.position("没有的") == ("", 0)
    assert packs.matters["hotline.report"].from_traits[("actions", "withdraw")] == "withdrawable"


@pytest.mark.parametrize(
    ("old", "new", "part", "code", "words"),
    [
        ("    to: done\n", "    too: done\n", "too:", "decl.extra_forbidden", ["动作“办结”", "想写 to"]),
        ("class: 群众诉求\n", "", "matter:", "decl.missing", ["少写了 class（事项类别）"]),
        ("    by: reporter\n", "", "register:", "decl.missing", ["办理动作“登记”", "by（谁能做）"]),
        ("type: text", "type: txt", "content:", "decl.enum", ["只能写", "是不是想写 text?"]),
        ("ended: done", "ended: finish", "done:", "decl.literal_error", ["done、withdrawn"]),
        ("terminal: true", "terminal: 对", "terminal", "decl.bool_parsing", ["true 或 false", "“对”"]),
        ("  new: {title", "  New: {title", "New:", "decl.string_pattern_mismatch", ["“New”", "小写字母"]),
        ("title: 小件", "title: 12", "title: 12", "decl.string_type", ["要写文字", "加引号"]),
        ("from: new", "from: [new, new]", "[new, new]", "decl.value_error", ["重复写了：new"]),
        ("covers: [B1]", "covers: []", "covers:", "decl.too_short", ["至少要写 1 项"]),
        ("covers: [B1]", "covers: [B99]", "covers:", "covers.unknown", ["B99", "A1 到 K7"]),
        ("type: text", "type: code, list: nope", "content:", "codes.unknown", ["nope", "appeal_kinds"]),
        ("type: text", "type: code", "content:", "codes.missing", ["list"]),
        ("type: text", "type: text, list: appeal_kinds", "content:", "codes.idle", ["不是代码"]),
        ("from: new", "from: $x", "$x", "param.unknown", ["$x"]),
        ("class:", "use: [nope]\nclass:", "use:", "trait.unknown", ["nope", "withdrawable"]),
        ("type: text", "type: text, max: 1.5", "content:", "yaml.float", ["小数"]),
    ],
)  # fmt: skip
def test_each_mistake_says_where_and_what(old: str, new: str, part: str, code: str, words: list[str]) -> None:
    text = SMALL.replace(old, new, 1)
    found = problems(text)
    assert [(line, kind) for line, kind, _ in found] == [(line_of(text, part), code)]
    for word in words:
        assert word in found[0][2]
    with pytest.raises(PackError):
        load_matter(text, sample())


def test_needs_union_complains_only_about_the_shape_written() -> None:
    text = SMALL + "    needs:\n      - {title: 齐全, cel: 'true', say: 缺材料, basis: office.8}\n"
    assert problems(text) == [
        (line_of(text, "齐全"), "decl.missing", "办理动作“办结”：少写了 remedy（怎样补）")
    ]
    text = SMALL + "    needs: [7]\n"
    ((line, _, say),) = problems(text)
    assert line == line_of(text, "needs: [7]") and "要写文字" in say


def test_bad_cite_is_explained() -> None:
    text = SMALL + "    basis: 处罚法第60条\n"
    found = problems(text)
    assert found[0][:2] == (line_of(text, "basis:"), "decl.string_pattern_mismatch")
    assert "penalty-2021.60" in found[0][2]


def test_python_spellings_are_not_part_of_the_language() -> None:
    found = problems(SMALL.replace("    from: new", "    from_: new"))
    assert {code for _, code, _ in found} == {"decl.extra_forbidden", "decl.missing"}


def test_all_problems_of_one_matter_together() -> None:
    text = SMALL.replace("title: 小件", "title: 3").replace("ended: done", "ended: x") + "    bY: a\n"
    assert [line for line, _, _ in problems(text)] == [2, 9, line_of(text, "bY:")]


def test_param_checks() -> None:
    params = "params:\n  days: {title: 天数, default: 3个工作日, max: 5个工作日, basis: office.8}\n"
    assert [code for _, code, _ in problems(SMALL + params)] == ["param.idle"]
    used = SMALL + params + "clocks:\n  c: {title: 限, limit: $days, from: open, basis: office.8}\n"
    assert problems(used) == []
    over = used.replace("default: 3个", "default: 9个")
    assert {code for _, code, _ in problems(over)} == {"param.default", "param.out_of_bounds"}
    cel = used + "predicates:\n  p: {title: 判断, field: content, cel: 'content == $days'}\n"
    assert [code for _, code, _ in problems(cel)] == ["param.in_expression"]


def test_a_broken_file_does_not_stop_the_others(tmp_path: Path) -> None:
    folder = write(tmp_path, {
        "_law/means.yaml": "means: {register: 登记, close: 办结}\n",
        "a/good.yaml": SMALL,
        "a/bad.yaml": SMALL.replace("demo.small", "demo.bad").replace("by: reporter", "bi: reporter"),
        "a/torn.yaml": "matter: [",
        "a/unknown.yaml": "什么: 1\n",
        "a/twin.yaml": SMALL,
        "a/faulty.yaml": SMALL.replace("demo.small", "demo.faulty").replace("[B1]", "[Z1]"),
        "a/list.yaml": "- 1\n",
        "a/old.yml": SMALL,
        "a/有 空格.yaml": SMALL.replace("demo.small", "demo.space"),
        "_traits/t.yaml": SMALL.replace("demo.small", "demo.misplaced"),
        "b/law.yaml": "means: {x: 甲}\n",
    })  # fmt: skip
    packs = load_folder(folder)
    assert list(packs.matters) == ["demo.small", "demo.space"]
    assert list(packs.faulty) == ["demo.faulty"]
    assert {(p.file.removeprefix("packs/"), p.code) for p in packs.problems} == {
        ("a/bad.yaml", "decl.missing"),
        ("a/bad.yaml", "decl.extra_forbidden"),
        ("a/torn.yaml", "yaml.syntax"),
        ("a/unknown.yaml", "file.kind"),
        ("a/twin.yaml", "name.duplicate"),
        ("a/faulty.yaml", "covers.unknown"),
        ("a/list.yaml", "file.shape"),
        ("a/old.yml", "file.name"),
        ("a/有 空格.yaml", "file.name"),
        ("_traits/t.yaml", "file.place"),
        ("b/law.yaml", "file.place"),
    }
    twin = next(p for p in packs.problems if p.code == "name.duplicate")
    assert "packs/a/good.yaml:1" in twin.say
    assert all(p.file for p in packs.problems)


def test_links_are_not_followed(tmp_path: Path) -> None:
    folder = write(tmp_path, {"a/x.yaml": SMALL})
    outside = tmp_path / "secret.yaml"
    outside.write_text("secret: 1\n")
    (folder / "a" / "link.yaml").symlink_to(outside)
    (folder / "a" / "gone.yaml").symlink_to(tmp_path / "none")
    packs = load_folder(folder)
    assert [p.code for p in packs.problems] == ["file.link", "file.link"]
    assert list(packs.matters) == ["demo.small"]


def test_law_files_are_checked_against_each_other(tmp_path: Path) -> None:
    rule = "{kind: before, means: clos, any_of: [register], basis: nope.1, say: 说}"
    folder = write(tmp_path, {
        "_law/means.yaml": "means: {register: 登记, close: 办结}\n",
        "_law/again.yaml": "means: {close: 结案}\n",
        "_law/law.yaml": f"law: 规则\napplies_to: [甲]\nrules:\n  one: {rule}\n",
        "_law/statutes.yaml": "statutes:\n  a:\n    name: 甲法\n    version: 2021\n"
        "    in_force: 2021-01-01\n    status: 已核\n",
    })  # fmt: skip
    packs = load_folder(folder)
    assert {(p.code, p.line) for p in packs.problems} == {
        ("name.duplicate", 1),
        ("law.unknown_means", 4),
        ("law.unknown_basis", 4),
        ("decl.string_type", 4),
        ("decl.literal_error", 6),
    }


@pytest.mark.parametrize(
    ("rule", "fragment"),
    [
        ("kind: notice, means: close, limit: 7日", "notice 种类的规则要写 field"),
        ("kind: before, means: close, all_of: register, until: register", "用不上 until"),
        ("kind: require, means: close, condition: a.b, mentions: x", "用不上 mentions"),
        ("kind: document, means: close, mentions: x, given: 'a =='", "写法不对"),
        ("kind: clock, means: close, until: clos", "没有“clos”这个法律含义"),
        ("kind: clock, means: close, excludes: clos", "没有“clos”这个法律含义"),
    ],
)
def test_a_rule_that_would_hold_nothing_is_refused(tmp_path: Path, rule: str, fragment: str) -> None:
    folder = write(tmp_path, {
        "_law/means.yaml": "means: {register: 登记, close: 办结}\n",
        "_law/law.yaml": f"law: 规则\napplies_to: [甲]\nrules:\n  one: {{{rule}, basis: a.1, say: 说}}\n",
        "_law/statutes.yaml": "statutes: {a: {name: 甲法, version: '2021', in_force: '2021-01-01', status: 已核对,\n"
        "  articles: {'1': {text: 一}}}}\n",
    })  # fmt: skip
    (problem,) = load_folder(folder).problems
    assert problem.is_error and fragment in problem.say


def test_missing_folder() -> None:
    with pytest.raises(FileNotFoundError):
        load_folder("没有这个文件夹")


def test_load_matter_does_not_change_the_pack_set() -> None:
    before = list(sample().matters)
    matter = load_matter(SMALL, sample(), file="编辑中")
    assert matter.usable and matter.definition.id == "demo.small" and matter.file == "编辑中"
    assert load_matter(SMALL, sample()).definition.digest == matter.definition.digest
    assert list(sample().matters) == before


@pytest.mark.parametrize(
    "text", ["", "- 1", "title: x", "matter: 3", "matter: {a: b}", "matter: x\nuse: 3\nstates: 4\n"]
)
def test_hopeless_sources_are_refused_not_crashed(text: str) -> None:
    matter, found = try_matter(text, sample())
    assert matter is None
    assert found


def test_systems_are_complete() -> None:
    counts = {letter: sum(code.startswith(letter) for code in SYSTEMS) for letter in GROUPS}
    assert counts == {
        "A": 6, "B": 10, "C": 9, "D": 16, "E": 11, "F": 8, "G": 9, "H": 6, "I": 3, "J": 8, "K": 7,
    }  # fmt: skip
    assert len(set(SYSTEMS.values())) == len(SYSTEMS)
