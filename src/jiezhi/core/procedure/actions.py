"""办理动作：谁、在什么环节、具备什么条件、可以做什么，做了随之发生什么。"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field

from jiezhi.core.procedure.base import Cite, ConditionDecl, Declaration, DottedName, Name, Names, Text, Title


class Branch(Declaration):
    """有条件的去向。`when` 写命名判断，如 `complex`、`not complex`、`a and not b`;不写是“其余”。"""

    when: str | None = None
    state: Name


def _branches(value: Any) -> Any:
    return [{"state": value}] if isinstance(value, str) else value


class ChildDecl(Declaration):
    """随之开立的子件。`for_each` 不写开一件；写了逐项开，抄给子件的 row.x 依来源而定：

    `rows.x` 表格的每一行（row.列）;`field.x` 字段的每个值（row.value，单位字段还有 row.unit）;
    `tag.x` 带该标签的地点（row.value 是门牌、row.address）；服务登记的来源（row.value）。
    子件由系统开立，所以它的开件动作 by 要有 system，也不能由外部主办。
    """

    matter: DottedName
    title: Title
    action: Name | None = Field(None, description="用子件业务模板的哪个开件动作；不写用唯一的那个")
    for_each: str | None = None
    copy_fields: dict[Name, str] = Field({}, alias="copy", description="子件字段 ← field.x / row.x / 文字")


class NotifyDecl(Declaration):
    """办理后发给谁的通知。文字里可写 {number} {title} {state} {due} {field.x}；给来件人的还可写 {code}（查询码）。"""

    to: str = Field(description="reporter、followers、unit、role.x、post.x")
    text: Text
    merged: Text | None = Field(
        None,
        description="对并入本件的各件来件人怎样说（去标识之后接在“您反映的 … 已并入 … 一并办理。”后面）；"
        "不写的只说办到哪个环节",
    )


class OnlineDecl(Declaration):
    """居民可以在网上登记：居民接口只列、只收写了它的开件动作。"""

    set: dict[Name, str | int | bool] = Field({}, description="由系统写入的（不由来件人填的字段），如来源")
    needs: Names = Field([], description="服务登记的条件：这台机器上都成立才列、才收")


def _online(value: Any) -> Any:
    return {} if value is True else value


class ExtendOp(Declaration):
    """延长哪个时限、延多久（定值或 field.x，字段类型为 duration）。"""

    clock: Name
    amount: str


class ServiceDecl(Declaration):
    """送达给谁、视为送达日：按当事人记进办理记录（当事人只记带钥匙的摘要），各人的时限各自起算。"""

    to: Name = Field(description="受送达的当事人字段")
    deemed: Name = Field(description="视为送达日字段（日期）")


def _needs(value: Any) -> Any:
    return [value] if isinstance(value, str | dict) else value


def _number(value: Any) -> Any:
    return {"case": value} if isinstance(value, str) else value


class ActionDecl(Declaration):
    """一个办理动作。没有 `from` 的环节写 `start`（开件）；写 `any` 表示任何未办结的环节。"""

    title: Title
    means: Names = Field([], description="法律含义，法律规则按它说话")
    from_: Names = Field(alias="from")
    except_: Names = Field([], alias="except", description="from 写 any 时排除的环节")
    to: Annotated[list[Branch], BeforeValidator(_branches)] = Field([], description="不写则环节不变")
    by: Names = Field(
        description="谁能做：post.x（本岗位且管得到这件）、unit.x（责任单位的岗位）、role.x、area.keeper、"
        "reporter、party、system、import、organ（外部机关的行为由岗位代为记录）或服务登记的人员来源"
    )
    organ: str | None = Field(None, description="外部机关名称：动作是它做的，by 里的岗位只是记录")
    on: Names = Field(
        [],
        description="自动办理的时机：open、entered.x、clock.x.expires、child.x.closed、children.x.closed、"
        "parent.含义（上级件做了这个含义）、date.x",
    )
    every: str | None = Field(None, description="每隔多久自动办理一次，如 30日")
    online: Annotated[OnlineDecl | None, BeforeValidator(_online)] = Field(
        None, description="居民可以在网上登记；没有另外要写的写 true"
    )
    collect: Names = Field([], description="要采集的字段；末尾加 ? 表示可以不填")
    fill: dict[Name, DottedName] = Field({}, description="由服务登记的事实预填的字段")
    blank: Names = Field([], description="没有填就清空的选填字段：不沿用上一次填的（如上一个当事人的回执）")
    set: dict[Name, str | int | bool | None] = Field({}, description="办理时定值写入的字段")
    needs: Annotated[list[str | ConditionDecl], BeforeValidator(_needs)] = []
    clears: Names = Field([], description="退回或更正时作废的法律含义")
    serves: Names = Field([], description="送达的是哪个含义的文书，时限可从 served.x 起算")
    service: ServiceDecl | None = Field(None, description="逐个当事人送达的：送达给谁、视为送达日")
    waives: Names = Field(
        [],
        description="当事人明确放弃的保护期：由 party、reporter 办；岗位代为记录的，要必收签字的材料",
    )
    assign: dict[Name, str] = Field(
        {},
        description="角色 ← actor、none、field.x、role.x、post.x（任该岗位且管得到的人）、unit.x（责任单位任该岗位的人）、"
        "area.keeper；unit ← none、field.x、unit.parent、unit.mine；area ← none、field.x；或服务登记的来源",
    )
    open: dict[Name, ChildDecl] = {}
    extend: ExtendOp | None = None
    stop: Names = Field([], description="因本动作终止的时限")
    number: Annotated[dict[Name, Name], BeforeValidator(_number)] = Field(
        {}, description="取号：case 或字段 ← 编号"
    )
    document: Names = Field([], description="办理后制作的文书：documents 里的名字")
    tag: Names = []
    untag: Names = []
    notify: list[NotifyDecl] = []
    then: list[DottedName] = Field([], description="服务登记的随之发生")
    reason: bool = Field(False, description="必须写明理由")
    commutes: bool = Field(False, description="与别人的办理互不影响，不核对版本（如关注、评价）")
    deemed: Text | None = Field(None, description="法律拟制：逾期视为……")
    basis: Cite | None = None
    help: Text | None = None
    confirm: Text | None = None
    weight: Literal["primary", "normal", "quiet", "danger"] = "normal"

    @property
    def opens_case(self) -> bool:
        """是不是开件动作。"""
        return self.from_ == ["start"]

    @property
    def jointly(self) -> bool:
        """要同时办两头的（并入、收并）：只从“合并”办，不当作一个单独的动作。"""
        return not {"merge", "absorb"}.isdisjoint(self.means)

    @property
    def automatic(self) -> bool:
        """是不是由系统按时机办理的动作。"""
        return bool(self.on or self.every)

    def required(self) -> list[str]:
        """必填字段。"""
        return [name for name in self.collect if not name.endswith("?")]

    def collected(self) -> list[str]:
        """全部采集字段（必填和选填）。"""
        return [name.rstrip("?") for name in self.collect]

    def written(self) -> list[str]:
        """可能写入的全部字段：采集、定值、取号。"""
        numbers = [name for name in self.number if name != "case"]
        return list(dict.fromkeys([*self.collected(), *self.set, *self.fill, *numbers]))
