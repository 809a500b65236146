from django.apps import AppConfig


class HandoverConfig(AppConfig):
    name = "jiezhi.services.handover"
    label = "handover"
    verbose_name = "离岗交接"
