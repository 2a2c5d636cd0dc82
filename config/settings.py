"""Every setting comes from the environment; a bad value is refused with the variable's name.

The variables are listed with a line each in `.env.example`.
"""

import logging
import os
import re
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, unquote, urlencode, urlsplit

import environ
from django.core.exceptions import ImproperlyConfigured

BASE_DIR = Path(__file__).resolve().parent.parent
env = environ.Env()


def setting(name: str, read: Any, **options: Any) -> Any:
    """The variable `name` through django-environ's `read`; a bad one is refused with its name, not its value."""
    if "default" not in options and name not in os.environ:
        raise ImproperlyConfigured(f"{name}: it is not set (.env.example says what it is for)")
    try:
        return read(name, **options)
    except (ImproperlyConfigured, ValueError, TypeError, KeyError, AttributeError):
        raise ImproperlyConfigured(f"{name}: its value cannot be read (.env.example shows one)") from None


def switch(name: str, *, default: bool) -> bool:
    """A variable that is 1 or 0 (also true/false, yes/no, on/off); anything else is refused, not taken for "no"."""
    value = env.str(name, default="1" if default else "0").strip().lower()
    if value in ("1", "true", "yes", "on"):
        return True
    if value in ("0", "false", "no", "off", ""):
        return False
    raise ImproperlyConfigured(f"{name}: {value!r} is neither 1 nor 0")


DEBUG = switch("DEBUG", default=False)
SECRET_KEY = setting("SECRET_KEY", env.str)
ALLOWED_HOSTS = setting("ALLOWED_HOSTS", env.list, default=["localhost", "127.0.0.1", "[::1]"])
CSRF_TRUSTED_ORIGINS = setting("CSRF_TRUSTED_ORIGINS", env.list, default=[])
HTTPS = switch("HTTPS", default=True)
"""Whether people reach us by https: secure cookies, HSTS, redirects. `make run` serves http on loopback and sets 0."""
BEHIND_PROXY = switch("BEHIND_PROXY", default=False)
"""Whether the one proxy before us is trusted to say where a request came from, and by which scheme."""

INSTALLED_APPS = [
    # Before our own, whose admin takes theirs away again.
    "rest_framework_simplejwt.token_blacklist",
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "allauth.usersessions",
    "dealers",
    "inventory",
    "crm",
    "sales",
    "service",
    "billing",
    "ingestion",
    "config.apps.ForecourtConfig",
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.humanize",
    "whitenoise.runserver_nostatic",
    "django.contrib.staticfiles",
    "django.contrib.postgres",
    "django_celery_beat",
    "simple_history",
    "django_filters",
    "rest_framework",
    "drf_spectacular",
    "drf_spectacular_sidecar",
    "django_htmx",
    "django_tables2",
]

MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "config.backoffice.headers.HeadersMiddleware",
    "config.backoffice.headers.ApiByHttps",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "config.backoffice.headers.PackedPages",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "dealers.sessions.SessionLimits",
    "dealers.refusals.Refusals",
    "dealers.middleware.ScopeMiddleware",
    "dealers.localisation.LocalisationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "dealers.gate.FactorGate",
    "dealers.gate.ClosedWithoutCache",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "simple_history.middleware.HistoryRequestMiddleware",
]

ROOT_URLCONF = "config.urls"
WSGI_APPLICATION = "config.wsgi.application"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ],
        },
    },
]

# -- database: the application's own role; migrations run under the owner's (DATABASE_OWNER_URL, read by `migrate`
# only). Its time limits belong to the role (config/local/roles.sql): a pooler in transaction mode passes on no others.


def socket_directory(url: str) -> str | None:
    """The directory in postgres://user:password@%2Fdirectory:5432/name; URL parsers would lower its case."""
    match = re.match(r"[a-z]+://(?:[^@/]*@)?(%2F[^:/?]*)", url)
    return unquote(match[1]) if match else None


