"""本层的错误。都可以直接把文字给用户看。"""

from django.core.exceptions import PermissionDenied, ValidationError

__all__ = ["AppendOnlyError", "NotAllowed", "SecretError", "ValidationError"]


class NotAllowed(PermissionDenied):
    """没有权限；文字说明谁可以办。"""


class SecretError(Exception):
    """密文解不开：钥匙不对，或者内容被改动。"""


class AppendOnlyError(Exception):
    """试图修改或删除只能追加的记录。"""
