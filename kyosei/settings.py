"""Settings of kyosei, read from the environment (see docs/operations.md for every variable)."""

from pathlib import Path
from secrets import token_urlsafe

import django_stubs_ext
import environ
import pghistory
import structlog
from csp.constants import NONCE, SELF

django_stubs_ext.monkeypatch()

BASE_DIR = Path(__file__).resolve().parent.parent
env = environ.Env()

KYOSEI_ENV = env.str("KYOSEI_ENV", "demo")  # demo | test | production
PRODUCTION = KYOSEI_ENV == "production"
VAR_DIR = Path(env.str("KYOSEI_VAR", str(BASE_DIR / "var")))
DEBUG = env.bool("DEBUG", False)


def _secret_key() -> str:
    """The key from the environment; the embedded default keeps its own under var/."""
    if PRODUCTION or "SECRET_KEY" in env.ENVIRON:
        return env.str("SECRET_KEY")
    path = VAR_DIR / "secret_key"
    if path.exists():
        return path.read_text().strip()
    key = token_urlsafe(50)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch(mode=0o600)
        path.write_text(key)
    except OSError:
        pass
    return key


SECRET_KEY = _secret_key()
ALLOWED_HOSTS = env.list("ALLOWED_HOSTS", default=["127.0.0.1", "localhost", "[::1]", "testserver"])
CSRF_TRUSTED_ORIGINS = env.list("CSRF_TRUSTED_ORIGINS", default=[])
MUNICIPALITY_NAME = env.str("MUNICIPALITY_NAME", "美旗野市")
# duty of a working day; what of it has no work entry is shown as unfilled (budgets.duty)
KYOSEI_DUTY_START = env.str("KYOSEI_DUTY_START", "8:30")
KYOSEI_DUTY_END = env.str("KYOSEI_DUTY_END", "17:15")
KYOSEI_BREAK_START = env.str("KYOSEI_BREAK_START", "12:00")
KYOSEI_BREAK_END = env.str("KYOSEI_BREAK_END", "13:00")
# minutes: what is typed into the week stands on multiples of it (1: every minute)
KYOSEI_WORK_STEP = env.int("KYOSEI_WORK_STEP", 5)
# days without a contact after which an open case is a worry; by kind of the lead agency where it differs (cases.risk_rules)
KYOSEI_QUIET_DAYS = env.int("KYOSEI_QUIET_DAYS", 30)
KYOSEI_QUIET_DAYS_BY_KIND = {
    kind: int(days) for kind, days in env.dict("KYOSEI_QUIET_DAYS_BY_KIND", default={}).items()
}
KYOSEI_BIRTHDAY_DAYS = env.int(
    "KYOSEI_BIRTHDAY_DAYS", 60
)  # so long before 15, 18 and 65 somebody has to think of it

INSTALLED_APPS = [
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.postgres",
    "django.contrib.humanize",
    "django.forms",  # its widget templates, for FORM_RENDERER
    "whitenoise.runserver_nostatic",
    "django.contrib.staticfiles",
    "pgtrigger",
    "pghistory",
    "guardian",
    "rest_framework",
    "drf_spectacular",
    "django_filters",
    "django_htmx",
    "allauth",
    "allauth.account",
    "django_celery_beat",
    "django_structlog",
    "common.apps.CommonConfig",
    "audit.apps.AuditConfig",
    "accounts.apps.AccountsConfig",
    "households.apps.HouseholdsConfig",
    "cases.apps.CasesConfig",
    "resources.apps.ResourcesConfig",
    "referrals.apps.ReferralsConfig",
    "budgets.apps.BudgetsConfig",
    "reports.apps.ReportsConfig",
    "kyosei.apps.KyoseiConfig",
]

MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "accounts.middleware.ActorMiddleware",
    "accounts.middleware.RefusalMiddleware",
    "django_structlog.middlewares.RequestMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "csp.middleware.CSPMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "accounts.middleware.RuleViolationMiddleware",
    "kyosei.middleware.MethodNotAllowedMiddleware",
    "kyosei.middleware.ArrivedFormMiddleware",
]

ROOT_URLCONF = "kyosei.urls"
WSGI_APPLICATION = "kyosei.wsgi.application"
FORM_RENDERER = "common.form_renderer.FormRenderer"

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "builtins": ["common.templatetags.addresses"],
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "csp.context_processors.nonce",
                "kyosei.context.layout",
            ],
        },
    },
]

