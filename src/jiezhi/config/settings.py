"""Django 设置。所有可变的东西都放在 JIEZHI_HOME（默认为工程下的 var/）：数据库、钥匙、文件。"""

import os
from pathlib import Path

from jiezhi.config import database, keys

BASE_DIR = Path(__file__).resolve().parents[3]
HOME = keys.home()
HOME.mkdir(parents=True, exist_ok=True)

# 钥匙不进数据库，也不进备份；第一次启动时生成。
KEYS_DIR = keys.folder()
SECRET_KEY = keys.load_or_create(KEYS_DIR / "django.key", 50).hex()
FILES_DIR = HOME / "files"

DEBUG = os.environ.get("JIEZHI_DEBUG") == "1"
ALLOWED_HOSTS = os.environ.get("JIEZHI_HOSTS", "localhost,127.0.0.1,[::1]").split(",")

INSTALLED_APPS = [
    "django.contrib.contenttypes",
    "django.contrib.auth",
    "django.contrib.sessions",
    "django.contrib.messages",
    "whitenoise.runserver_nostatic",
    "django.contrib.staticfiles",
    "django.contrib.humanize",
    "axes",
    "jiezhi.base.accounts",
    "jiezhi.base.registry",
    "jiezhi.base.casework",
    "jiezhi.base.documents",
    "jiezhi.base.publishing",
    "jiezhi.base.archive",
    "jiezhi.services.dispatch",
    "jiezhi.services.qualification",
    "jiezhi.services.serving",
    "jiezhi.services.discretion",
    "jiezhi.services.enforcement",
    "jiezhi.services.promise",
    "jiezhi.services.handover",
    "jiezhi.services.residents",
    "jiezhi.assist.classify",
    "jiezhi.connect.excel",
    "jiezhi.connect.hooks",
    "jiezhi.connect.nodes",
    "jiezhi.connect.systems",
    "jiezhi.web.office",
    "jiezhi.web.public",
    "jiezhi.api",
]

MIDDLEWARE = [
    "jiezhi.api.middleware.ProblemsOnly",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "csp.middleware.CSPMiddleware",
    "jiezhi.web.office.middleware.ButtonsOnly",
    "axes.middleware.AxesMiddleware",
]

ROOT_URLCONF = "jiezhi.config.urls"
WSGI_APPLICATION = "jiezhi.config.wsgi.application"

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ],
        },
    }
]

DATABASES = {"default": database.configure(HOME, os.environ.get("JIEZHI_DATABASE_URL"))}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

AUTH_USER_MODEL = "accounts.Officer"
AUTHENTICATION_BACKENDS = [
    "axes.backends.AxesStandaloneBackend",
    "django.contrib.auth.backends.ModelBackend",
]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 8}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
    {"NAME": "django.contrib.auth.password_validation.NumericPasswordValidator"},
]
LOGIN_URL = "office:login"
LOGIN_REDIRECT_URL = "office:work"
LOGOUT_REDIRECT_URL = "office:login"

# 连续输错 5 次，这个账号在这个地址上锁 15 分钟。
AXES_USERNAME_FORM_FIELD = "username"
AXES_FAILURE_LIMIT = 5
AXES_RESET_COOL_OFF_ON_FAILURE_DURING_LOCKOUT = False
AXES_COOLOFF_TIME = 0.25
AXES_LOCKOUT_PARAMETERS = [["username", "ip_address"]]
# 前面有代理的，数的是来人的地址而不是代理的；伪造的 X-Forwarded-For 不认（TRUSTED_PROXIES）。
AXES_CLIENT_IP_CALLABLE = "jiezhi.base.accounts.address.for_sign_in"
AXES_LOCKOUT_TEMPLATE = "office/locked.html"
AXES_RESET_ON_SUCCESS = True
AXES_VERBOSE = False
# 登录过期时带着的没办完的表单，输错口令时不跟着记进库里、日志里。
AXES_SENSITIVE_PARAMETERS = ["username", "ip_address", "kept"]
AXES_ENABLE_ADMIN = False

# 二次验证：这些岗位必须启用，没有启用的登录后先去设置；缺省不强制（没有手机的街道也用得了），只在登录时建议下面几个岗位。
TWO_FACTOR_POSTS = [one for one in os.environ.get("JIEZHI_TWO_FACTOR_POSTS", "").split(",") if one]
TWO_FACTOR_ADVISED_POSTS = ["admin", "office_head", "archivist"]

LANGUAGE_CODE = "zh-hans"
TIME_ZONE = "Asia/Shanghai"
USE_I18N = True
USE_TZ = True

STATIC_URL = "static/"
STATIC_ROOT = HOME / "static"
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "whitenoise.storage.CompressedManifestStaticFilesStorage"},
}

CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": ["'self'"],
        "img-src": ["'self'", "data:", "blob:"],
        "frame-ancestors": ["'none'"],
        "form-action": ["'self'"],
    }
}
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_AGE = 8 * 3600
SESSION_COOKIE_SAMESITE = "Lax"
SECURE_CONTENT_TYPE_NOSNIFF = True
X_FRAME_OPTIONS = "DENY"
# 这些网站可以嵌入公开站里只看的页面，如区里的门户；空是谁也不许嵌。
PORTAL_ORIGINS = [one for one in os.environ.get("JIEZHI_PORTAL_ORIGINS", "").split(",") if one]
DATA_UPLOAD_MAX_MEMORY_SIZE = 5 * 1024 * 1024
FILE_UPLOAD_MAX_MEMORY_SIZE = 2 * 1024 * 1024

