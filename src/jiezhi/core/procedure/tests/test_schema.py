"""编辑器用的 JSON Schema 与声明一致。"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import jiezhi
from jiezhi.core.procedure.matter import MatterDecl
from jiezhi.core.procedure.schema import law_schema, main, matter_schema, rendered, trait_schema
from jiezhi.core.procedure.systems import SYSTEMS

STORED = Path(jiezhi.__file__).parent / "packs" / "_schema"


def test_stored_files_are_fresh() -> None:
    stored = {path.name: path.read_text(encoding="utf-8") for path in STORED.glob("*.json")}
    assert stored == rendered(), "请运行 python -m jiezhi.core.procedure.schema src/jiezhi/packs/_schema"


def test_main_writes_them(tmp_path: Path) -> None:
    assert main([str(tmp_path / "a")]) == 0
    assert sorted(path.name for path in (tmp_path / "a").iterdir()) == sorted(rendered())
    assert main([]) == 2


def test_every_key_of_a_matter_is_explained_in_chinese() -> None:
    properties = matter_schema()["properties"]
    assert set(properties) == {info.alias or name for name, info in MatterDecl.model_fields.items()}
    for name, prop in properties.items():
        assert any("\u4e00" <= char <= "\u9fff" for char in prop["description"]), name


def test_short_spellings_are_accepted() -> None:
    action = matter_schema()["$defs"]["ActionDecl"]
    assert "required" not in action
    assert action["additionalProperties"] is False
    for name in ("from", "to", "by", "needs", "number", "means"):
        assert {"type": "string"} in _plain(action["properties"][name]["anyOf"]), name
    covers = matter_schema()["properties"]["covers"]["items"]["oneOf"]
    assert [item["const"] for item in covers] == list(SYSTEMS)


def _plain(options: list[Any]) -> list[Any]:
    found = list(options)
    for option in options:
        found += option.get("anyOf", [])
    return found


def test_traits_allow_arguments_in_typed_places() -> None:
    branch = trait_schema()["$defs"]["ExtensionDecl"]["anyOf"][1]["properties"]["times"]
    assert branch["anyOf"][0] == {"type": "string", "pattern": r"\$[a-z]"}
    assert trait_schema()["properties"]["trait"]["pattern"]


def test_references_resolve() -> None:
    for schema in (matter_schema(), trait_schema(), law_schema()):
        used = set(_references(schema))
        assert used
        assert used <= {f"#/$defs/{name}" for name in schema["$defs"]}
        json.dumps(schema, ensure_ascii=False)


def _references(node: Any) -> list[str]:
    if isinstance(node, list):
        return [found for item in node for found in _references(item)]
    if not isinstance(node, dict):
        return []
    own = [node["$ref"]] if isinstance(node.get("$ref"), str) else []
    return own + [found for item in node.values() for found in _references(item)]
