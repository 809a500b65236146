"""件、办理记录、时限、后续发送。"""

from jiezhi.base.casework.models.case import Case, CaseField, CaseParty, CaseRole, CaseText
from jiezhi.base.casework.models.clock import Clock, ClockEntry
from jiezhi.base.casework.models.delivery import (
    Checkpoint,
    Delivery,
    Notice,
    NumberIssue,
    NumberLease,
    NumberSeries,
)
from jiezhi.base.casework.models.event import Event, EvidenceFile, EvidenceUse, Payload
from jiezhi.base.casework.models.matter import CodeList, MatterVersion, ParamSetting

__all__ = [
    "Case",
    "CaseField",
    "CaseParty",
    "CaseRole",
    "CaseText",
    "Checkpoint",
    "Clock",
    "ClockEntry",
    "CodeList",
    "Delivery",
    "Event",
    "EvidenceFile",
    "EvidenceUse",
    "MatterVersion",
    "Notice",
    "NumberIssue",
    "NumberLease",
    "NumberSeries",
    "ParamSetting",
    "Payload",
]
