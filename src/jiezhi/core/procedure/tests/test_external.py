"""外部系统的登记：各期怎样算，写错的指得到行，上级平台的编号记在哪里查得出。"""

from __future__ import annotations

from datetime import date
from functools import lru_cache
from pathlib import Path

import pytest

import jiezhi
from jiezhi.core.procedure.errors import PackError
from jiezhi.core.procedure.external import Source, Window, source_of, windows
from jiezhi.core.procedure.loader import load_external, load_folder, load_matter
from jiezhi.core.procedure.packset import PackSet
from jiezhi.core.procedure.verifier import verify

PACKS = Path(jiezhi.__file__).parent / "packs"


@lru_cache(maxsize=1)
def shipped() -> PackSet:
    return load_folder(PACKS)


def text_of(name: str) -> str:
    return (PACKS / name).read_text(encoding="utf-8")


def test_what_ships_is_sound_and_says_what_cannot_be_used() -> None:
    packs = shipped()
    assert not [one for one in packs.problems if "_systems" in one.file]
    usable = {name for name, one in packs.externals.items() if one.matters}
    assert usable == {"hotline", "online", "enforcement", "publicity", "certificates", "receipts"}
    assert {name for name, one in packs.externals.items() if one.why} == set(packs.externals) - usable
    assert {"petition", "credit"} <= set(packs.externals)


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("state", Source("state")),
        ("field.parties.name", Source("field", "parties", "name")),
        ("means.answer", Source("means", "answer")),
        ("=街道", Source("text", "街道")),
        ("means.answer.at", None),
        ("field.", None),
        ("reply", None),
    ],
)
def test_how_a_source_is_written(text: str, found: Source | None) -> None:
    assert source_of(text) == found


def test_periods() -> None:
    daily = windows("每日", date(2026, 8, 3), date(2026, 8, 5))
    assert daily == [
        Window(date(2026, 8, 3), date(2026, 8, 4), date(2026, 8, 4)),
        Window(date(2026, 8, 4), date(2026, 8, 5), date(2026, 8, 5)),
    ]
    # 从周中登记的，那一周也算一期；下周三对
    weekly = windows("每周三", date(2026, 8, 5), date(2026, 8, 17))
    assert weekly == [
        Window(date(2026, 8, 3), date(2026, 8, 10), date(2026, 8, 12)),
        Window(date(2026, 8, 10), date(2026, 8, 17), date(2026, 8, 19)),
    ]
    monthly = windows("每月5日", date(2026, 11, 20), date(2027, 1, 1))
    assert monthly == [
        Window(date(2026, 11, 1), date(2026, 12, 1), date(2026, 12, 5)),
        Window(date(2026, 12, 1), date(2027, 1, 1), date(2027, 1, 5)),
    ]
    assert windows("每日", date(2026, 8, 3), date(2026, 8, 3)) == []


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ('like: ["12345-2026-080301", GD20260803000123]', "like: [不对的号]", "例子不合写法"),
        ('unlike: ["路灯不亮", "123", "2026 08 03"]', "unlike: [GD20260803000123]", "反例却合写法"),
        ('pattern: "[0-9A-Za-z]', 'pattern: "[0-9A-Za-z(]{2}(', "正则表达式"),
        ("period: 每日", "period: 每季", "每日"),
        ("owner: [hotline_clerk,", "owner: [hotline_clark,", "没有哪个业务模板用到“hotline_clark”"),
        ("  hotline.order:", "  hotline.orders:", "没有“hotline.orders”这个业务模板"),
        ("待派发: {here: [new]}", "待派发: {here: [fresh]}", "没有“fresh”这个环节"),
        ("leads: rework", "leads: redo", "没有“redo”这个动作"),
        ("leads: rework", "leads: answer", "没有 import，也没有岗位"),
        ("column: 承办单位, ours: unit", "column: 承办人, ours: unit", "清单里没有“承办人”这一列"),
        ("ours: field.hotline_due", "ours: field.due", "没有“due”这个字段"),
        ("ours: field.hotline_due", "ours: field.reporter", "敏感字段，不进对账的结果"),
        ("ours: field.hotline_due", "ours: title", "要写 state"),
        ("update: correct", "update: amend", "没有“amend”这个动作"),
        ("done: means.transcribe", "done: number", "件号就是对方的编号"),
        ("done: means.transcribe", "done: means.inform", "没有动作做“inform”"),
        ("ours: field.contact_note", "ours: contact_note", "写法不对"),
        ("layout: standard", "layout: usual", "没有“usual”这种"),
        ("date: 来电时间", "date: 派单日期", "没有“派单日期”这一列"),
        (
            "    update: correct",
            "    dated: field.reply\n    update: correct",
            "可以筛选（indexed）的日期字段",
        ),
        ("    update: correct", "    key: subject\n    update: correct", "认件的“subject”"),
        ("title: 12345热线\n", "title: 别的热线\n", "没有“别的热线”"),
        ("period: 每日", "period: 每日\nwhy: 没有做", "两样恰好写一样"),
        ("period: 每日", "period: 每日\ncolour: red", "colour"),
    ],
)
def test_a_mistake_is_shown_where_it_is(old: str, new: str, said: str) -> None:
    whole = text_of("_systems/hotline.yaml")
    assert whole.count(old) == 1
    text = whole.replace(old, new)
    with pytest.raises(PackError) as refused:
        load_external(text, shipped(), "本地.yaml")
    problems = [one for one in refused.value.problems if said in one.say]
    assert problems, [str(one) for one in refused.value.problems]
    first = text[: text.index(new)].count("\n") + 1
    assert problems[0].file == "本地.yaml"
    # 整张登记、整个业务模板的问题指到它的头上，别的指到写错的那一行。
    assert problems[0].line in {first, first + 1} or said in ("没有“别的热线”", "两样恰好写一样")
    assert problems[0].line > 0


