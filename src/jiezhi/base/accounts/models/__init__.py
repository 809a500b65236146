from jiezhi.base.accounts.models.people import Officer, Post, StaffKind
from jiezhi.base.accounts.models.records import AdminRecord, SensitiveRead

__all__ = ["AdminRecord", "Officer", "Post", "SensitiveRead", "StaffKind"]
