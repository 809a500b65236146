from jiezhi.base.accounts.models.people import Officer, Post, StaffKind
from jiezhi.base.accounts.models.records import AdminRecord, SensitiveRead
from jiezhi.base.accounts.models.twofactor import SecondFactor

__all__ = ["AdminRecord", "Officer", "Post", "SecondFactor", "SensitiveRead", "StaffKind"]
