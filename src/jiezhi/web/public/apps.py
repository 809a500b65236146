from django.apps import AppConfig


class PublicConfig(AppConfig):
    name = "jiezhi.web.public"
    label = "public"
    verbose_name = "公开页面"
