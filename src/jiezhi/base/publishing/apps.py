from django.apps import AppConfig


class PublishingConfig(AppConfig):
    name = "jiezhi.base.publishing"
    label = "publishing"
    verbose_name = "公示"

    def ready(self) -> None:
        from jiezhi.base.publishing import review

        review.register()
