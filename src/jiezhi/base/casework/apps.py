from django.apps import AppConfig


class CaseworkConfig(AppConfig):
    name = "jiezhi.base.casework"
    label = "casework"
    verbose_name = "办件"