DATABASES = {"default": setting("DATABASE_URL", env.db_url)}
DATABASES["default"]["HOST"] = socket_directory(env.str("DATABASE_URL")) or DATABASES["default"].get("HOST")
if DATABASES["default"].get("ENGINE") != "django.db.backends.postgresql":
    raise ImproperlyConfigured("DATABASE_URL: Forecourt runs on PostgreSQL; write postgres://user:password@host/name")
DATABASES["default"] |= {
    "CONN_MAX_AGE": 60,
    "CONN_HEALTH_CHECKS": True,
    "OPTIONS": {
        **DATABASES["default"].get("OPTIONS", {}),
        "application_name": "forecourt",
        # The few statements of ingestion.store are planned once; older poolers in transaction mode lose such plans.
        "prepare_threshold": 5 if switch("DATABASE_PREPARES", default=True) else None,
    },
}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

# -- people

AUTH_USER_MODEL = "dealers.User"
AUTHENTICATION_BACKENDS = ["dealers.permissions.RoleBackend"]
PASSWORD_HASHERS = ["dealers.hashers.TunedArgon2PasswordHasher"]
_VALIDATION = "django.contrib.auth.password_validation"
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": f"{_VALIDATION}.UserAttributeSimilarityValidator", "OPTIONS": {"user_attributes": ("email", "name")}},
    {"NAME": f"{_VALIDATION}.MinimumLengthValidator", "OPTIONS": {"min_length": 12}},
    {"NAME": "dealers.passwords.MaximumLengthValidator", "OPTIONS": {"max_length": 128}},
    {"NAME": f"{_VALIDATION}.CommonPasswordValidator"},
    {"NAME": "dealers.passwords.OwnWordsValidator"},
]
PASSWORD_RESET_TIMEOUT = 60 * 60
LOGIN_URL = "account_login"
LOGIN_REDIRECT_URL = "/"
MFA_REQUIRED = switch("MFA_REQUIRED", default=True)
"""Whether platform administrators, dealer admins and accountants get nowhere without a second factor."""

# django-allauth: nobody signs up, people are invited (dealers/invitations.py). A person has one address, User.email;
# its table of addresses stays empty.
ACCOUNT_ADAPTER = "dealers.adapters.AccountAdapter"
ACCOUNT_USER_MODEL_USERNAME_FIELD = None
ACCOUNT_LOGIN_METHODS = {"email"}
ACCOUNT_SIGNUP_FIELDS = ["email*", "password1*"]
ACCOUNT_EMAIL_VERIFICATION = "none"
ACCOUNT_PREVENT_ENUMERATION = True
ACCOUNT_EMAIL_NOTIFICATIONS = True
ACCOUNT_EMAIL_SUBJECT_PREFIX = "[Forecourt] "
ACCOUNT_DEFAULT_HTTP_PROTOCOL = "https" if HTTPS else "http"
ACCOUNT_PASSWORD_RESET_TOKEN_GENERATOR = "django.contrib.auth.tokens.PasswordResetTokenGenerator"  # noqa: S105 - a name
ACCOUNT_LOGIN_BY_CODE_ENABLED = True
ACCOUNT_FORMS = {"confirm_login_code": "dealers.codes.ConfirmForm"}
ACCOUNT_LOGIN_BY_CODE_TIMEOUT = 60 * 10
ACCOUNT_LOGIN_BY_CODE_MAX_ATTEMPTS = 3
ACCOUNT_SESSION_REMEMBER = True
ACCOUNT_REAUTHENTICATION_TIMEOUT = 60 * 5
"""Seconds for which a proof of who one is counts as fresh (dealers/stepup.py)."""
ACCOUNT_LOGOUT_REDIRECT_URL = "account_login"
ACCOUNT_RATE_LIMITS = {
    "login": "30/m/ip",
    "login_failed": "30/m/ip,5/5m/key",
    "request_login_code": "20/m/ip,5/15m/key",
    "reset_password": "20/m/ip,5/15m/key",
}
"""Tries by address of the network and by account; kept in the cache, and without the cache there is no sign-in."""
ALLAUTH_TRUSTED_PROXY_COUNT = 1 if BEHIND_PROXY else 0
MFA_ADAPTER = "dealers.adapters.FactorAdapter"
MFA_SUPPORTED_TYPES = ["totp", "webauthn", "recovery_codes"]
MFA_PASSKEY_LOGIN_ENABLED = True
MFA_TOTP_ISSUER = "Forecourt"
MFA_RECOVERY_CODES_SHOW_ONCE = True
MFA_ALLOW_UNVERIFIED_EMAIL = True  # an invitation or an administrator vouched for the address
MFA_WEBAUTHN_ALLOW_INSECURE_ORIGIN = not HTTPS

