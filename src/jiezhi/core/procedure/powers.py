"""权责清单的一个事项（Power）：哪一类、凭什么、谁授的权、配合还是收回、用哪个业务模板。

种子文件（packs/_powers）和单位自己起草的写法相同，都由 PowerDecl 检查。事项与业务模板合不合得来，
加载种子时和公布事项时用同一套判断（`fits`）。
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date, timedelta
from typing import Annotated, Any, Literal, get_args

from pydantic import AfterValidator, Field, model_validator

from jiezhi.core.procedure.base import Cite, Declaration, DottedName, Name, Names, Text, Title
from jiezhi.core.procedure.fields import FieldType
from jiezhi.core.procedure.law import Status, StatuteDecl
from jiezhi.core.procedure.matter import MatterDecl

PowerClass = Literal[
    "行政许可", "行政处罚", "行政强制", "行政检查", "行政给付", "行政裁决", "行政确认", "行政奖励",
    "行政征收", "公共服务", "其他",
]  # fmt: skip
CLASSES: tuple[str, ...] = get_args(PowerClass)
EXERCISED: frozenset[str] = frozenset({"行政许可", "行政处罚", "行政强制", "行政检查"})
"""行使权力的几类：没有已核对的依据、没有授权公告就不能行使（law-facts §0.4，推导）。"""

Duty = Literal["基本", "配合", "收回"]
DUTIES: tuple[str, ...] = get_args(Duty)
LASTING = "长期"
HANDED_OVER = frozenset({"refer", "escalate", "report", "transfer"})
"""收回的事项只能移送、报告：业务模板里要有做这些含义的动作。"""


def _day(value: str) -> str:
    try:
        return date.fromisoformat(value).isoformat()
    except ValueError:
        raise ValueError(f"“{value}”不是日期，应写成 2026-01-31 的样子") from None


Day = Annotated[str, AfterValidator(_day)]


class AuthorisationDecl(Declaration):
    """授权：哪份公告或目录，自哪天起（from，含），到哪天止（to，含；没有止期的写“长期”）。

    条文直接授权街道的写 article，不写公告：名称、起止和核对状态都取自法律名录。
    """

    announcement: Title | None = None
    article: Cite | None = None
    from_: Day | None = Field(None, alias="from")
    to: Literal["长期"] | Day | None = None
    status: Status = "待核"

    @model_validator(mode="after")
    def _coherent(self) -> AuthorisationDecl:
        if self.article and (self.announcement or self.from_ or self.to):
            raise ValueError("条文直接授权的，名称和起止取自法律名录，不另写 announcement、from、to")
        if self.from_ and self.to and self.to != LASTING and self.to < self.from_:
            raise ValueError("授权的止期早于起期")
        return self


class PowerDecl(Declaration):
    """一个事项。代码在外面（种子文件里是键）。"""

    title: Title
    class_: PowerClass = Field(alias="class")
    duty: Duty = "基本"
    basis: Annotated[Names, Field(min_length=1)]
    authorisation: AuthorisationDecl | None = None
    unit: str | None = Field(None, description="责任单位代码")
    matter: DottedName | None = None
    also: Names = Field([], description="另外可以用的业务模板：简易程序、随之开立的证件等")
    params: dict[Name, str | int] = {}
    fee: Text | None = None
    note: Text | None = None


class PowersFile(Declaration):
    """权责清单种子文件：代码 → 事项。"""

    powers: dict[Annotated[str, Field(pattern=r"^[0-9A-Za-z_-]{1,40}$")], PowerDecl]


def basis_line(statutes: Mapping[str, StatuteDecl], reference: str) -> dict[str, str | None] | None:
    """一条依据从法律名录解析出来的样子（冻结在事项版本里）；名录里没有 → None。

    键：cite statute name version article in_force until status text。日期是 YYYY-MM-DD，until 是失效日（不含）。
    """
    key, _, article = reference.partition(".")
    statute = statutes.get(key)
    if statute is None or article not in statute.articles:
        return None
    found = statute.articles[article]
    return {
        "cite": reference,
        "statute": key,
        "name": statute.name,
        "version": statute.version,
        "article": article,
        "in_force": statute.in_force,
        "until": statute.until,
        "status": found.status or statute.status,
        "text": found.text,
    }


def authorisation_line(
    decl: AuthorisationDecl | None, statutes: Mapping[str, StatuteDecl]
) -> dict[str, str | None]:
    """授权冻结下来的样子：announcement、article、from、to、status；没有授权 → 空。直接授权的照名录填。

    条文标了失效日的，止期是前一日；没有的是“长期”。
    """
    if decl is None:
        return {}
    if decl.article is None:
        plain: dict[str, str | None] = decl.model_dump(mode="json", by_alias=True)
        return plain
    line = basis_line(statutes, decl.article)
    if line is None:
        return {"announcement": None, "article": decl.article, "from": None, "to": None, "status": "待核"}
    until = line["until"]
    last = (date.fromisoformat(until) - timedelta(days=1)).isoformat() if until else LASTING
    title = f"条文直接授权：《{line['name']}》第{line['article']}条"
    return {
        "announcement": title,
        "article": decl.article,
        "from": line["in_force"],
        "to": last,
        "status": line["status"],
    }


def unknown_references(decl: PowerDecl, statutes: Mapping[str, StatuteDecl]) -> Iterator[tuple[str, str]]:
    """事项引用的条文哪些名录里没有：（在哪个键，条文）。"""
    for reference in decl.basis:
        if basis_line(statutes, reference) is None:
            yield "basis", reference
    article = decl.authorisation.article if decl.authorisation else None
    if article and basis_line(statutes, article) is None:
        yield "authorisation", article


def fits(decl: PowerDecl, matter: MatterDecl) -> Iterator[tuple[str, str, str]]:
    """事项挂这个业务模板有什么不妥：（代号，在哪个键，一句话）。"""
    yield from suits(decl, matter, "matter")
    for param in decl.params:
        if param not in matter.params:
            yield "power.param", "params", f"“{matter.title}”没有参数“{param}”"
    if decl.params:
        yield from _chosen_at_opening(decl, matter)


def suits(decl: PowerDecl, matter: MatterDecl, key: str) -> Iterator[tuple[str, str, str]]:
    """事项（在 `key` 里）写的业务模板类别合不合：（代号，在哪个键，一句话）。"""
    name = f"“{matter.title}”"
    if decl.duty == "收回":
        means = {word for action in matter.actions.values() for word in action.means}
        if matter.class_ in EXERCISED or not means & HANDED_OVER:
            say = f"这个事项已收回，只能挂移送、报告类的业务模板，不能挂{name}（{matter.class_}）"
            yield "power.taken_back", key, say
    elif not same_class(decl.class_, matter.class_):
        say = f"{decl.class_}事项不能挂{matter.class_}类的业务模板{name}"
        if decl.class_ in EXERCISED:
            say = f"{decl.class_}事项只能挂{decl.class_}类的业务模板，{name}是{matter.class_}类"
        yield "power.class", key, say


def same_class(power: str, matter: str) -> bool:
    """这一类事项能不能用这一类业务模板办：行使权力的几类各用各的，别的事项不得用它们的。"""
    return power == matter or power not in EXERCISED and matter not in EXERCISED


def _chosen_at_opening(decl: PowerDecl, matter: MatterDecl) -> Iterator[tuple[str, str, str]]:
    """带参数的事项：开件时就必须由人选定事项，之后不得再改，不然不知道该用哪一份参数。"""
    for action in matter.actions.values():
        written = [name for name in action.written() if _about(matter, name, decl.class_)]
        if action.opens_case:
            sure = [name for name in written if name in action.required() and name not in action.fill]
            if not sure:
                say = f"“{matter.title}”的“{action.title}”不是必须选定事项，挂它的事项不能带参数"
                yield "power.params_unbound", "params", say
        elif written:
            say = f"“{matter.title}”的“{action.title}”会改动事项，挂它的事项不能带参数"
            yield "power.params_unbound", "params", say


def _about(matter: MatterDecl, name: str, class_: str) -> bool:
    field = matter.fields.get(name)
    return field is not None and field.type is FieldType.POWER and field.power_class in (None, class_)


def power_fields(matter: MatterDecl, action: str) -> list[str]:
    """办这个动作时要填的事项字段。"""
    decl = matter.actions.get(action)
    names = decl.collected() if decl else []
    return [name for name in names if name in matter.fields and matter.fields[name].type is FieldType.POWER]


def plain(decl: PowerDecl) -> dict[str, Any]:
    """可以直接存 JSON、写 YAML 的样子，只有写了的键。"""
    found: dict[str, Any] = decl.model_dump(mode="json", by_alias=True, exclude_unset=True)
    return found
