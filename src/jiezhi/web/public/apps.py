from django.apps import AppConfig


class PublicConfig(AppConfig):
    name = "jiezhi.web.public"
    label = "public"
    verbose_name = "公开页面"

    def ready(self) -> None:
        from jiezhi.base.casework import chores
        from jiezhi.web.public import actions

        chores.daily("清理过期的会话", actions.sweep)
