"""Settings of an installation, from its environment; docs/operations.md explains each."""

import os
from pathlib import Path

ROOT = Path(__file__).parent


def _whole(name: str) -> int:
    value = os.environ.get(name, "0")
    if not (value.isascii() and value.isdecimal()):
        raise SystemExit(f"{name} is no whole number.")
    return int(value)


VAR = Path(os.environ.get("ECABINET_VAR", ROOT / "var")).absolute()
DEMO = os.environ.get("ECABINET_DEMO") == "1"

SECRET_KEY = os.environ.get("ECABINET_SECRET_KEY", "")  # empty: the application refuses to serve
SQLALCHEMY_DATABASE_URI = os.environ.get("ECABINET_DATABASE", f"sqlite:///{VAR / 'ecabinet.db'}")
SQLALCHEMY_ENGINE_OPTIONS: dict[str, int] = (  # with the ping, a server that came back is noticed before it is used
    {} if SQLALCHEMY_DATABASE_URI.startswith("sqlite") else {"pool_size": 20, "max_overflow": 40, "pool_pre_ping": True}
)
APP_ROLE = os.environ.get("ECABINET_APP_ROLE", "")  # PostgreSQL role that serves; it owns nothing
TRUSTED_HOSTS = os.environ.get("ECABINET_HOSTS", "127.0.0.1,localhost").split(",")
PUBLIC_URL = os.environ.get("ECABINET_PUBLIC_URL", f"http://127.0.0.1:{os.environ.get('PORT', '8080')}")  # in QR codes
PROXIES = _whole("ECABINET_PROXIES")  # trusted proxies in front, whose X-Forwarded-For is believed

PRODUCTION = os.environ.get("ECABINET_ENV") == "production"
REDIS_URL = os.environ.get("ECABINET_REDIS", "")  # empty: one process does everything

# -- background work: which runner takes the jobs of a queue ----------------------------------------------------------
TASK_QUEUES = ("live", "signing", "interactive", "schedule", "digest", "notify", "maintenance")
TASK_RUNNERS = dict.fromkeys(TASK_QUEUES, "thread")  # live: always beside the requests, so that screens hear at once
if REDIS_URL:
    TASK_RUNNERS |= dict.fromkeys(("signing", "interactive"), "rq")
    TASK_RUNNERS |= dict.fromkeys(("schedule", "digest", "notify", "maintenance"), "celery")
REDIS_PREFIX = "ecabinet:"  # of Celery's keys
CELERY = {  # hints only: numbers in JSON, without results, lost without harm
    "task_serializer": "json", "accept_content": ["json"], "task_ignore_result": True, "timezone": "UTC",
    "task_default_queue": "schedule", "worker_prefetch_multiplier": 1, "worker_hijack_root_logger": False,
    "broker_connection_retry_on_startup": True,
    "broker_transport_options": {
        "socket_connect_timeout": 1, "socket_timeout": 5, "global_keyprefix": REDIS_PREFIX, "max_retries": 0,
    },
}  # fmt: skip
BEAT_FILE = VAR / "celerybeat"  # what beat remembers; losing it costs nothing
REALTIME = "apart" if REDIS_URL else "here"  # where the sockets are: in processes of their own or in this one

