from django.apps import AppConfig


class ExcelConfig(AppConfig):
    name = "jiezhi.connect.excel"
    label = "excel"
    verbose_name = "表格导入导出"

    def ready(self) -> None:
        from jiezhi.base.casework import upkeep
        from jiezhi.connect.excel import changes

        upkeep.on_erase(changes.erase)
