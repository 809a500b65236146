"""接口收的、给的样子：OpenAPI 说明由此生成，答复也按它核对。"""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import AfterValidator, AwareDatetime, BaseModel, ConfigDict, Field, StringConstraints

FIRST_YEAR, LAST_YEAR = 1990, 2100


def _likely(moment: datetime) -> datetime:
    if not FIRST_YEAR <= moment.year <= LAST_YEAR:
        raise ValueError(f"年份应在 {FIRST_YEAR} 到 {LAST_YEAR} 之间")
    return moment


Moment = Annotated[
    AwareDatetime, AfterValidator(_likely), Field(description="带时区，如 2026-08-03T09:00:00+08:00")
]
Name = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_.]*$", max_length=80)]
Key = Annotated[str, StringConstraints(max_length=80)]
Inputs = Annotated[
    dict[Key, Any],
    Field(
        max_length=200, description="字段名 → 值；材料写上传时得到的收据", examples=[{"content": "路灯不亮"}]
    ),
]
Reason = Annotated[str, StringConstraints(max_length=2000)]
Text = Annotated[str, StringConstraints(max_length=100)]
Filter = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]*:.+$", max_length=260)]
MOST = 100
FARTHEST = 10_000


class In(BaseModel):
    """收的：多写一项、写错一个字都不收。"""

    model_config = ConfigDict(extra="forbid")


class Wanted(In):
    """列表的筛选和翻页。"""

    matter: Text = ""
    state: Text = ""
    unit: Text = Field("", description="责任单位的代码")
    area: Text = Field("", description="区域代码，含下级")
    light: Literal["", "正常", "临期", "超期"] = ""
    open: Literal["open", "closed", "any"] = "open"
    scope: Literal["", "mine", "unit", "own"] = Field(
        "", description="空为看得见的全部；mine 我经办的；unit 本单位的；own 两样"
    )
    q: Text = Field("", description="编号、件名里的字、完整电话或证件号、电话后四位")
    field: list[Filter] = Field(
        [], max_length=10, description="按声明了可筛选的字段：字段名:值；要同时写 matter"
    )
    page: int = Field(1, ge=1, le=FARTHEST)
    size: int = Field(50, ge=1, le=MOST)
    cursor: Annotated[str, StringConstraints(max_length=300)] = Field(
        "", description="上一页给的 next：从那里接着翻，别的筛选要一样"
    )


class OpenIn(In):
    """登记新件。"""

    matter: Name = Field(description="业务模板，见 GET /matters")
    action: Annotated[str, StringConstraints(max_length=48)] = Field(
        "", description="开件动作；只有一种的不用写"
    )
    inputs: Inputs = {}
    at: Moment | None = Field(None, description="事情发生的时刻；不写就是现在")
    reason: Reason = ""
    number: Annotated[str, StringConstraints(max_length=80)] = Field(
        "", description="主办系统在外面的，写对方的编号"
    )


class ActIn(In):
    """办一步。"""

    inputs: Inputs = {}
    at: Moment | None = None
    reason: Reason = Field("", description="要写明理由的动作才写")
    version: Annotated[int, Field(ge=1, le=2**31 - 1)] | None = Field(
        None, description="您看到的版本；给了就核对，期间别人办过的答复 409"
    )


class MergeIn(In):
    """把别的件并进来。"""

    others: Annotated[list[UUID], Field(min_length=1, max_length=50)]
    reason: Reason
    version: Annotated[int, Field(ge=1, le=2**31 - 1)] | None = None


class MissingOut(BaseModel):
    """差的一项：code 程序认，say 差什么，remedy 怎么补，basis 凭什么，field 是哪个字段；blocking 为假只是提醒。"""

    code: str
    say: str
    remedy: str = ""
    basis: str = ""
    field: str = ""
    blocking: bool = True


class Where(BaseModel):
    """哪里写得不对。"""

    where: str
    say: str


class ProblemOut(BaseModel):
    """出错（RFC 9457）。"""

    type: str
    title: str
    status: int
    detail: str
    instance: str = ""
    missing: list[MissingOut] = []
    errors: list[Where] = []