SESSION_ENGINE = "dealers.sealed"
SESSION_COOKIE_AGE = 60 * 60 * 12
"""Seconds without a request after which a session ends."""
SESSION_ABSOLUTE_AGE = 60 * 60 * 24 * 7
"""Seconds after which it ends however busy it is."""
SESSION_COOKIE_NAME = "__Host-sessionid" if HTTPS else "sessionid"
CSRF_FAILURE_VIEW = "config.backoffice.errors.form_refused"
CSRF_COOKIE_NAME = "__Host-csrftoken" if HTTPS else "csrftoken"
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = HTTPS
SECURE_SSL_REDIRECT = HTTPS
SECURE_REDIRECT_EXEMPT = [r"^livez$", r"^readyz$", r"^metrics$", r"^api/"]
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if BEHIND_PROXY else None
SECURE_HSTS_SECONDS = 31536000 if HTTPS else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = SECURE_HSTS_PRELOAD = HTTPS
X_FRAME_OPTIONS = "DENY"

# -- words, time

LANGUAGE_CODE = "en"
LANGUAGES = [("en", "English"), ("id", "Bahasa Indonesia"), ("es", "Español")]
"""Each in its own words. A catalogue of one more: docs/translations.md."""
LOCALE_PATHS = [BASE_DIR / "config" / "locale"]
USE_I18N = True
FORMAT_MODULE_PATH = ["config.formats"]
USE_TZ = True
TIME_ZONE = "UTC"
"""Of pages that show several dealerships; else the dealership's own (dealers/localisation.py)."""
LANGUAGE_COOKIE_NAME = "__Host-language" if HTTPS else "language"
LANGUAGE_COOKIE_AGE = 60 * 60 * 24 * 365
LANGUAGE_COOKIE_SECURE = HTTPS
LANGUAGE_COOKIE_HTTPONLY = True
LANGUAGE_COOKIE_SAMESITE = "Lax"

# -- files

STATIC_URL = "static/"
STATICFILES_DIRS = [BASE_DIR / "static"]
STATIC_ROOT = setting("STATIC_ROOT", env.str, default=str(BASE_DIR / "var" / "static"))
PHOTOS_BUCKET = setting("PHOTOS_BUCKET", env.str, default="")
PHOTO_STORAGE = (
    {
        "BACKEND": "storages.backends.s3.S3Storage",
        "OPTIONS": {
            "bucket_name": PHOTOS_BUCKET,
            "endpoint_url": setting("PHOTOS_ENDPOINT", env.str, default="") or None,
            "region_name": setting("PHOTOS_REGION", env.str, default="") or None,
            "access_key": setting("PHOTOS_ACCESS_KEY", env.str, default="") or None,
            "secret_key": setting("PHOTOS_SECRET_KEY", env.str, default="") or None,
            "default_acl": None,
            "file_overwrite": True,
            "querystring_auth": True,
        },
    }
    if PHOTOS_BUCKET
    else {
        "BACKEND": "django.core.files.storage.FileSystemStorage",
        "OPTIONS": {"location": setting("PHOTOS_ROOT", env.str, default=str(BASE_DIR / "var" / "photos"))},
    }
)
"""Private: photos are served by a view that asks who may see them, never by the storage itself."""
PHOTOS_OF_A_DEALERSHIP = setting("PHOTOS_OF_A_DEALERSHIP_MB", env.int, default=20_000) * 1_000_000
FILES_OF_A_DEALERSHIP = setting("FILES_OF_A_DEALERSHIP_MB", env.int, default=5_000) * 1_000_000
"""Bytes of the files that people bring to deals; they stand in the database."""
CLAMD_ADDRESS = setting("CLAMD_ADDRESS", env.str, default="")
"""Where clamd answers (`host:port`, or the path of a socket); `none` hands files out without a scan."""
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "photos": PHOTO_STORAGE,
    "staticfiles": {"BACKEND": "whitenoise.storage.CompressedManifestStaticFilesStorage"},
}
WHITENOISE_USE_FINDERS = DEBUG
WHITENOISE_KEEP_ONLY_HASHED_FILES = True
WHITENOISE_SKIP_COMPRESS_EXTENSIONS = ["png", "jpg", "gif", "webp", "woff", "woff2", "br", "gz", "zip", "map", "md"]