# 单个材料最大 20 MB，录音、录像另定；照片解码后最大 6000 万像素（防解压炸弹）。
EVIDENCE_MAX_BYTES = 20 * 1024 * 1024
EVIDENCE_MAX_RECORDING_BYTES = int(os.environ.get("JIEZHI_RECORDING_MB", "500")) * 1024 * 1024
# 照片最多多少像素：普通 JPEG 缩着解，别的（PNG、WEBP、逐步显示的 JPEG）要整幅解开，另有上限。
EVIDENCE_MAX_PIXELS = 60_000_000
EVIDENCE_MAX_WHOLE_PIXELS = int(os.environ.get("JIEZHI_WHOLE_PIXELS", "16000000"))
# 存材料的盘剩得不到这么多（MB），居民传的就先不收，留给办件。
RESIDENT_MIN_FREE_BYTES = int(os.environ.get("JIEZHI_RESIDENT_FREE_MB", "1024")) * 1024 * 1024
# 一次提交合计最大几字节；收到一半的与材料放在一处（清扫时收走），不进系统的临时目录。
UPLOAD_MAX_BYTES = 2 * EVIDENCE_MAX_RECORDING_BYTES
FILE_UPLOAD_TEMP_DIR = FILES_DIR / "uploading"
FILE_UPLOAD_TEMP_DIR.mkdir(parents=True, exist_ok=True)
FILE_UPLOAD_HANDLERS = [
    "jiezhi.web.office.uploads.Limit",
    "django.core.files.uploadhandler.MemoryFileUploadHandler",
    "django.core.files.uploadhandler.TemporaryFileUploadHandler",
]

# 接口：一次请求的 JSON 最多几字节。前面有几层可信的反向代理：0 不信 X-Forwarded-For，只看连过来的地址。
API_MAX_BYTES = 1024 * 1024
TRUSTED_PROXIES = int(os.environ.get("JIEZHI_PROXIES", "0"))
# 不用登录的接口，一个地址在一段时间里最多几次；bytes 是传照片一共最多几字节（每个网页进程各自数）；写 off 不限，只用于测速。
PUBLIC_RATES = {
    name: os.environ.get(f"JIEZHI_RATE_{name.upper()}", usual)
    for name, usual in (
        ("report", "60/60"),
        ("file", "120/60"),
        ("bytes", "209715200/60"),
        ("code", "120/60"),
        ("read", "600/60"),
        ("node", "600/60"),
    )
}

# 来表的原件加密留存，导完这么多天删去。
IMPORT_KEEP_DAYS = int(os.environ.get("JIEZHI_IMPORT_KEEP_DAYS", "30"))

# 文书：LibreOffice 的路径（空为自动找，off 为不用）和最长等几秒；字体写国标名称，本机没有的转 PDF 时换成后面的。
SOFFICE = os.environ.get("JIEZHI_SOFFICE", "")
SOFFICE_SECONDS = 90
DOCUMENT_FONTS = {
    "song": "方正小标宋简体",
    "fang": "仿宋_GB2312",
    "kai": "楷体_GB2312",
    "hei": "黑体",
    "plain": "宋体",
}
DOCUMENT_FONT_FALLBACKS = {
    "song": ["FZXiaoBiaoSong-B05S", "SimSun", "Noto Serif CJK SC", "AR PL SungtiL GB", "Noto Sans CJK SC"],
    "fang": ["FangSong", "STFangsong", "Noto Serif CJK SC", "AR PL SungtiL GB", "Noto Sans CJK SC"],
    "kai": ["KaiTi", "STKaiti", "AR PL KaitiM GB", "Noto Serif CJK SC", "Noto Sans CJK SC"],
    "hei": ["SimHei", "Noto Sans CJK SC", "WenQuanYi Zen Hei", "Droid Sans Fallback"],
    "plain": ["SimSun", "Noto Serif CJK SC", "AR PL SungtiL GB", "Noto Sans CJK SC"],
}
# 版式尺寸的改动，名字见 base/documents/layouts/style.py。
DOCUMENT_STYLE: dict[str, float | bool] = {}
# 扫描件最多几页。
SCAN_MAX_PAGES = 100

OFFICE_NAME = os.environ.get("JIEZHI_OFFICE", "云桥街道办事处")
# 印在文书上的简称（缺省同全称）、地址、电话。
OFFICE_CONTACT = {
    key: os.environ[f"JIEZHI_OFFICE_{key.upper()}"]
    for key in ("short", "address", "phone")
    if os.environ.get(f"JIEZHI_OFFICE_{key.upper()}")
}
PACKS_DIR = Path(os.environ.get("JIEZHI_PACKS", Path(__file__).resolve().parents[1] / "packs"))

# 向外发 HTTP（网络推送、节点）：除公网外还许哪些网段，这些网段里 http 也可以；单位自建的证书（PEM）。
OUTGOING_NETWORKS = [one for one in os.environ.get("JIEZHI_NETWORKS", "").split(",") if one]
OUTGOING_CA = os.environ.get("JIEZHI_CA", "")
# 本机是哪个节点（2 到 40 位小写字母、数字、短横）；不与别的节点交换的不用写。
NODE = os.environ.get("JIEZHI_NODE", "")
# 在用的节点这么多小时没有消息，提醒系统管理员和分拨员；隔几天摆渡一次的写长些。
NODE_SILENT_HOURS = int(os.environ.get("JIEZHI_NODE_SILENT_HOURS", "24"))

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"line": {"format": "%(asctime)s %(levelname)s %(name)s %(message)s"}},
    "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "line"}},
    "root": {"handlers": ["stderr"], "level": "WARNING"},
}
