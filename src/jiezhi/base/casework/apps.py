from datetime import datetime, timedelta

from django.apps import AppConfig
from django.db.models.signals import post_migrate


class CaseworkConfig(AppConfig):
    name = "jiezhi.base.casework"
    label = "casework"
    verbose_name = "办件"

    def ready(self) -> None:
        from jiezhi.base.casework import chores, dialect, followups, poweruse, reminders

        # SQLite 改表会丢掉触发器，全文索引靠它跟着变，所以每次迁移之后补装。
        post_migrate.connect(dialect.install_after_migrate, sender=self, dispatch_uid="casework.words")
        poweruse.register()
        followups.register()
        reminders.register()
        chores.chore("清扫没有用的材料", timedelta(hours=1), _sweep)


def _sweep(now: datetime) -> None:
    from jiezhi.base.casework import files

    files.sweep(now)
