"""几个业务模板之间：件号格式不得一样。"""

from __future__ import annotations

from jiezhi.core.procedure.definition import Definition
from jiezhi.core.procedure.matter import MatterDecl
from jiezhi.core.procedure.verifier import same_numbers


def define(name: str, title: str, format: str, used: bool = True, host: str = "here") -> Definition:
    register = {"title": "登记", "from": "start", "to": "new", "by": "reporter"}
    matter = {
        "matter": name,
        "title": title,
        "covers": ["B1"],
        "class": "群众诉求",
        "host": host if host == "here" else {"system": host, "number": "编号"},
        "states": {"new": {"title": "待办"}},
        "sequences": {"case_no": {"title": "件号", "format": format}},
        "actions": {"register": {**register, **({"number": "case_no"} if used else {})}},
    }
    return Definition.build(MatterDecl.model_validate(matter), {}, (), {})


def both(one: Definition, two: Definition) -> dict[str, list[str]]:
    found = same_numbers({one.id: one, two.id: two}, {one.id: lambda at: ("甲.yaml", 7)})
    assert all(item.is_error and item.code == "sequence.shared" for items in found.values() for item in items)
    return {name: [str(item) for item in items] for name, items in found.items()}


def test_the_same_format_is_an_error_naming_both() -> None:
    one, two = define("a.one", "甲件", "G{year}{n:06}"), define("b.two", "乙件", "G{year}{n:04}")
    found = both(one, two)
    assert set(found) == {"a.one", "b.two"}
    assert found["a.one"][0].startswith("甲.yaml:7 ")
    assert all("甲件" in said[0] and "乙件" in said[0] for said in found.values())


def test_what_does_not_clash() -> None:
    one = define("a.one", "甲件", "G{year}{n:06}")
    assert both(one, define("b.two", "乙件", "H{year}{n:06}")) == {}
    assert both(one, define("b.two", "乙件", "G{year}{n:06}", used=False)) == {}
    assert both(one, define("b.two", "乙件", "G{year}{n:06}", host="区平台")) == {}
    assert same_numbers({"a.one": one}) == {}
