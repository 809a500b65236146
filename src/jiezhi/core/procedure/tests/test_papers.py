"""文书模板：看得出提到什么、哪里一定要有值；文件怎样读进来。"""

from __future__ import annotations

import time
from pathlib import Path

import pytest
from jinja2 import UndefinedError
from jinja2.exceptions import SecurityError

from jiezhi.core.procedure.definition import Definition
from jiezhi.core.procedure.loader import load_folder, try_matter
from jiezhi.core.procedure.packset import PackSet
from jiezhi.core.procedure.papers import MAX_TEXT, Absent, environment, fill, plain, read
from jiezhi.core.procedure.verifier import verify

BASE = Path(__file__).parent / "wrong_packs" / "base_papers.yaml"
SHARED = Path(__file__).parent / "wrong_packs" / "shared"


def sure(text: str) -> set[str]:
    return {one.name for one in read(text).mentions if one.sure}


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("{{ a }}", {"a"}),
        ("{{ a.name }}", {"a"}),
        ("{% if a %}{{ a }}{% endif %}", set()),
        ("{% if not a %}无{% else %}{{ a }}{% endif %}", set()),
        ("{% if a %}有{% else %}{{ a }}{% endif %}", {"a"}),
        ("{% if a and b %}{{ a }}{{ b }}{% endif %}", set()),
        ("{% if a or b %}{{ a }}{% endif %}", {"a"}),
        ("{% if not a or b %}{% else %}{{ a }}{% endif %}", set()),
        ("{% if a %}{% elif b %}{{ b }}{{ a }}{% endif %}", {"a"}),
        ("{% if not a %}{% elif b %}{{ a }}{% endif %}", set()),
        ("{% if a == '是' %}{{ a }}{% endif %}", set()),
        ("{% if a != '是' %}{{ a }}{% endif %}", {"a"}),
        ("{% if a > 3 %}x{% endif %}", {"a"}),
        ("{{ a or '无' }}{{ b|default('无') }}{{ c|check }}", set()),
        ("{{ a or b }}", {"b"}),
        ("{{ a if b else '无' }}", {"a"}),
        ("{{ a if a else '无' }}", set()),
        ("{% for x in a %}{{ x.y }}{{ loop.index }}{% endfor %}", {"a"}),
        ("{% if a %}{% for x in a %}{{ x.y }}{% endfor %}{% endif %}", set()),
        ("{% set x = a %}{{ x or '无' }}", set()),
        ("{% set x = a %}{{ x }}", {"a"}),
        ("{% set x = a|join('、') %}", {"a"}),
        ("{{ a|capital }}", {"a"}),
        ("{% set x = a %}{% if a %}{{ x }}{% endif %}", set()),
        ("{% set x = a %}{% if x %}{% set x = b %}{{ x }}{% endif %}", {"b"}),
        ("{% if a %}{% set x = '甲' %}{% else %}{% set x = '乙' %}{% endif %}{{ x }}", set()),
    ],
)
def test_what_a_template_needs(text: str, wanted: set[str]) -> None:
    assert read(text).faults == []
    assert sure(text) == wanted


def names(text: str) -> set[str]:
    found = read(text)
    assert found.faults == []
    return {one.name for one in found.mentions}


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("{% if c %}{% set x = a %}{% else %}{% set x = b %}{% endif %}{{ x }}", {"a", "b", "c"}),
        ("{% set x = a %}{{ x }}{% set x = b %}", {"a"}),
        ("{% set a = b %}{{ a }}", {"b"}),
        ("{% if c %}{% set a = b %}{% endif %}{{ a }}", {"a", "b", "c"}),
        ("{% set x = a %}{% set y = x %}{% set x = b %}{{ y }}", {"a"}),
        ("{% for r in g %}{% set x = a %}{{ x }}{% endfor %}{% if g %}{% set x = b %}{{ x }}{% endif %}", {"a", "b", "g"}),
        ("{{ a|default(b) }}", {"a", "b"}),
    ],
)  # fmt: skip
def test_every_field_that_may_be_printed_is_seen(text: str, wanted: set[str]) -> None:
    assert names(text) == wanted


