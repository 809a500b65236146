from django.apps import AppConfig


class ArchiveConfig(AppConfig):
    name = "jiezhi.base.archive"
    label = "archive"
    verbose_name = "存证与案卷"
