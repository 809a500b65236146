"""法律：法律名录（含条文、怎样数日子、法定上限）和按法律含义说话的规则。

规则与业务模板分开放；本地模板削弱不了它。
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from jiezhi.core.procedure.base import Declaration, Name, Names, Text, Title

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
    clock     必须有从 from_means 到 means 的时限，且不超过 limit
    """

    kind: Literal["before", "never", "clears", "separate", "has", "free", "clock"]
    means: Name
    all_of: Names = []
    any_of: Names = []
    after: Name | None = None
    clears: Names = []
    from_means: Name | None = None
    limit: str | None = None
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
