"""命令行入口 `jiezhi`。各命令按需再引入，`check` 和 `verify 案卷包` 不碰数据库，也就快。"""

from __future__ import annotations

import os

import click

from jiezhi import __version__


def django_ready() -> None:
    """需要数据库的命令先调用它。"""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "jiezhi.config.settings")
    import django

    from jiezhi.config.keys import KeysAwaited

    try:
        django.setup()
    except KeysAwaited as error:
        raise click.ClickException(str(error)) from error


class Lazy(click.Group):
    """命令名 → 所在模块；用到哪个才引入哪个。"""

    table = {
        "check": "packs",
        "load-packs": "packs",
        "draw": "packs",
        "diff": "versions",
        "change-version": "versions",
        "import": "tables",
        "export": "tables",
        "systems": "systems",
        "act": "cases",
        "param": "params",
        "powers": "powers",
        "discretion": "discretion",
        "guide": "guides",
        "speed": "guides",
        "figures": "figures",
        "officer": "officers",
        "reads": "reads",
        "handover": "handover",
        "numbers": "numbers",
        "certificates": "certificates",
        "package": "evidence",
        "verify": "evidence",
        "reindex": "searching",
        "checkpoint": "evidence",
        "backup": "backups",
        "restore": "backups",
        "keys": "keyring",
        "document": "papers",
        "scan": "papers",
        "classify": "learning",
        "hooks": "hooks",
        "nodes": "nodes",
        "tokens": "tokens",
        "worker": "serve",
        "run": "serve",
        "prepare": "serve",
        "demo": "demo",
    }

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(self.table)

    def get_command(self, ctx: click.Context, name: str) -> click.Command | None:
        module = self.table.get(name)
        if module is None:
            return None
        from importlib import import_module

        found = getattr(import_module(f"jiezhi.cli.{module}"), name.replace("-", "_") + "_command")
        return found if isinstance(found, click.Command) else None


@click.command(cls=Lazy, help="街治：街道办事处依法办理公共事务的平台")
@click.version_option(__version__, prog_name="jiezhi", message="街治 %(version)s")
def main() -> None:
    """命令组。"""


if __name__ == "__main__":
    main()