# -- API

REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": [
        "dealers.authentication.BearerAuthentication",
        "rest_framework.authentication.SessionAuthentication",
    ],
    "DEFAULT_PARSER_CLASSES": ["rest_framework.parsers.JSONParser"],
    "DEFAULT_PERMISSION_CLASSES": ["rest_framework.permissions.IsAuthenticated"],
    "DEFAULT_FILTER_BACKENDS": ["django_filters.rest_framework.DjangoFilterBackend"],
    "DEFAULT_PAGINATION_CLASS": "config.backoffice.pagination.KeysetPagination",
    "DEFAULT_SCHEMA_CLASS": "config.backoffice.schema.Schema",
    "NUM_PROXIES": 1 if BEHIND_PROXY else 0,
    "DEFAULT_THROTTLE_CLASSES": ["dealers.limits.ByPerson"],
    "DEFAULT_THROTTLE_RATES": {"login": "30/min"},
    "EXCEPTION_HANDLER": "config.backoffice.errors.one_shape",
    "PAGE_SIZE": 50,
}
API_REQUESTS_PER_MINUTE = setting("API_REQUESTS_PER_MINUTE", env.int, default=1200)
"""Of one person or service token; of somebody who is not signed in a tenth, by address. 0: as many as they like."""
SIMPLE_JWT = {
    "ISSUER": "forecourt",
    "AUDIENCE": "forecourt-api",
    "ACCESS_TOKEN_LIFETIME": timedelta(minutes=10),
    "REFRESH_TOKEN_LIFETIME": timedelta(days=7),
    "SIGNING_KEY": setting("JWT_KEY", env.str, default=SECRET_KEY),
    "UPDATE_LAST_LOGIN": True,
    "CHECK_REVOKE_TOKEN": True,
}
SPECTACULAR_SETTINGS = {
    "TITLE": "Forecourt",
    "DESCRIPTION": "The back office of a vehicle dealer group, with the manufacturer's DGI feeds.",
    "VERSION": "1",
    "SERVE_INCLUDE_SCHEMA": False,
    "SWAGGER_UI_DIST": "SIDECAR",
    "SWAGGER_UI_FAVICON_HREF": "SIDECAR",
    "SCHEMA_PATH_PREFIX": r"/api/v1",
    "ENUM_NAME_OVERRIDES": {
        "RunState": "ingestion.models.Run.State",
        "FeedState": "ingestion.models.Feed.State",
        "PhotoKind": "inventory.models.VehicleImage.Kind",
        "AppointmentKind": "crm.models.Appointment.Kind",
        "AppointmentStatus": "crm.models.Appointment.Status",
        "LeadStatus": "crm.models.Lead.Status",
        "LeadSource": "crm.models.Lead.Source",
        "ItemKind": "sales.models.catalogue.Kind",
        "DepositMethod": "sales.models.Deposit.Method",
        "InterestMethod": "sales.models.Scenario.Method",
        "DocumentKind": "sales.models.Document.Kind",
        "DealFileKind": "sales.models.DealFile.Kind",
        "DealFileState": "sales.models.DealFile.State",
        "RegistrationKind": "sales.models.Registration.Kind",
        "LostReason": "crm.models.Lead.LostReason",
        "NoteKind": "crm.models.Note.Kind",
        "ContactPointKind": "crm.models.ContactPoint.Kind",
        "ConsentSource": "crm.models.Consent.Source",
        "ConsentPurpose": "crm.models.Consent.Purpose",
        "MergeKeeps": "crm.forms.KEEPS",
        **{f"Customer{name}": f"crm.models.Customer.{name}" for name in ("Kind", "Source", "Channel", "Time", "Type")},
    },
}

