from django.apps import AppConfig
from django.db.models.signals import post_migrate


class AccountsConfig(AppConfig):
    name = "jiezhi.base.accounts"
    label = "accounts"
    verbose_name = "人员与岗位"

    def ready(self) -> None:
        from jiezhi.base.accounts import append_only

        # SQLite 改表会重建整张表并丢掉触发器，所以每次迁移之后都补装一遍。
        post_migrate.connect(append_only.install_after_migrate, dispatch_uid="accounts.append_only")
