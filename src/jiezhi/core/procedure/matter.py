"""业务模板（Matter）：一类公共事务怎样依法办理的完整声明。"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, model_validator

from jiezhi.core.procedure.actions import ActionDecl
from jiezhi.core.procedure.base import (
    Cite,
    ConditionDecl,
    Declaration,
    DottedName,
    MeaningDecl,
    Name,
    Names,
    ParamDecl,
    PredicateDecl,
    Text,
    Title,
)
from jiezhi.core.procedure.fields import FieldDecl
from jiezhi.core.procedure.materials import GuideDecl, MaterialDecl, expand


class StateDecl(Declaration):
    """环节。`terminal` 的环节是办结；`ended` 说明怎样结束的。"""

    title: Title
    terminal: bool = False
    ended: Literal["done", "withdrawn", "merged", "transferred", "void"] | None = None
    help: Text | None = None


class RoleDecl(Declaration):
    """件上的角色，由 assign 指定到人。"""

    title: Title
    min: Annotated[int, Field(ge=1)] = 1
    needs: Names = []
    distinct_from: Names = []
    personal: bool = Field(False, description="只属于本人，离岗交接时不转给别人（如证件的持证人）")


class ExcludeDecl(Declaration):
    """法律写明不计入期限的时间：从哪个含义起、到哪个含义止。"""

    from_: str = Field(alias="from")
    to: str
    title: Title
    basis: Cite


class ExtensionDecl(Declaration):
    """允许的延长：每次不超过、总共不超过、最多几次。"""

    each: str
    times: Annotated[int, Field(ge=1)] = 1
    basis: Cite


class ClockDecl(Declaration):
    """时限。向前数写 limit；向后倒数（至迟几日前）写 at_least + before + binds。"""

    title: Title
    limit: str | None = None
    at_least: str | None = None
    before: str | None = Field(None, description="倒数的基准：field.x（日期）")
    binds: Names = Field([], description="倒数时限约束的法律含义")
    from_: Names = Field([], alias="from", description="open、means.x、action.x、state.x、served.x、date.x")
    at: str | None = Field(None, description="起算时刻取自字段 field.x（如视为送达日）；不写取办理时刻")
    due: str | None = Field(
        None,
        description="期限由主办系统给的：到期时刻取自字段 field.x，只有日子的算到那天完；没有给、不晚于起算的照 limit",
    )
    over: Names = Field([], description="due 给了期限时，这些时限照记，件的到期不看它们")
    until: Names = Field([], description="满足即停：means.x、action.x、state.x；办结自动停")
    per: str | None = Field(None, description="每个当事人一个时限：field.x")
    among: str | None = Field(
        None, description="按当事人的时限，要这个字段（field.x）里的全体当事人都起算过、都届满才算届满"
    )
    protects: Literal["party"] | None = None
    whose: Literal["party"] | None = Field(
        None,
        description="party 是当事人自己办的期限：过了由他承担，不是本单位的超期，件不亮灯；不写是本单位的",
    )
    guards: Names = Field([], description="保护期内不得做的法律含义")
    excludes: list[ExcludeDecl] = []
    extension: ExtensionDecl | None = None
    warn: Names = Field(["80%"], description="临期提醒：提前多久（1个工作日）或用去多少（80%）")
    basis: Cite
    regime: str | None = Field(None, description="怎样数日子；不写用依据所在法律的数法")


class SequenceDecl(Declaration):
    """编号。每个单位、每种、每年各自连续；只有发出或注明作废，没有跳号。"""

    title: Title
    per: list[Literal["unit", "matter", "channel", "column"]] = []
    reset: Literal["year", "never"] = "year"
    format: str = Field(
        description="如 云桥问政〔{year}〕{n}号；可用 {year} {n} {n:05} {unit} {channel} {column}，per 里写了的都要用上"
    )
    sources: dict[Name, str] = Field(
        {}, description="channel、column 取自哪个字段（field.x）；不写取同名的字段"
    )

    def source(self, word: str) -> str:
        """`per` 里的 channel 或 column 取自哪个字段（字段名）。"""
        return self.sources.get(word, word).removeprefix("field.")


class DocumentDecl(Declaration):
    """文书：动作的 document 提到它，提交之后按办理那一刻的内容制作。`text` 由加载器从 `file` 读入。"""

    title: Title
    layout: Literal["letter", "form", "record", "receipt", "sheet"] = "letter"
    file: str | None = Field(None, description="模板文件：先找本文件夹的 documents/，再找 _documents/")
    text: str = Field("", description="模板文字（Jinja2）；写了 file 的由加载器读入")
    with_: dict[Name, str] = Field(
        {}, alias="with", description="共用模板里的名字 ← 字段名；=文字 是定值（空的写 =）"
    )
    number: Name | None = Field(None, description="文号所在的字段")
    to: Name | None = Field(None, description="给哪个当事人（字段）；给当事人的文书不得引用待核的条文")
    signs: Names = Field([], description="签名栏")
    seal: bool = Field(False, description="盖印章")
    red_head: bool = Field(True, description="公文函件的红色发文机关标志；执法文书按习惯不用的写 false")
    copies: Annotated[int, Field(ge=1, le=20)] = 2
    each: bool | None = Field(
        None, description="每次另出一份；不写时笔录、回证是，其余再出就是新版、旧版作废"
    )

    @property
    def repeated(self) -> bool:
        """每次另出一份。"""
        return self.layout in ("record", "receipt") if self.each is None else self.each


class MeasureDecl(Declaration):
    """两个办理之间的用时。"""

    title: Title
    from_: str = Field(alias="from")
    to: str
    unit: Literal["工作日", "日", "小时", "工作小时"]


class ImportAct(Declaration):
    """导入一行时依次办理的动作；`when` 写列名或字段：该列有值才办理。

    `again` 的是跟着对方走的列：已有的件上这几列变了，每次导入都再办一次；登记时由开件动作填，不另办。
    """

    action: Name
    at: str | None = None
    when: str | None = None
    fields: dict[DottedName, str] = Field({}, description="字段（或 字段.部分）← 列名；=文字 表示定值")
    again: bool = Field(False, description="跟着对方走：这几列变了就再办一次；其余的列变了只列出来，由人更正")


class ImportLayout(Declaration):
    """某一种来表：列名（可写几种叫法）怎样变成字段和动作。"""

    title: Title
    number: str = Field(description="对方编号所在列")
    ours: str | None = Field(None, description="我方编号所在列：写着我们已有的件的，不再开件")
    only: dict[str, Names] = Field({}, description="列 ← 写着哪几样的才开件；别的行只认已有的件")
    columns: dict[str, Names] = Field({}, description="列 ← 认得的几种叫法")
    acts: Annotated[list[ImportAct], Field(min_length=1)]


class HostDecl(Declaration):
    """主办系统在外面：沿用它的编号，不另发号。"""

    system: Title
    number: Title
    layouts: dict[Name, ImportLayout] = Field({}, alias="import")


class ElsewhereDecl(Declaration):
    """本平台主办、按规定还要录到上级平台的：件号照旧由本平台发，上级平台的编号另记在一个字段里。"""

    system: Title
    number: Title = Field(description="上级平台怎样叫它的编号")
    enter: Name = Field(description="登记上级平台编号的动作")
    layouts: dict[Name, ImportLayout] = Field({}, alias="import")


def _traits(value: Any) -> Any:
    if not isinstance(value, list):
        return value
    return [item if isinstance(item, dict) else {item: {}} for item in value]


class Shared(Declaration):
    """业务模板和通用做法（trait）都能写的部分。"""

    roles: dict[Name, RoleDecl] = {}
    fields: dict[Name, FieldDecl] = {}
    params: dict[Name, ParamDecl] = {}
    predicates: dict[Name, PredicateDecl] = {}
    meanings: dict[Name, MeaningDecl] = {}
    conditions: dict[Name, ConditionDecl] = {}
    clocks: dict[Name, ClockDecl] = {}
    sequences: dict[Name, SequenceDecl] = {}
    measures: dict[Name, MeasureDecl] = {}
    documents: dict[Name, DocumentDecl] = {}
    materials: dict[Name, MaterialDecl] = {}
    guide: GuideDecl = GuideDecl()
    states: dict[Name, StateDecl] = {}
    actions: dict[Name, ActionDecl] = {}


class TraitDecl(Shared):
    """通用做法：转办、退回、督办、延期……,供各业务模板按名引用。`$x` 处填引用时给的值。"""

    trait: Name
    title: Title
    help: Text | None = None
    arguments: dict[Name, Any] = Field({}, description="参数及缺省值；缺省为 null 的必须给")


class MatterDecl(Shared):
    """业务模板（展开通用做法之后）。"""

    matter: DottedName
    title: Title
    covers: Annotated[list[str], Field(min_length=1)]
    class_: str = Field(alias="class")
    trade: Literal["工单", "办件", "案件", "信访件", "纠纷", "任务", "件"] = "件"
    host: Literal["here"] | HostDecl = "here"
    elsewhere: dict[Name, ElsewhereDecl] = Field({}, description="记上级平台编号的字段 → 哪个平台")
    use: Annotated[list[dict[Name, dict[str, Any]]], BeforeValidator(_traits)] = []
    help: Text | None = None
    summary: Name | None = Field(None, description="作件名的字段")
    located_by: Name | None = Field(None, description="作地点的字段")
    reported_by: Name | None = Field(None, description="作来件人的字段")
    confidential: bool = Field(
        False, description="限指定人员：件只有件上的角色看得见，不进查找、统计对照和推送"
    )
    unique_open: Names = Field([], description="这些字段相同的，同时只能有一件未办结")

    @model_validator(mode="before")
    @classmethod
    def _materials(cls, data: Any) -> Any:
        return expand(data)

    @property
    def host_system(self) -> str | None:
        """外部主办系统的名称；主办在本平台时为 None。"""
        return self.host.system if isinstance(self.host, HostDecl) else None

    @property
    def number_field(self) -> dict[str, str | None]:
        """外部系统的名称 → 它的编号记在哪个字段；主办系统的编号就是件号，为 None。"""
        found: dict[str, str | None] = {one.system: name for name, one in self.elsewhere.items()}
        return found | ({self.host.system: None} if isinstance(self.host, HostDecl) else {})
