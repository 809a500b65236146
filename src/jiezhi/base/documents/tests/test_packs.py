"""随软件发的每一份文书模板都印得出：字段全填时、只填必填时。"""

from __future__ import annotations

import io
import itertools
from functools import lru_cache
from pathlib import Path
from typing import Any

import docx
import pytest

from jiezhi.base.casework.testing import START
from jiezhi.base.documents.layouts import Paper, compose
from jiezhi.base.documents.layouts.style import style
from jiezhi.base.documents.markup import parse
from jiezhi.base.documents.values import Items, Names, shown
from jiezhi.core.procedure.definition import Definition
from jiezhi.core.procedure.fields import FieldDecl, FieldType
from jiezhi.core.procedure.loader import load_folder
from jiezhi.core.procedure.matter import DocumentDecl
from jiezhi.core.procedure.papers import Absent, environment, read

PACKS = Path(__file__).resolve().parents[3] / "packs"
SAMPLES: dict[FieldType, Any] = {
    FieldType.TEXT: "现场摆放桌椅\n占用人行道", FieldType.FLAG: True, FieldType.CODE: "x", FieldType.MONEY: 500000,
    FieldType.COUNT: 3, FieldType.DATE: "2026-08-01", FieldType.DATETIME: "2026-08-01T09:30:00+08:00",
    FieldType.DURATION: "5个工作日", FieldType.PLACE: {"address": "云桥路8号"}, FieldType.OFFICER: "1",
    FieldType.PARTY: {"name": "张三", "phone": "13800138000", "address": "云桥路8号", "identifier": "x"},
    FieldType.UNIT: "law", FieldType.AREA: "990101001", FieldType.POWER: "D-1", FieldType.FILE: ["a" * 64],
    FieldType.RATING: 5, FieldType.FACTORS: {"面积": 3, "初次": True},
}  # fmt: skip


def sample(decl: FieldDecl) -> Any:
    if decl.type is FieldType.CHOICE:
        found: Any = next(iter(decl.choices))
    elif decl.type is FieldType.ROWS:
        found = [{name: sample(column) for name, column in decl.columns.items()}, {}]
    else:
        found = SAMPLES[decl.type]
    return [found, found] if decl.many else found


@lru_cache(maxsize=1)
def every() -> dict[str, tuple[Definition, DocumentDecl]]:
    return {
        f"{name}/{key}": (loaded.definition, decl)
        for name, loaded in load_folder(PACKS).matters.items()
        for key, decl in loaded.definition.matter.documents.items()
    }


def context(definition: Definition, decl: DocumentDecl, *, full: bool) -> dict[str, Any]:
    """`full` 为假时只有模板一定要的字段有值。"""
    names, matter = Names(START), definition.matter
    needed = {one.name for one in read(decl.text).mentions if one.sure}
    roles = {role: Items(["李经办", "王法制"]) for role in matter.roles}
    found: dict[str, Any] = {
        "case": {"number": "A1", "title": "件", "matter": matter.title, "opened_on": "2026年8月1日", "unit": "执法队"},
        "office": {"name": "云桥街道办事处", "short": "云桥街道", "address": "", "phone": ""},
        "on": "2026年8月1日", "at": "2026年8月1日9时30分", "by": "李经办", "reason": "", "title": decl.title,
        "number": "云罚〔2026〕1号", "handlers": Items(["李经办", "王法制"]), "roles": roles,
        "done": dict.fromkeys([*definition.means, *(m for a in matter.actions.values() for m in a.means)], full),
        "due": {name: "2026年9月1日" if full else Absent(name=name) for name in matter.clocks},
        "cite": lambda reference: definition.citation(reference).label,  # type: ignore[union-attr]
    }  # fmt: skip
    for name, field in matter.fields.items():
        filled = full or name in needed
        found[name] = shown(field, sample(field), names) if filled else Absent(name=field.title)
    return found


@pytest.mark.django_db
def test_every_paper_in_the_packs_prints() -> None:
    broken = []
    assert len(every()) >= 10
    for (key, (definition, decl)), full in itertools.product(every().items(), (True, False)):
        try:
            text = environment().from_string(decl.text).render(context(definition, decl, full=full))
            paper = Paper(
                decl.title,
                decl.layout,
                "云桥街道办事处",
                "云罚〔2026〕1号",
                "2026年8月1日",
                tuple(decl.signs),
                decl.seal,
                "JZ1.X.Y",
                "X",
            )
            if not full:
                assert parse(text)
                continue
            word = docx.Document(io.BytesIO(compose(paper, text, style())))
            assert len(word.paragraphs) + len(word.tables) > 2
        except Exception as error:  # 一份坏了接着看别的，一次列全
            broken.append(f"{key}（{'全填' if full else '只填必填'}）：{type(error).__name__} {error}")
    assert broken == []
