"""全库核验里的行印：不能由办理记录重放出来的登记（人员、编号、材料、文书、事项……）逐行核。"""

from __future__ import annotations

from django.db import models

from jiezhi.base.accounts import sealing
from jiezhi.base.casework.integrity_report import Fault, Progress, Report
from jiezhi.base.casework.models import Case

#: 没有行印、而由办理记录重放等别的办法逐列核的表。
REPLAYED = (
    "casework.Case", "casework.CaseField", "casework.CaseParty", "casework.CaseRole", "casework.CaseText",
    "casework.Clock", "casework.ClockEntry", "casework.EvidenceUse", "casework.NumberSeries", "casework.Payload",
)  # fmt: skip
#: 哪一种核法都没有的表，逐一写为什么；别的表都要核（tests/structure 看着）。
UNCHECKED = {
    "auth.Group": "框架自带，程序不用",
    "auth.Group_permissions": "框架自带，程序不用",
    "auth.Permission": "框架自带，程序不用",
    "axes.AccessAttempt": "登录输错的次数，一刻钟作废",
    "axes.AccessAttemptExpiration": "登录输错的次数，一刻钟作废",
    "axes.AccessFailureLog": "登录输错的次数，一刻钟作废",
    "axes.AccessLog": "登录的流水，程序不读",
    "casework.Delivery": "待办的队列：要办的仍走同一个门，办了什么看办理记录；发给人的话另在通知里，有行印",
    "contenttypes.ContentType": "框架自带，程序不用",
    "office.Preference": "个人偏好（列表的列、看到什么时候），与件无关",
    "office.SavedView": "个人存下来的筛选，与件无关；看得见什么仍由每次查的时候定",
    "registry.Stamp": "缓存作废的戳，值没有含义，改了只会多读一次库",
    "residents.CodeMiss": "查询码试错的次数，一小时作废",
    "sessions.Session": "登录会话：内容带签名，改了就要重新登录",
}


def check_seals(report: Report, tell: Progress) -> None:
    """各表各行与行印相符。只说是哪个表的第几行：登记里可能有姓名电话。"""
    tables = sealing.sealed_models()
    for done, model in enumerate(tables, 1):
        title = str(model._meta.verbose_name)
        for key, row in sealing.broken(model):
            number = _case_of(row)
            owner = f"{number}：" if number else ""
            say = f"{owner}“{title}”第{str(key)[:16]}行与行印不符：绕过程序改过。请对照备份和管理记录查明。"
            report.fault(Fault("seal", say, number, row=title))
        report.count("行印", model._base_manager.count())
        tell("行印", done, len(tables))


def _case_of(row: models.Model | None) -> str:
    key = getattr(row, "case_id", None)
    if key is None:
        return ""
    return Case.objects.filter(pk=key).values_list("number", flat=True).first() or ""