class Titled(BaseModel):
    """代号和名称。"""

    code: str
    title: str


class Done(BaseModel):
    """办成了。`repeated` 表示同一请求以前办过，这次没有再办。"""

    uid: UUID
    number: str
    version: int
    state: Titled
    warnings: list[MissingOut] = []
    children: list[UUID] = []
    repeated: bool = False


class CaseRow(BaseModel):
    """列表的一行。"""

    uid: UUID
    number: str
    matter: Titled
    title: str
    state: Titled
    unit: Titled | None
    area: str | None
    light: Literal["", "正常", "临期", "超期"]
    due_at: datetime | None
    opened_at: datetime
    closed_at: datetime | None
    version: int


class CasePage(BaseModel):
    """一页列表。总数数到 1000 为止：再多的 `capped` 为真；用 `cursor` 翻的没有页码，也不数。"""

    items: list[CaseRow]
    page: int | None
    more: bool
    next: str = Field(description="写进 cursor 接着翻；没有更多的为空")
    total: int | None
    capped: bool


class FieldOut(BaseModel):
    """件上的一项内容。`masked` 为真的打了码。"""

    name: str
    title: str
    type: str
    value: Any
    text: str
    masked: bool = False


class RoleOut(BaseModel):
    """一个角色由谁担任。"""

    role: str
    title: str
    officers: list[Titled]


class ClockOut(BaseModel):
    """一个时限。`due_at` 是不含在内的终点；`protects` 为真的是保护当事人的期间；`theirs` 为真的是当事人自己办的，过了不算超期。"""

    name: str
    title: str
    party: str
    round: int
    status: str
    limit: str
    started_at: datetime
    due_at: datetime
    ended_at: datetime | None
    overdue: bool
    protects: bool
    theirs: bool
    provisional: bool
    void: bool


class MaterialOut(BaseModel):
    """一份材料。`secret` 为真的，取的时候要写明原因。"""

    digest: str
    name: str
    kind: str
    size: int
    field: str
    step: int
    secret: bool


class PaperOut(BaseModel):
    """一份文书。"""

    short: str
    title: str
    number: str
    version: int
    state: str
    created_at: datetime
    made_at: datetime | None


class ValueOut(BaseModel):
    """办理时填的一项。"""

    name: str
    title: str
    text: str
    suggested: bool = Field(False, description="系统预填、没有人写过的")


class StepOut(BaseModel):
    """一条办理记录。"""

    seq: int
    action: str
    title: str
    who: str
    at: datetime
    recorded_at: datetime
    before: str
    after: str
    reason: str
    deemed: str
    values: list[ValueOut]
    digest: str


class LinkOut(BaseModel):
    """相关的件。"""

    how: Literal["parent", "child", "merged_into", "merged"]
    uid: UUID
    number: str
    title: str
    state: Titled


class AskOut(BaseModel):
    """要填的一项；各类型另有自己的几样（choices、list、kind、columns……）。"""

    model_config = ConfigDict(extra="allow")

    name: str
    title: str
    type: str
    required: bool


class ChoiceOut(BaseModel):
    """一个办理动作：能不能办，差什么，要填什么。"""

    action: str
    title: str
    help: str
    ready: bool
    missing: list[MissingOut]
    reason: bool
    fields: list[AskOut]


class CaseOut(CaseRow):
    """一件的全部。"""

    class_name: str
    digest: str = Field(description="最后一条办理记录的摘要")
    tags: list[str]
    merged_into: UUID | None = Field(description="并入了哪一件；您看不见那一件的为空")
    roles: list[RoleOut]
    fields: list[FieldOut]
    clocks: list[ClockOut]
    steps: list[StepOut]
    materials: list[MaterialOut]
    papers: list[PaperOut]
    links: list[LinkOut]
    available: list[ChoiceOut]


class FileOut(BaseModel):
    """收下的一份材料。随后用它时写 `slip`（收据），一天之内有效。"""

    slip: str
    digest: str
    name: str
    kind: str
    size: int
    width: int | None
    height: int | None
