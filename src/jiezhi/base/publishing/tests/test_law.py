"""随程序带的法律规则把得住：把公开审查改坏一处，就报得出来。"""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

import pytest
from django.conf import settings

from jiezhi.core.procedure.loader import load_folder, try_matter
from jiezhi.core.procedure.packset import PackSet
from jiezhi.core.procedure.verifier import verify

SEVEN = """  decide:
    title: 公开
    limit: 7个工作日
    from: open
    at: field.decided_on
    until: [means.publish, means.withhold_publication]
    warn: [2个工作日]
    basis: disclosure-118.days
"""


@lru_cache(maxsize=1)
def packs() -> PackSet:
    return load_folder(settings.PACKS_DIR)


def told(*changes: tuple[str, str]) -> list[tuple[str, str, bool]]:
    """改坏以后说的：（代号、说法、是不是错误）。"""
    text = Path(settings.PACKS_DIR, "publishing", "review.yaml").read_text(encoding="utf-8")
    for old, new in changes:
        assert text.count(old) == 1, old
        text = text.replace(old, new)
    matter, problems = try_matter(text, packs(), "review.yaml")
    assert matter is not None
    # 单独读的一份找不到旁边的文书模板文件，与法律规则无关。
    found = [*problems, *verify(matter.definition)] if matter.definition else problems
    return [(one.code, one.say, one.is_error) for one in found if one.code.startswith("law.")]


def test_as_it_is_nothing_is_said() -> None:
    assert told() == []


@pytest.mark.parametrize(
    ("code", "said", "changes"),
    [
        ("law.never", "未成年人", [(", not predicate.minor", "")]),
        ("law.never", "国家秘密", [(", not predicate.state_secret", "")]),
        ("law.before", "就公布", [("from: reviewed\n    to: published", "from: [reviewing, reviewed]\n    to: published"), ("[done.review_publication, not predicate.minor", "[not predicate.minor")]),
        ("law.collects", "有没有未成年人", [("collect: [impact, minor,", "collect: [impact, minor?,")]),
        ("law.require", "按身份证号", [("predicate.state_secret, adults, clean]", "predicate.state_secret, clean]")]),
        ("law.require", "已经去标识", [("adults, clean]", "adults]")]),
        ("law.role", "承办、决定原案的人", [("{title: 审查人, needs: [publishing.outsider]}", "{title: 审查人}")]),
        ("law.clock", "三个工作日内撤回", [("limit: 3个工作日", "limit: 5个工作日")]),
        ("law.has", "公示期满", [("    means: take_down\n", "")]),
    ],
)  # fmt: skip
def test_what_the_law_forbids_is_refused(code: str, said: str, changes: list[tuple[str, str]]) -> None:
    assert [one for one in told(*changes) if one[0] == code and said in one[1] and one[2]]


def test_seven_days_are_only_reminded() -> None:
    """七个工作日出自网上核对的文件：只提醒，不拦。"""
    found = told((SEVEN, ""))
    assert [one for one in found if one[0] == "law.clock" and "七个工作日" in one[1]]
    assert not any(error for _, _, error in found)
