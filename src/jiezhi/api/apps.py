from django.apps import AppConfig


class ApiConfig(AppConfig):
    name = "jiezhi.api"
    label = "api"
    verbose_name = "接口"

    def ready(self) -> None:
        from jiezhi.api.actions import revoke_of_leaver
        from jiezhi.api.queries import usable_tokens
        from jiezhi.base.accounts.actions import officer_left
        from jiezhi.services.handover.belongings import belonging

        officer_left.connect(revoke_of_leaver, dispatch_uid="api.revoke_of_leaver")
        belonging(
            "api.tokens",
            "接口令牌",
            "随账号停用；用它的系统要另建一个换上",
            lambda officer, now: [str(row) for row in usable_tokens(officer, now)],
        )
