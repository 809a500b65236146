"""读表时的错误。文字直接给用户看，说明怎么办。"""

from __future__ import annotations


class SheetError(ValueError):
    """整个文件或整张表读不了。"""


class ValueProblem(ValueError):
    """一个格子的内容不合要求；只影响这一行。"""


COLON = "\uff1a"
"""列名与问题之间的记号。"""
