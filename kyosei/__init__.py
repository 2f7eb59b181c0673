"""Composition root: settings, URLs, Celery, WSGI and the home page. Imports all; nobody imports it."""
