from django.apps import AppConfig


class ClassifyConfig(AppConfig):
    name = "jiezhi.assist.classify"
    label = "classify"
    verbose_name = "归类建议"

    def ready(self) -> None:
        from jiezhi.assist.classify import facts

        facts.register()
