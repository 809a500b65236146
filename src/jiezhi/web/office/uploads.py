"""收上传：一边收一边看大小，超过的不再往盘上写。"""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.core.exceptions import RequestDataTooBig
from django.core.files.uploadhandler import FileUploadHandler

from jiezhi.base.casework import files


class Limit(FileUploadHandler):
    """排在最前面的上传处理：整次提交太大的不收；一份超过上限的只收到刚过上限，随后由 `files.store` 说明缘由。"""

    def handle_raw_input(
        self,
        input_data: Any,
        META: dict[str, Any],
        content_length: int,
        boundary: Any,
        encoding: str | None = None,
    ) -> None:
        if content_length > settings.UPLOAD_MAX_BYTES:
            raise RequestDataTooBig("一次提交的文件合计太大")

    def new_file(self, *args: Any, **kwargs: Any) -> None:
        super().new_file(*args, **kwargs)
        self._limit = 0

    def receive_data_chunk(self, raw_data: bytes, start: int) -> bytes | None:
        """给后面的处理；已经超过上限的为 None，不再往下传。"""
        self._limit = self._limit or files.size_limit(raw_data)
        return raw_data if start <= self._limit else None

    def file_complete(self, file_size: int) -> None:
        """由后面的处理交出文件。"""