@pytest.mark.parametrize(
    ("text", "say"),
    [
        ("{{ 9**(9**8) }}", "不能算"),
        ("{{ 'a'*900000000 }}", "不能算"),
        ("{{ '%900000000d' % 1 }}", "不能算"),
        ("{{ a ~ a }}", "不能拼接"),
        ("{{ 'x'|center(900000000) }}", "没有“center”这个过滤器"),
        ("{% if a %}{{ a|indent(900000000) }}{% endif %}", "没有“indent”这个过滤器"),
        ("{% if a %}{{ a is huge }}{% endif %}", "没有“huge”这种判断"),
        ("{{ a|default(value=b) }}", "参数直接写值"),
        ("{{ a|join(b) }}", "定值"),
        ("{{ a|join('" + "、" * 17 + "') }}", "不超过 16 个字"),
        ("{{ a|join('、')|first|join('、') }}", "join 不能套 join"),
        ("{% set x = a|join('、') %}{% set x = x|join('、') %}", "不能再 join"),
        ("{% set x = [a, a] %}{{ x }}", "列表"),
        ("{% for x in a %}{% for y in a %}{% for z in a %}{% endfor %}{% endfor %}{% endfor %}", "最多 2 层"),
        ("{% filter upper %}x{% endfilter %}", "只能用 if、for、set"),
        ("{{ " + "9" * 5000 + " }}", "读不懂"),
        ("{% if a %}" * 120 + "{% endif %}" * 120, "读不懂"),
    ],
)
def test_a_template_can_not_eat_the_machine(text: str, say: str) -> None:
    began = time.monotonic()
    assert any(say in one for one, _ in read(text).faults), read(text).faults
    with pytest.raises(ValueError, match="第 1 行"):
        fill(text, {"a": "长", "b": "长"})
    assert time.monotonic() - began < 2


def test_what_is_filled_has_a_limit() -> None:
    text = "{% for x in a %}{% for y in a %}" + "字" * 100 + "{% endfor %}{% endfor %}"
    with pytest.raises(ValueError, match="超过 100 万字"):
        fill(text, {"a": list(range(10_000))})
    assert plain(fill("{{ a|join('、') }}共{{ a|length }}项", {"a": ["甲", "乙"]})) == "甲、乙共2项"


def test_what_the_analysis_allows_never_breaks_when_nothing_is_filled() -> None:
    text = (
        "{% if a and b.c %}{{ a }}{{ b.c }}{% elif not a %}无{% endif %}{{ a or b or '无' }}{{ c|default('缺') }}"
        "{% if a == '是' %}{{ a }}{% endif %}{{ c|check }}"
    )
    assert sure(text) == set()
    blank = {name: Absent(name=name) for name in "abc"}
    assert plain(environment().from_string(text).render(blank)) == "无无缺☐"
    with pytest.raises(UndefinedError):
        environment().from_string("{{ a }}").render(blank)


def test_values_are_only_words() -> None:
    filled = environment().from_string("{{ a }}").render(a="{{ 7*7 }}|\n**粗**")
    assert "|" not in filled and "\n" not in filled and "*" not in filled
    assert plain(filled) == "{{ 7*7 }}|\n**粗**"
    with pytest.raises(SecurityError):
        environment().from_string("{{ a.__class__ }}").render(a="x")


@pytest.fixture(scope="module")
def packs() -> PackSet:
    return load_folder(SHARED)


def loaded(text: str, packs: PackSet) -> Definition:
    matter, problems = try_matter(text, packs)
    assert matter is not None and not [one for one in problems if one.is_error], problems
    return matter.definition


def test_statutes_cited_only_in_a_paper_travel_with_the_matter(packs: PackSet) -> None:
    definition = loaded(
        BASE.read_text(encoding="utf-8").replace("penalty-2021.58", "petition-2022.22"), packs
    )
    again = Definition.load(definition.dump())
    citation = again.citation("petition-2022.22")
    assert citation is not None and "信访工作条例" in citation.label
    assert "penalty-2021.44" not in again.matter.documents["decision"].text