# -- tasks: PostgreSQL is the truth, a message is only a nudge; so a message is acknowledged when its work is done

VALKEY_URL = setting("VALKEY_URL", env.str)
if not VALKEY_URL.startswith(("redis://", "rediss://", "redis+socket://")):
    raise ImproperlyConfigured("VALKEY_URL: write redis://host, rediss://host or redis+socket:///path/to/socket")


def beside(broker: str) -> str:
    """The database after the broker's on the same server, as the client library writes it: the cache may be emptied."""
    url = urlsplit(broker)
    if url.scheme == "redis+socket":
        number = int(parse_qs(url.query).get("virtual_host", ["0"])[0])
        return f"unix://{url.netloc}{url.path}?{urlencode({'db': number + 1})}"
    return url._replace(path=f"/{int(url.path.strip('/') or 0) + 1}").geturl()


CACHES = {
    "default": {
        "BACKEND": "django.core.cache.backends.redis.RedisCache",
        "LOCATION": env.str("CACHE_URL", default="") or setting("VALKEY_URL", lambda name: beside(env.str(name))),
        "KEY_PREFIX": "forecourt",
        "OPTIONS": {"socket_connect_timeout": 2, "socket_timeout": 2},
    }
}
CELERY_VISIBILITY_TIMEOUT = 1800
"""Seconds after which a message that nobody acknowledged comes again: the same for all who use this broker."""
_VISIBILITY = {"visibility_timeout": CELERY_VISIBILITY_TIMEOUT}
CELERY_BROKER_URL = VALKEY_URL
CELERY_BROKER_TRANSPORT_OPTIONS = _VISIBILITY | {"unacked_restore_interval": 5, "unacked_restore_throttle": 1}
CELERY_RESULT_BACKEND_TRANSPORT_OPTIONS = _VISIBILITY
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_DEFAULT_QUEUE = "rest"
CELERY_TASK_ROUTES = {
    "ingestion.live": {"queue": "live"},
    "ingestion.bulk": {"queue": "bulk"},
    "ingestion.compare": {"queue": "bulk"},
    "dealers.export": {"queue": "bulk"},  # minutes long: in "rest" the dispatch of live runs would wait for it
    "inventory.work_on_import": {"queue": "bulk"},
    "sales.scan_files": {"queue": "bulk"},  # a scanner that hangs
    "inventory.sweep_photos": {"queue": "bulk"},
}
"""A worker for each queue: live runs wait neither for backfills nor for anything else."""
CELERY_TASK_ACKS_LATE = True
CELERY_TASK_REJECT_ON_WORKER_LOST = True
CELERY_TASK_TIME_LIMIT = 840
CELERY_TASK_SOFT_TIME_LIMIT = 780
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_WORKER_CANCEL_LONG_RUNNING_TASKS_ON_CONNECTION_LOSS = True
CELERY_WORKER_HIJACK_ROOT_LOGGER = False
CELERY_WORKER_SOFT_SHUTDOWN_TIMEOUT = 3
CELERY_BEAT_SCHEDULER = "django_celery_beat.schedulers:DatabaseScheduler"
CELERY_BEAT_MAX_LOOP_INTERVAL = 10
CELERY_TIMEZONE = "UTC"
CELERY_ENABLE_UTC = True

# -- DGI

