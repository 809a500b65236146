from __future__ import annotations

from django.apps import AppConfig


class HooksConfig(AppConfig):
    name = "jiezhi.connect.hooks"
    label = "hooks"
    verbose_name = "网络推送"

    def ready(self) -> None:
        from jiezhi.base.casework import chores, outgoing
        from jiezhi.base.casework.extensions import extensions
        from jiezhi.connect.hooks import actions, listening, pushing, queries
        from jiezhi.services.handover.belongings import belonging

        extensions.listener("hooks.push", "网络推送", listening.listen)
        outgoing.carrier(listening.KIND, prepare=pushing.prepare, carry=pushing.carry, record=pushing.record)
        chores.daily("清理网络推送的日志", actions.sweep)
        belonging(
            "hooks.subscriptions",
            "推送订阅",
            "离岗之后什么也推不出去，请改绑到接手的人",
            lambda officer, now: [str(row) for row in queries.subscriptions().filter(officer=officer)],
        )