def test_an_article_written_out_is_a_warning(packs: PackSet) -> None:
    text = BASE.read_text(encoding="utf-8").replace("{{ facts }}。", "{{ facts }}。依照第五十八条。")
    found = [one for one in verify(loaded(text, packs)) if one.code == "document.article"]
    assert (
        [one.is_error for one in found] == [False]
        and "“第五十八条”" in found[0].say
        and "第 2 行" in found[0].say
    )


def folder(tmp_path: Path, **files: str | bytes) -> Path:
    root = tmp_path / "packs"
    for name, content in files.items():
        path = root / name.replace("__", "/")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content.encode() if isinstance(content, str) else content)
    for source in SHARED.rglob("*.yaml"):
        target = root / source.relative_to(SHARED)
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(source.read_bytes())
    return root


def with_file(line: str) -> str:
    head, _, rest = BASE.read_text(encoding="utf-8").partition("    text: |\n")
    return f"{head}    {line}\n" + "clocks:" + rest.partition("clocks:")[2]


def written(root: Path, files: dict[str, str | bytes]) -> PackSet:
    for name, content in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content.encode() if isinstance(content, str) else content)
    return load_folder(root)


def test_own_file_goes_before_the_shared_one(tmp_path: Path) -> None:
    root = folder(tmp_path)
    files = {
        "demo/papers.yaml": with_file("file: decision.md"),
        "_documents/decision.md": "共用的{{ facts }}",
    }
    assert written(root, files).matters["demo.papers"].decl.documents["decision"].text == "共用的{{ facts }}"
    own = written(root, {"demo/documents/decision.md": "自己的{{ facts }}"})
    assert own.matters["demo.papers"].decl.documents["decision"].text == "自己的{{ facts }}"
    # 浏览器里编辑的一份，也找得到自己文件夹里的。
    matter, _ = try_matter(with_file("file: decision.md"), own)
    assert matter is not None and matter.decl.documents["decision"].text == "自己的{{ facts }}"


def test_shared_names_are_mapped_to_fields(tmp_path: Path) -> None:
    root = folder(tmp_path)
    files = {
        "demo/papers.yaml": with_file("file: shared.md\n    with: {who: party, what: =决定书, note: =}"),
        "_documents/shared.md": "{{ who.name }}收{{ what }}{% if note %}{{ note }}{% endif %}\n{{ worng }}",
    }
    matter = written(root, files).matters["demo.papers"]
    found = verify(matter.definition)
    assert [one.code for one in found if one.is_error] == ["document.name"]
    assert "第 2 行用了没有的名字“worng”" in found[0].say
    assert sure(matter.decl.documents["decision"].text) == {"party", "worng"}
    bad = written(root, {"demo/papers.yaml": with_file("file: shared.md\n    with: {who: party.name}")})
    assert [one.code for one in bad.problems] == ["document.file"] and "写字段名" in bad.problems[0].say


@pytest.mark.parametrize(
    ("name", "content", "say"),
    [
        ("demo/documents/decision.md", b"\xff\xfe\x00", "UTF-8"),
        ("demo/documents/decision.md", b"x" * (MAX_TEXT + 1), "64 KB"),
        ("demo/documents/Decision 1.md", b"x", "小写字母"),
    ],
)
def test_bad_files_are_told_apart(tmp_path: Path, name: str, content: bytes, say: str) -> None:
    found = written(folder(tmp_path), {"demo/papers.yaml": with_file("file: decision.md"), name: content})
    assert any(say in one.say and one.file == f"packs/{name}" for one in found.problems)
    missing = [one for one in found.problems if "没有文书模板" in one.say]
    assert [(one.file, one.line) for one in missing] == [("packs/demo/papers.yaml", 27)]


@pytest.mark.parametrize("line", ["file: ../../secret.md", "file: /etc/passwd", "file: .md"])
def test_only_files_in_the_two_folders(tmp_path: Path, line: str) -> None:
    root = folder(tmp_path)
    (tmp_path / "secret.md").write_text("秘密")
    found = written(root, {"demo/papers.yaml": with_file(line)})
    assert [one.code for one in found.problems] == ["document.file"]
    assert found.faulty or not found.matters
