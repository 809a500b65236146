from django.apps import AppConfig


class QualificationConfig(AppConfig):
    name = "jiezhi.services.qualification"
    label = "qualification"
    verbose_name = "执法资格"

    def ready(self) -> None:
        from jiezhi.services.qualification import resolve

        resolve.register()
