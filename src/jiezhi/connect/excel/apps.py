from django.apps import AppConfig


class ExcelConfig(AppConfig):
    name = "jiezhi.connect.excel"
    label = "excel"
    verbose_name = "表格导入导出"
