from django.apps import AppConfig


class ExcelConfig(AppConfig):
    name = "jiezhi.connect.excel"
    label = "excel"
    verbose_name = "表格导入导出"

    def ready(self) -> None:
        from jiezhi.base.casework import chores, upkeep
        from jiezhi.connect.excel import changes, copies

        upkeep.on_erase(changes.erase)
        upkeep.on_erase(copies.forget)
        chores.daily("清理留存的来表", copies.sweep)