# -- what is outside --------------------------------------------------------------------------------------------------
SIGNER_SOCKET = os.environ.get("ECABINET_SIGNER", "")  # Unix socket of the signer; empty: the keys are in this process
SIGNER_USERS = os.environ.get("ECABINET_SIGNER_USERS", "")  # who may ask the signer; empty: its own account and root
SIGNING_PROVIDERS = os.environ.get("ECABINET_SIGNING_PROVIDERS", "")  # TOML: tokens, remote signing
STORAGE = VAR / "documents"
STORAGE_URL = os.environ.get("ECABINET_STORAGE", "")  # s3://bucket/prefix; empty: the folder STORAGE
S3_ENDPOINT = os.environ.get("ECABINET_S3_ENDPOINT", "")
SMTP_URL = os.environ.get("ECABINET_SMTP", "")  # smtp://user:password@host:587?tls=starttls; empty: no mail is sent
MAIL_FROM = os.environ.get("ECABINET_MAIL_FROM", "")
SMS_URL = os.environ.get("ECABINET_SMS_URL", "")  # empty: no SMS is sent
SMS_TOKEN = os.environ.get("ECABINET_SMS_TOKEN", "")
TSA_URL = os.environ.get("ECABINET_TSA_URL", "")  # RFC 3161; empty: no time stamps, but of its own in the demo
TSA_CA = os.environ.get("ECABINET_TSA_CA", "")  # PEM file: every authority of the time stamps, up to the root
TSA_POLICY = os.environ.get("ECABINET_TSA_POLICY", "")  # the only policy (dotted) that is accepted; empty: any
VAPID_KEY = os.environ.get("ECABINET_VAPID_KEY", "")  # PEM file; empty: no push message is sent
VAPID_SUBJECT = os.environ.get("ECABINET_VAPID_SUBJECT", "")  # mailto: address of whoever runs this installation
METRICS_TOKEN = os.environ.get("ECABINET_METRICS_TOKEN", "")  # for /metrics; empty: only from this machine itself
BACKUPS = os.environ.get("ECABINET_BACKUPS", "")  # folder of the backups, so that `flask doctor` sees how old they are
WITNESSES = os.environ.get("ECABINET_WITNESSES", "")  # https://host name+hash+key …; empty: nobody confirms the log
FORCE_SQLITE = os.environ.get("ECABINET_FORCE_SQLITE") == "1"  # a production on SQLite: one process, few people
LOG_FORMAT = os.environ.get("ECABINET_LOG", "json" if PRODUCTION else "text")

PKI_URL = os.environ.get("ECABINET_PKI", "")  # public address that own certificates name for their revocation
TRUSTED_CAS = os.environ.get("ECABINET_TRUSTED_CAS", "")  # folder of authorities outside, and where to ask them
TRUSTED = VAR / "trusted"  # public certificates of the authorities, once they are pinned (flask setup)
KEYS = VAR / "keys"
AUTHORITY = VAR / "authority"
INSTALLATION_KEY = VAR / "installation.key"
LOG_NAME = os.environ.get("ECABINET_LOG_NAME", "")  # in the key of the log when it is made; empty: the public address

# -- Flask-AppBuilder -------------------------------------------------------------------------------------------------
APP_NAME = "e-Cabinet"
FAB_INDEX_VIEW = "app.views.home.HomeView"
AUTH_TYPE = 1  # accounts in the database
AUTH_ROLE_ADMIN = "Admin"  # nobody holds it
AUTH_RATE_LIMITED = False  # sign-in has a lock of its own, in the database (app/workflows/login.py)
RATELIMIT_ENABLED = False
FAB_ADD_SECURITY_API = False
FAB_ADD_OPENAPI_VIEWS = False
FAB_API_SWAGGER_UI = False
FAB_CREATE_DB = False  # `flask db upgrade` makes the tables
FAB_UPDATE_PERMS = False  # `flask sync-roles` writes permissions
FAB_API_MAX_PAGE_SIZE = 100

# -- the browser ------------------------------------------------------------------------------------------------------
SESSION_COOKIE_NAME = "ecabinet"
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"
SESSION_COOKIE_SECURE = not DEMO
WTF_CSRF_TIME_LIMIT = None  # as long as the session
MAX_CONTENT_LENGTH = 55 * 1024 * 1024
MAX_FORM_MEMORY_SIZE = 1024 * 1024
MAX_FORM_PARTS = 200

# -- language ---------------------------------------------------------------------------------------------------------
BABEL_DEFAULT_LOCALE = "vi"
BABEL_DEFAULT_TIMEZONE = "Asia/Ho_Chi_Minh"
BABEL_TRANSLATION_DIRECTORIES = str(ROOT / "translations")
LANGUAGES = {"vi": {"flag": "vn", "name": "Tiếng Việt"}, "en": {"flag": "gb", "name": "English"}}