FIELD_KEYS = setting("FIELD_KEYS", env.list)
"""Fernet keys for credentials at rest: the first encrypts, all decrypt; `manage.py rotate_keys` moves to the first."""
DGI_ALLOWED_HOSTS = setting("DGI_ALLOWED_HOSTS", env.list, default=[])
"""Hosts that a connection's base URL may name; a leading dot allows every name below."""
DGI_ALLOW_LOOPBACK = switch("DGI_ALLOW_LOOPBACK", default=False)
DGI_RUN_DEADLINE = setting("DGI_RUN_DEADLINE", env.int, default=120)
"""Seconds that one window may take with all its retries."""

RUNS_KEPT_DAYS = setting("RUNS_KEPT_DAYS", env.int, default=30)
"""Days after which runs that brought nothing new are deleted."""

# -- exports

EXPORT_AT_ONCE = setting("EXPORT_AT_ONCE", env.int, default=5000)
"""Rows up to which a file is made while the person waits; more of them are made in the background."""

# -- watching: who is told that a feed is late, and who may read the metrics

METRICS_TOKEN = setting("METRICS_TOKEN", env.str, default="")
"""What /metrics asks for; without it there is no /metrics."""
if 0 < len(METRICS_TOKEN) < 16:
    raise ImproperlyConfigured("METRICS_TOKEN: it is short enough to be guessed; write 16 characters or more")
ALERT_WEBHOOK = setting("ALERT_WEBHOOK", env.str, default="")
if ALERT_WEBHOOK and not re.fullmatch(r"https?://[^/?#\s]+[^#\s]*", ALERT_WEBHOOK):
    raise ImproperlyConfigured("ALERT_WEBHOOK: write an address that takes a POST, https://host/path")
ALERT_EMAIL = [address.strip() for address in setting("ALERT_EMAIL", env.list, default=[])]
if not all(re.fullmatch(r"[^@\s]+@[^@\s]+", address) for address in ALERT_EMAIL):
    raise ImproperlyConfigured("ALERT_EMAIL: write e-mail addresses, separated by commas")
_MAIL_SERVER = setting("EMAIL_URL", env.email_url) if env.str("EMAIL_URL", default="") else {}
if ALERT_EMAIL and not _MAIL_SERVER:
    raise ImproperlyConfigured(
        "EMAIL_URL: it is not set, and ALERT_EMAIL needs it; write smtp+tls://user:password@host"
    )
if _MAIL_SERVER.get("EMAIL_BACKEND", "").endswith("smtp.EmailBackend") and not _MAIL_SERVER["EMAIL_HOST"]:
    raise ImproperlyConfigured("EMAIL_URL: it names no host; write smtp+tls://user:password@host:587")
globals().update(_MAIL_SERVER)
EMAIL_TIMEOUT = 10
DEFAULT_FROM_EMAIL = SERVER_EMAIL = env.str("EMAIL_FROM", default="") or "forecourt@localhost"

SIMPLE_HISTORY_DATE_INDEX = False

LOG_LEVEL = setting("LOG_LEVEL", env.str, default="INFO").upper()
if LOG_LEVEL not in logging.getLevelNamesMapping():
    raise ImproperlyConfigured(f"LOG_LEVEL: {LOG_LEVEL!r} is no level; write DEBUG, INFO, WARNING or ERROR")
LOG_FORMAT = setting("LOG_FORMAT", env.str, default="plain" if DEBUG else "json") or "json"
if LOG_FORMAT not in ("json", "plain"):
    raise ImproperlyConfigured(f"LOG_FORMAT: {LOG_FORMAT!r} is no format; write json or plain")
LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"json": {"()": "config.logs.Lines"}, "plain": {"()": "config.logs.Plain"}},
    "handlers": {"console": {"class": "logging.StreamHandler", "formatter": LOG_FORMAT}},
    "root": {"handlers": ["console"], "level": LOG_LEVEL},
    "loggers": {
        **{name: {"level": "WARNING"} for name in ("celery.worker.strategy", "celery.app.trace", "celery.beat")},
        # Django gives its own a level of their own, INFO, whatever the root's is.
        "django": {"level": "INFO" if LOG_LEVEL == "DEBUG" else LOG_LEVEL},
    },
}
