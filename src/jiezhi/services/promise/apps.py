from django.apps import AppConfig


class PromiseConfig(AppConfig):
    name = "jiezhi.services.promise"
    label = "promise"
    verbose_name = "政务服务"

    def ready(self) -> None:
        from jiezhi.services.promise import resolve

        resolve.register()
