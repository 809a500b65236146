from django.apps import AppConfig


class ResidentsConfig(AppConfig):
    name = "jiezhi.services.residents"
    label = "residents"
    verbose_name = "居民来件"
