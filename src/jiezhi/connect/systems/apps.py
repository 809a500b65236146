from __future__ import annotations

import re
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from django.apps import AppConfig

if TYPE_CHECKING:
    from jiezhi.core.procedure.packset import PackSet


class SystemsConfig(AppConfig):
    name = "jiezhi.connect.systems"
    label = "systems"
    verbose_name = "外部系统"

    def ready(self) -> None:
        from jiezhi.base.casework import chores, packs
        from jiezhi.connect.excel import planning
        from jiezhi.connect.systems import resolve

        resolve.register()
        packs.also(_publish)
        planning.number_rule(_pattern)
        chores.chore("提醒对账", timedelta(hours=6), _remind)


# 用到时再引入，别的命令不等它们。


def _publish(packs: PackSet, now: datetime) -> None:
    from jiezhi.connect.systems import actions

    actions.publish_from(packs, now)


def _remind(now: datetime) -> None:
    from jiezhi.connect.systems import reminding

    reminding.remind_owners(now)


def _pattern(system: str) -> re.Pattern[str] | None:
    from jiezhi.connect.systems import queries

    return queries.pattern_of(system)