DATABASES = {"default": env.db("DATABASE_URL", default="postgres:///kyosei")}
DATABASES["default"].setdefault("OPTIONS", {})
DATABASES["default"]["OPTIONS"]["pool"] = (
    {"min_size": 1, "max_size": env.int("DB_POOL_SIZE", 8), "timeout": 10} if KYOSEI_ENV != "test" else False
)
# a prepared statement (common/prepared.py) is planned once, without its ids: PostgreSQL would plan each for the first five
# askings of a connection anew, the longest for longer than it takes to answer
DATABASES["default"]["OPTIONS"]["options"] = " ".join(
    filter(None, (DATABASES["default"]["OPTIONS"].get("options"), "-c plan_cache_mode=force_generic_plan"))
)
DATABASES["default"]["ATOMIC_REQUESTS"] = False
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

REDIS_URL = env.str("REDIS_URL", "redis://127.0.0.1:6379/0")
CELERY_BROKER_URL = REDIS_URL.replace("unix://", "redis+socket://")
CELERY_RESULT_BACKEND = None
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_ACKS_LATE = True
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_TIMEZONE = "Asia/Tokyo"
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_TASK_ALWAYS_EAGER = False
CELERY_TASK_PUBLISH_RETRY_POLICY = {"max_retries": 1, "interval_start": 0, "interval_max": 0.2}
CELERY_BEAT_SCHEDULER = "django_celery_beat.schedulers:DatabaseScheduler"

AUTH_USER_MODEL = "accounts.Staff"
AUTHENTICATION_BACKENDS = [
    "allauth.account.auth_backends.AuthenticationBackend",
    "households.backends.GrantBackend",
]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 12}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
]
ANONYMOUS_USER_NAME = None  # guardian: nobody is anonymous here
GUARDIAN_MONKEY_PATCH_USER = False
SILENCED_SYSTEM_CHECKS = ["guardian.W001"]  # the backend is guardian's, by way of households.backends
LOGIN_URL = "account_login"
LOGIN_REDIRECT_URL = "/"
ACCOUNT_LOGIN_METHODS = {"username"}
ACCOUNT_SIGNUP_FIELDS = ["username*", "password1*"]
ACCOUNT_EMAIL_VERIFICATION = "none"
ACCOUNT_ADAPTER = "accounts.adapter.ClosedSignupAdapter"
ACCOUNT_FORMS = {"login": "accounts.forms_login.SignInForm"}
ACCOUNT_LOGOUT_REDIRECT_URL = "/"
ACCOUNT_USER_MODEL_EMAIL_FIELD = "email"
ACCOUNT_RATE_LIMITS = {"login_failed": "10/5m/ip,5/5m/key"} if KYOSEI_ENV != "test" else False
# what the municipality calls the four conferences: "support=包括的支援会議,multilayered=まるごと会議"
CONFERENCE_NAMES = env.dict("CONFERENCE_NAMES", default={})
# working days after sending on which an unanswered つなぎ is chased
# days on which a former lead may still read after a hand-over, where nobody chose another end
HANDOVER_READ_DAYS = env.int("HANDOVER_READ_DAYS", default=90)
REFERRAL_CHASE_DAYS = [int(n) for n in env.list("REFERRAL_CHASE_DAYS", default=["3", "7", "14"])]
SESSION_COOKIE_AGE = env.int("SESSION_HOURS", 10) * 3600
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SECURE = PRODUCTION
CSRF_COOKIE_SECURE = PRODUCTION
SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_REFERRER_POLICY = "same-origin"
SECURE_SSL_REDIRECT = env.bool("SECURE_SSL_REDIRECT", False)
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if PRODUCTION else None
X_FRAME_OPTIONS = "DENY"
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [SELF],
        "script-src": [SELF, NONCE],
        "style-src": [SELF],
        "img-src": [SELF, "data:"],
        "connect-src": [SELF],
        "object-src": ["'none'"],
        "base-uri": ["'none'"],
        "form-action": [SELF],
        "frame-ancestors": ["'none'"],
    }
}

LANGUAGE_CODE = "ja"
TIME_ZONE = "Asia/Tokyo"
USE_I18N = True
USE_TZ = True

STATIC_URL = "/static/"
STATIC_ROOT = VAR_DIR / "static"
STATICFILES_DIRS = [BASE_DIR / "static"]
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {
        "BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"
        if DEBUG or KYOSEI_ENV == "test"
        else "common.static_files.StaticFiles"
    },
}
# maps of the API viewer and fonts gain nothing by compression and cost half a minute at the first start
WHITENOISE_SKIP_COMPRESS_EXTENSIONS = ["map", "woff2", "png", "jpg", "gz", "br", "zip"]
WHITENOISE_USE_FINDERS = DEBUG or KYOSEI_ENV == "test"
WHITENOISE_AUTOREFRESH = DEBUG
MEDIA_ROOT = VAR_DIR / "media"

EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
EMAIL_HOST = env.str("EMAIL_HOST", "127.0.0.1")
EMAIL_PORT = env.int("EMAIL_PORT", 1025)
EMAIL_HOST_USER = env.str("EMAIL_USER", "")
EMAIL_HOST_PASSWORD = env.str("EMAIL_PASSWORD", "")
EMAIL_USE_TLS = env.bool("EMAIL_TLS", False)
EMAIL_TIMEOUT = 10
# when the daily letter with the notices of the day goes out (working days only)
NOTICE_DIGEST_AT = env.str("NOTICE_DIGEST_AT", "8:30")
DEFAULT_FROM_EMAIL = env.str("EMAIL_FROM", "kyosei@localhost")
PUBLIC_URL = env.str("PUBLIC_URL", "http://127.0.0.1:8000")

REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": ["rest_framework.authentication.SessionAuthentication"],
    "DEFAULT_PERMISSION_CLASSES": ["accounts.api.ActorRequired"],
    "DEFAULT_SCHEMA_CLASS": "drf_spectacular.openapi.AutoSchema",
    "DEFAULT_FILTER_BACKENDS": ["django_filters.rest_framework.DjangoFilterBackend"],
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_PARSER_CLASSES": ["rest_framework.parsers.JSONParser"],
    "EXCEPTION_HANDLER": "accounts.api.exception_handler",
}
SPECTACULAR_SETTINGS = {
    "TITLE": "kyosei API",
    "VERSION": "1",
    "ENUM_NAME_OVERRIDES": {
        "ContactWay": "cases.enums.Way",
        "WatchWay": "cases.enums.WatchWay",
        "OutreachWay": "cases.enums.OutreachWay",
        "CaseState": "cases.workflow.CaseState",
        "OutreachState": "cases.workflow.OutreachState",
        "ReferralState": "referrals.workflow.ReferralState",
        "ActionItemState": "referrals.workflow.ActionItemState",
        "LinkState": "households.enums.LinkState",
        "WorrySource": "cases.enums.WorrySource",
        "ConsentState": "accounts.enums.ConsentState",
        "ConsentAnswer": "cases.serializers_consent.ANSWERS",
        "ConsentMethod": "households.enums.ConsentMethod",
        "RegisterStepState": "households.serializers_register.STATES",
        "MovementKind": "households.enums.MovementKind",
        "FormerNameKind": "households.enums.FormerNameKind",
        "KinshipKind": "households.enums.KinshipKind",
        "MovementSource": "households.enums.MovementSource",
        "OutreachEnd": "cases.enums.OutreachEnd",
        "ContactOutcome": "cases.enums.Outcome",
        "ReferralOutcome": "referrals.enums.ReferralOutcome",
    },
    "SERVE_INCLUDE_SCHEMA": False,
    "SERVE_PERMISSIONS": ["accounts.api.ActorRequired"],
}

PGHISTORY_APPEND_ONLY = True
PGHISTORY_DEFAULT_TRACKERS = (pghistory.InsertEvent(), pghistory.UpdateEvent(), pghistory.DeleteEvent())
PGHISTORY_ADMIN_ALL_EVENTS = False

# One line per event, values only as named: no locals in tracebacks, since they hold personal data.
structlog.configure(
    processors=[
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.filter_by_level,
        structlog.stdlib.add_logger_name,
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso"),
        structlog.processors.format_exc_info,
        structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
    ],
    logger_factory=structlog.stdlib.LoggerFactory(),
    cache_logger_on_first_use=True,
)
LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {
        "line": {
            "()": structlog.stdlib.ProcessorFormatter,
            "foreign_pre_chain": [
                structlog.contextvars.merge_contextvars,
                structlog.stdlib.add_logger_name,
                structlog.stdlib.add_log_level,
                structlog.processors.TimeStamper(fmt="iso"),
                structlog.processors.format_exc_info,
            ],
            "processors": [
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                structlog.processors.JSONRenderer(ensure_ascii=False),
            ],
        }
    },
    "handlers": {"console": {"class": "logging.StreamHandler", "formatter": "line"}},
    "root": {"handlers": ["console"], "level": env.str("LOG_LEVEL", "WARNING")},
}
