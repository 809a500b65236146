from __future__ import annotations

from datetime import timedelta

from django.apps import AppConfig


class NodesConfig(AppConfig):
    name = "jiezhi.connect.nodes"
    label = "nodes"
    verbose_name = "节点"

    def ready(self) -> None:
        from jiezhi.base.casework import chores, outbox, upkeep
        from jiezhi.base.casework.extensions import extensions
        from jiezhi.connect.nodes import actions, applying, erasing, exchange, outbound, reminding, roster

        extensions.consequence("nodes.send", "送到登记的节点", outbound.send)
        extensions.condition("nodes.has", "有在用的节点（缺省是内网办理节点）", roster.has)
        extensions.condition("nodes.lacks", "没有在用的节点（缺省是内网办理节点）", roster.lacks)
        extensions.listener("nodes.news", "告诉送件来的节点", outbound.listen)
        outbox.handler("node.open", outbound.queue_open)
        outbox.handler("node.act", outbound.queue_act)
        outbox.handler("node.news", outbound.queue_news)
        chores.chore("办理节点来件", timedelta(seconds=2), applying.apply_waiting)
        chores.chore("与节点往来", timedelta(seconds=15), exchange.exchange_due, aside=True)
        chores.chore("提醒节点的事", timedelta(minutes=1), reminding.remind_managers)
        chores.daily("清理节点的包", actions.sweep)
        upkeep.on_erase(erasing.forget)
