from django.apps import AppConfig


class ServingConfig(AppConfig):
    name = "jiezhi.services.serving"
    label = "serving"
    verbose_name = "送达"

    def ready(self) -> None:
        from jiezhi.services.serving import resolve

        resolve.register()
