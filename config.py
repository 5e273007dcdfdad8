"""Settings of an installation, from its environment; docs/operations.md explains each."""

import os
from pathlib import Path

ROOT = Path(__file__).parent
VAR = Path(os.environ.get("ECABINET_VAR", ROOT / "var")).absolute()
DEMO = os.environ.get("ECABINET_DEMO") == "1"

SECRET_KEY = os.environ.get("ECABINET_SECRET_KEY", "")  # empty: the application refuses to serve
SQLALCHEMY_DATABASE_URI = os.environ.get("ECABINET_DATABASE", f"sqlite:///{VAR / 'ecabinet.db'}")
SQLALCHEMY_ENGINE_OPTIONS: dict[str, int] = (
    {} if SQLALCHEMY_DATABASE_URI.startswith("sqlite") else {"pool_size": 20, "max_overflow": 40}
)
APP_ROLE = os.environ.get("ECABINET_APP_ROLE", "")  # PostgreSQL role that serves; it owns nothing
TRUSTED_HOSTS = os.environ.get("ECABINET_HOSTS", "127.0.0.1,localhost").split(",")
PUBLIC_URL = os.environ.get("ECABINET_PUBLIC_URL", f"http://127.0.0.1:{os.environ.get('PORT', '8080')}")  # in QR codes
PROXIES = int(os.environ.get("ECABINET_PROXIES", "0"))  # trusted proxies in front, whose X-Forwarded-For is believed

STORAGE = VAR / "documents"
KEYS = VAR / "keys"
AUTHORITY = VAR / "authority"
INSTALLATION_KEY = VAR / "installation.key"

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
