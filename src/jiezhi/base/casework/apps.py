from django.apps import AppConfig


class CaseworkConfig(AppConfig):
    name = "jiezhi.base.casework"
    label = "casework"
    verbose_name = "办件"

    def ready(self) -> None:
        from jiezhi.base.casework import followups, poweruse

        poweruse.register()
        followups.register()
