"""收据：传上来的材料凭它再交回来用在件上。别人的收据、抄来的摘要不认。

材料按内容存放，摘要谁都可能知道；收据由本机签名，写明是谁传的，一天之内有效。
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from django.core import signing

from jiezhi.base.accounts.models import Officer
from jiezhi.base.casework.engine.rows import case_view
from jiezhi.base.casework.models import Case, EvidenceFile
from jiezhi.core.evidence.digest import is_hex
from jiezhi.core.procedure.definition import Definition
from jiezhi.core.procedure.fields import FieldDecl, FieldType
from jiezhi.core.procedure.view import Missing

SALT = "casework.slip"
SECONDS = 24 * 3600


def give(holder: str, digest: str, name: str = "") -> str:
    """给一张收据。`holder` 是传的人（人员代号；居民没有代号，谁拿着收据就是谁传的），`name` 是他起的名称。"""
    return signing.dumps([holder, digest, name], salt=SALT, compress=True)


def read(texts: Iterable[str], holder: str) -> dict[str, tuple[str, str]]:
    """这个人还有效的收据：收据 →（摘要，名称）。不认的不在其中。"""
    found: dict[str, tuple[str, str]] = {}
    for text in texts:
        try:
            whose, digest, name = signing.loads(text, salt=SALT, max_age=SECONDS)
        except (signing.BadSignature, ValueError, TypeError):
            continue
        if whose == holder:
            found[text] = (str(digest), str(name))
    return found


@dataclass(frozen=True, slots=True)
class Handed:
    """交来的填写内容：材料都换成了摘要；换不成的逐项说明。"""

    inputs: dict[str, Any]
    problems: tuple[Missing, ...] = ()


def accept(
    fields: Mapping[str, FieldDecl],
    inputs: Mapping[str, Any],
    *,
    officer: Officer | None,
    already: Mapping[str, Any] | None = None,
) -> Handed:
    """填写内容里材料字段（和表格里的材料列）的收据换成摘要。

    人员另外认两种摘要：登记的就是他传的；本来就在这一项里的（`already`，更正时）。居民只认收据。
    不合样子的原样放过，由办理去说。没有材料时不查库。
    """
    holder = str(officer.pk) if officer else ""
    texts = {name: list(_texts(fields[name], value)) for name, value in inputs.items() if name in fields}
    wanted = {text for found in texts.values() for text in found}
    if not wanted:
        return Handed(dict(inputs))
    mine = {slip: digest for slip, (digest, _) in read(wanted, holder).items()}
    hexes = {text for text in wanted if is_hex(text)} if officer else set()
    rows = EvidenceFile.objects.filter(pk__in={*mine.values(), *hexes}, erased_at=None)
    uploaders = dict(rows.values_list("pk", "uploaded_by"))
    table = {slip: digest for slip, digest in mine.items() if digest in uploaders}
    table |= {text: text for text in hexes if officer and uploaders.get(text) == officer.pk}
    problems, result = [], dict(inputs)
    for name, found in texts.items():
        kept = (already or {}).get(name) or []
        known = table | {text: text for text in found if text in kept and text in uploaders}
        unknown = sum(text not in known for text in found)
        if unknown:
            say = f"“{fields[name].title}”里有 {unknown} 份不认得：不是您传的，或者收据过了一天"
            problems.append(Missing("file", say, "重新上传，把收到的收据填在这里", field=name))
        elif found:
            result[name] = _swapped(fields[name], inputs[name], known)
    return Handed(result, tuple(problems))


def accept_step(
    definition: Definition,
    action: str,
    inputs: Mapping[str, Any],
    *,
    officer: Officer,
    case: Case | None = None,
) -> Handed:
    """人员办一步（`case` 不给是开件）填写的内容，同 `accept`。更正时本来就在那一项里的、不保密的材料可以照写摘要。"""
    decl, fields = definition.action(action), definition.matter.fields
    already: dict[str, Any] = {}
    if case is not None and decl is not None and "correct" in decl.means:
        current = case_view(case, ()).fields
        already = {
            name: value for name, value in current.items() if name in fields and not fields[name].secret
        }
    return accept(fields, inputs, officer=officer, already=already)


def _texts(decl: FieldDecl, value: Any) -> Iterator[str]:
    """这一项里的收据（或摘要）。"""
    if decl.type is FieldType.FILE:
        items = [value] if isinstance(value, str) else value
        yield from (one for one in items if isinstance(one, str)) if isinstance(items, list) else ()
    elif decl.type is FieldType.ROWS and isinstance(value, list):
        for row in value:
            for name, column in decl.columns.items():
                if isinstance(row, dict) and name in row:
                    yield from _texts(column, row[name])


def _swapped(decl: FieldDecl, value: Any, known: Mapping[str, str]) -> Any:
    if decl.type is FieldType.FILE:
        items = [value] if isinstance(value, str) else value
        if not isinstance(items, list):
            return value
        return [known.get(one, one) if isinstance(one, str) else one for one in items]
    return [
        {
            key: _swapped(decl.columns[key], item, known) if _is_file(decl, key) else item
            for key, item in row.items()
        }
        if isinstance(row, dict)
        else row
        for row in value
    ]


def _is_file(decl: FieldDecl, name: str) -> bool:
    return name in decl.columns and decl.columns[name].type in (FieldType.FILE, FieldType.ROWS)
