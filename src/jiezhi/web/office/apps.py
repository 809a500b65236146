from django.apps import AppConfig


class OfficeConfig(AppConfig):
    name = "jiezhi.web.office"
    label = "office"
