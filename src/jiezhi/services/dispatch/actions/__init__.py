"""分拨的全部写操作。

出错：规则内容不对 → ValidationError；无权 → NotAllowed。派单、退回、上报没有办成是返回值（Refused）。
"""

from jiezhi.services.dispatch.actions.handling import dispatch_case, escalate, return_case
from jiezhi.services.dispatch.actions.imports import RuleImport, import_rules
from jiezhi.services.dispatch.actions.rules import change_rule, create_rule, end_rule

__all__ = [
    "RuleImport",
    "change_rule",
    "create_rule",
    "dispatch_case",
    "end_rule",
    "escalate",
    "import_rules",
    "return_case",
]
