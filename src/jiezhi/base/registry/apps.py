from django.apps import AppConfig


class RegistryConfig(AppConfig):
    name = "jiezhi.base.registry"
    label = "registry"
    verbose_name = "单位、区域、地点与当事人"

    def ready(self) -> None:
        from jiezhi.base.accounts import actions as accounts
        from jiezhi.base.accounts import authority
        from jiezhi.base.registry import queries
        from jiezhi.base.registry.actions import end_appointments_of_leaver

        authority.register_administrator_check(queries.holds_admin_post)
        accounts.officer_left.connect(
            end_appointments_of_leaver, dispatch_uid="registry.end_appointments_of_leaver"
        )
        _watch_people()
        _watch_areas()


def _watch_people() -> None:
    """人员、岗位、单位、任职一有改动就换版本戳，办理时用的快照随即失效。"""
    from django.db.models.signals import post_delete, post_save

    from jiezhi.base.accounts.models import Officer, Post
    from jiezhi.base.registry import stamps
    from jiezhi.base.registry.models import Appointment, Unit

    def changed(sender: object, update_fields: frozenset[str] | None = None, **kwargs: object) -> None:
        if update_fields != frozenset({"last_login"}):
            stamps.touch(stamps.PEOPLE)

    for model in (Officer, Post, Unit, Appointment):
        for signal in (post_save, post_delete):
            signal.connect(
                changed,
                sender=model,
                weak=False,
                dispatch_uid=f"registry.people.{model.__name__}.{id(signal)}",
            )


def _watch_areas() -> None:
    """区域一有改动就换版本戳，名称和路径的对照随即失效。成批改动（update、bulk_create）的地方自己换戳。"""
    from django.db.models.signals import post_delete, post_save

    from jiezhi.base.registry import stamps
    from jiezhi.base.registry.models import Area

    def changed(**kwargs: object) -> None:
        stamps.touch(stamps.AREAS)

    for signal in (post_save, post_delete):
        signal.connect(changed, sender=Area, weak=False, dispatch_uid=f"registry.areas.{id(signal)}")
