"""测试用设置：一次性的目录，快的口令散列，其余与正式环境相同。"""

import os
import tempfile

os.environ["JIEZHI_HOME"] = tempfile.mkdtemp(prefix="jiezhi-test-")

from jiezhi.config.settings import *  # noqa: E402, F403

PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
}
AXES_ENABLED = True
# 转 PDF 一份要两三秒，只在专门的测试里转。
SOFFICE = "off"
