"""WSGI entry: starts the embedded services where none are configured, then Django."""

import os

from common.embedded import ensure_services

ensure_services()
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "kyosei.settings")

from django.core.wsgi import get_wsgi_application  # noqa: E402

application = get_wsgi_application()

from kyosei.runtime import settle_memory  # noqa: E402

settle_memory()
