from django.apps import AppConfig


class DispatchConfig(AppConfig):
    name = "jiezhi.services.dispatch"
    label = "dispatch"
    verbose_name = "分拨"

    def ready(self) -> None:
        from jiezhi.services.dispatch import resolve

        resolve.register()
