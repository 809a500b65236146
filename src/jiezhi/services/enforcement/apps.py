from django.apps import AppConfig


class EnforcementConfig(AppConfig):
    name = "jiezhi.services.enforcement"
    label = "enforcement"
    verbose_name = "行政执法"

    def ready(self) -> None:
        from jiezhi.services.enforcement import execution, refunds, resolve

        resolve.register()
        execution.register()
        refunds.register()
