from django.apps import AppConfig


class DiscretionConfig(AppConfig):
    name = "jiezhi.services.discretion"
    label = "discretion"
    verbose_name = "裁量"

    def ready(self) -> None:
        from jiezhi.base.casework import packs
        from jiezhi.services.discretion import actions, resolve

        resolve.register()
        packs.also(actions.publish_from)