def test_a_file_that_is_not_a_register() -> None:
    for text in ("matter: x", "- a", "system: [", ""):
        with pytest.raises(PackError):
            load_external(text, shipped())


def test_one_system_is_registered_once() -> None:
    text = text_of("_systems/hotline.yaml").replace("system: hotline", "system: hotline_two")
    with pytest.raises(PackError, match="一个系统只登记一张"):
        load_external(text, shipped())


@pytest.mark.parametrize(
    ("old", "new", "code"),
    [
        ("enter: enter_province_number}", "enter: decide}", "elsewhere.enter"),
        ("enter: enter_province_number}", "enter: nothing}", "unknown.action"),
        ("  province_number: {system: 省", "  cause: {system: 省", "elsewhere.field"),
        ("  province_number: {system: 省", "  no_such: {system: 省", "unknown.field"),
        (
            "enter: enter_province_number}",
            "enter: enter_province_number, import: {cases: {title: 表, number: 案号, acts: [{action: decide}]}}}",
            "import.opening",
        ),
    ],
)
def test_where_the_superiors_number_is_kept_is_checked(old: str, new: str, code: str) -> None:
    text = text_of("enforcement/spot.yaml")
    assert text.count(old) == 1
    matter = load_matter(text.replace(old, new), shipped())
    found = {one.code for one in verify(matter.definition)}
    assert code in found, found


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("            hotline_state: 工单状态\n        - action: follow", "        - action: follow"),
        ("    commutes: true\n    basis: derived.follow-host", "    basis: derived.follow-host"),
    ],
)
def test_what_follows_the_other_side_is_checked(old: str, new: str) -> None:
    text = text_of("hotline/hotline.yaml")
    assert text.count(old) == 1
    matter = load_matter(text.replace(old, new), shipped())
    assert "import.again" in {one.code for one in verify(matter.definition)}
