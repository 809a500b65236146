"""通用做法“送达”：引用错了、改掉了底线，都加载不了。"""

from __future__ import annotations

from functools import lru_cache

import pytest
from django.conf import settings

from jiezhi.core.procedure.errors import Problem
from jiezhi.core.procedure.loader import load_folder, try_matter
from jiezhi.core.procedure.packset import PackSet
from jiezhi.core.procedure.verifier import locator, verify
from jiezhi.services.serving.testing import PACK, small

TEXT = PACK.read_text(encoding="utf-8")
USE = "doc: inform, title: 告知书, parties: parties, from: [informed, served], to: served"


@lru_cache(maxsize=1)
def packs() -> PackSet:
    return load_folder(settings.PACKS_DIR)


def problems(text: str) -> list[Problem]:
    matter, found = try_matter(text, packs(), PACK.name)
    if matter is None or not matter.usable:
        return found
    return found + verify(matter.definition, locate=locator(matter.positions, PACK.name))


def test_the_correct_pack_is_accepted() -> None:
    assert problems(TEXT) == []
    matter = small(packs()).matter
    assert {"inform_to", "inform_way", "inform_on", "inform_deemed", "inform_receipt"} <= set(matter.fields)
    assert matter.actions["serve_inform"].serves == ["inform"]


WRONG = {
    "没有给出文书": (USE, USE.replace("doc: inform, ", ""), "trait.argument_missing", "必须给参数“doc”"),
    "文书不是法律含义": (
        "from: served.inform", "from: served.informing", "unknown.meaning", "informing",
    ),
    "当事人字段写错": (USE, USE.replace("parties: parties", "parties: people"), "unknown.field", "people"),
    "环节写错": (USE, USE.replace("to: served", "to: serving"), "unknown.state", "serving"),
    "去掉送达条件": (
        "actions:\n", "actions:\n  serve_inform: {needs: [inform_to_party]}\n", "trait.weakened", "inform_electronic",
    ),
    "改掉视为送达的判断": (
        "states:\n",
        "conditions:\n  inform_deemed_right: {call: {name: serving.is_party}}\nstates:\n",
        "trait.weakened",
        "call",
    ),
    "改掉法律含义": (
        "actions:\n", "actions:\n  serve_inform: {means: decide}\n", "trait.means_changed", "送达告知书",
    ),
    "不必填视为送达日": (
        "actions:\n",
        "actions:\n  serve_inform: {collect: [inform_to, inform_way, inform_on, \"inform_deemed?\", inform_receipt], blank: []}\n",
        "service.field",
        "视为送达日",
    ),
    "受送达人用了全体当事人": (
        "actions:\n",
        "actions:\n  serve_inform: {service: {to: parties}}\n",
        "service.field",
        "要用单个的当事人字段",
    ),
    "清空必填的": (
        "actions:\n", "actions:\n  serve_inform: {blank: [inform_way]}\n", "field.blank", "inform_way",
    ),
    "没有写期限": (", limit: 7日, basis", ", basis", "trait.argument_missing", "limit"),
    "超过法定期限": (", limit: 7日, basis", ", limit: 9日, basis", "clock.beyond", "送达告知书"),
}  # fmt: skip


@pytest.mark.parametrize("name", WRONG)
def test_the_wrong_pack_is_refused(name: str) -> None:
    old, new, code, fragment = WRONG[name]
    assert TEXT.count(old) == 1, "要改的地方恰好一处"
    found = problems(TEXT.replace(old, new))
    fitting = [one for one in found if one.code == code and fragment in one.say and one.is_error]
    assert fitting, "\n".join(f"{one.code} {one}" for one in found)
    assert all(one.line for one in fitting)
