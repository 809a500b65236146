"""法律：法律名录（含条文、怎样数日子、法定上限）和按法律含义说话的规则。

规则与业务模板分开放；本地模板削弱不了它。
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from jiezhi.core.procedure.base import Declaration, DottedName, Name, Names, Text, Title
from jiezhi.core.procedure.fields import FieldType

Status = Literal["已核对", "已核对(网)", "待核", "推导", "内部规定"]
# 能拦住办理的只有这三种；“推导”“内部规定”不得说成法律规定。
CAN_STOP: frozenset[str] = frozenset({"已核对", "推导", "内部规定"})


class ArticleDecl(Declaration):
    """一条。`limit` 是法定上限，`extend` 是法定延长上限，`at_least` 是法定最短提前量。"""

    text: Text
    status: Status | None = None
    limit: str | None = None
    extend: str | None = None
    at_least: str | None = None


class StatuteDecl(Declaration):
    """一部法律（一个版本）。"""

    name: Title
    version: str
    in_force: str = Field(description="施行日 YYYY-MM-DD")
    until: str | None = Field(None, description="失效日 YYYY-MM-DD")
    status: Status
    regime: str = Field("office", description="怎样数日子（core.calendar.REGIMES 的名字）")
    articles: dict[str, ArticleDecl] = {}


class RuleDecl(Declaration):
    """一条法律规则。

    before    没有先做 all_of（全部）/any_of（任一），就不得走到 means;means 写 end 指任何办结环节
    never     做过 after 之后（未作废），不得再做 means
    clears    做 means 必须作废 clears 里的含义
    separate  做 means 的人不得是做 from_means 的人
    has       必须有做 means 的办法
    free      做 means 不得设任何办理条件（来件一律登记）
    clock     必须有从 from_means 到 means 的时限，且不超过 limit；只能因 means、until 停，只能扣除 excludes 的时间，
              起算时刻只能取自 field，延长不得超过条文
    require   做 means 必须有登记的条件 condition，参数与 args 一项不差
    role      必须有角色 role，至少 min 人、各有 condition 的资格；做 means 的只能是他们（这一步指定的，本人要在里面）
    by        做 means 的只能是 posts 里的岗位
    document  做 means 必须出文书；写了 mentions 的，文书里一定印得出这些字段和字样
    collects  做 means 必须必填字段 field；写了 type 的，字段要是这个类型
    protects  必须有从 from_means（能送达的从它的送达）起算、护着 means 的保护期，不短于 limit，全体当事人都算过
    notice    做 means 必须受倒数时限约束，从 field 那个日期倒数，提前量不短于 limit
    guide     能做 means 的业务必须有办事指南，公示事项齐全
    test      做 means 必须有同样判断（cel）的办理条件，用到的字段由人填，不由系统定
    rests     means 必须依赖字段 field：字段改了，means 作废，要重新做
    keeps     means 只能连同 all_of 一起作废；写了 any_of 的，只有做其中之一的动作能作废它
    opens     做 means 必须随之开立业务模板 matter 的子件，不看有没有来源
    """

    kind: Literal[
        "before", "never", "clears", "separate", "has", "free", "clock",
        "require", "role", "by", "document", "collects", "protects", "notice", "guide",
        "test", "rests", "keeps", "opens",
    ]  # fmt: skip
    means: Name
    all_of: Names = []
    any_of: Names = []
    after: Name | None = None
    clears: Names = []
    from_means: Name | None = None
    limit: str | None = None
    condition: str | None = Field(None, description="登记的条件，如 power.in_force")
    args: dict[Name, str] = Field({}, description="条件的参数，如 power: field.cause")
    role: Name | None = None
    min: int = 1
    posts: Names = []
    field: Name | None = None
    type: FieldType | None = Field(None, description="collects：字段的类型")
    until: Names = Field([], description="clock：时限还可以因做了这些含义停")
    excludes: Names = Field([], description="clock：法律规定不计入期限的时间，从这些含义起")
    cel: str | None = Field(None, description="办理条件的表达式，如 fine <= proposed_fine")
    mentions: Names = Field([], description="文书里必须有的字段或字样")
    given: Text | None = Field(None, description="document：文书里这个判断成立才要的，照写，如 fine != '0元'")
    matter: DottedName | None = None
    when: str | None = Field(None, description="法律判断名，如 complex、not complex")
    basis: str
    say: Text


class LawDecl(Declaration):
    """一类事务的法律规则。"""

    law: Title
    applies_to: Annotated[list[str], Field(min_length=1)]
    rules: dict[Name, RuleDecl] = {}


class MeansFile(Declaration):
    """法律含义词表：规则和模板只许用这里有的词。"""

    means: dict[Name, Title]


class StatutesFile(Declaration):
    """法律名录文件。"""

    statutes: dict[str, StatuteDecl]


class CodeListFile(Declaration):
    """代码表文件：如诉求类别。`用/分级`。"""

    list: Name
    title: Title
    codes: dict[str, str]
