"""PDF by WeasyPrint: a template in, bytes out, nothing fetched from anywhere but the static files."""

from __future__ import annotations

import mimetypes
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

from django.conf import settings
from django.contrib.staticfiles import finders
from django.core.exceptions import SuspiciousFileOperation
from django.http import HttpRequest
from django.template.loader import render_to_string

from common.errors import RuleViolation

# Relative addresses in a template resolve against this host, which no resolver knows (RFC 2606).
BASE_URL = "http://kyosei.invalid/"
PRINT_CSS = "css/print-pdf.css"


class PdfUnavailable(RuleViolation):
    """WeasyPrint's system libraries (Pango) are missing on this machine (HTTP 503)."""

    status = 503


@cache
def _weasyprint() -> Any:
    """The library, loaded on first use: it takes half a second and needs Pango."""
    try:
        import weasyprint
    except OSError as error:
        raise PdfUnavailable(
            "PDFを作るための部品（Pango）がこのサーバーにありません。管理者に連絡してください。"
        ) from error
    return weasyprint


def static_path(url: str) -> Path:
    """The file behind a static address; raises ``ValueError`` for any other address, and for a missing
    file.
    """
    parts = urlsplit(url)
    path = unquote(parts.path)
    base, prefix = urlsplit(BASE_URL), str(settings.STATIC_URL)
    if (parts.scheme, parts.netloc) != (base.scheme, base.netloc) or not path.startswith(prefix):
        raise ValueError(f"A PDF may only use static files, not {url}")
    name = path.removeprefix(prefix)
    try:
        found = finders.find(name)
    except SuspiciousFileOperation as error:
        raise ValueError(f"A PDF may only use static files, not {url}") from error
    if isinstance(found, str):
        return Path(found)
    root = Path(
        settings.STATIC_ROOT or ""
    ).resolve()  # names with a hash exist only among the collected files
    collected = (root / name).resolve()
    if settings.STATIC_ROOT and collected.is_relative_to(root) and collected.is_file():
        return collected
    raise ValueError(f"No static file {name}")


def _fetcher() -> Any:
    _weasyprint()  # says in words what is missing, where it is
    from weasyprint.urls import URLFetcher, URLFetcherResponse

    class StaticFetcher(URLFetcher):
        """Static files and ``data:`` only: never the network, never another file of the server."""

        def fetch(self, url: str, headers: Mapping[str, str] | None = None) -> Any:
            if url.lower().startswith("data:"):
                return super().fetch(url, headers)
            path = static_path(url)
            kind = mimetypes.guess_type(path.name)[0] or "application/octet-stream"
            return URLFetcherResponse(url, path.read_bytes(), {"Content-Type": kind})

    return StaticFetcher(allowed_protocols={"data"}, allow_redirects=False)


def render_pdf(
    template: str,
    context: Mapping[str, Any],
    *,
    request: HttpRequest | None = None,
    variant: str | None = None,
) -> bytes:
    """The rendered template as PDF: A4, page numbers, 取扱注意 in the header
    (``static/css/print-pdf.css``).

    A template names its agency and date for the page header by ``<p class="pdf-running">…</p>``.
    ``variant`` asks for a profile, e.g. ``"pdf/ua-1"`` for a tagged, accessible file. Raises
    ``PdfUnavailable`` where Pango is missing. About 0.3 s for a one-page form and 0.2 s for each further
    page; cut long tables into page-sized pieces.
    """
    return html_to_pdf(render_to_string(template, dict(context), request=request), variant=variant)


def html_to_pdf(html: str, *, variant: str | None = None) -> bytes:
    """``render_pdf`` for HTML that is already rendered."""
    weasyprint = _weasyprint()
    fetcher = _fetcher()
    css = finders.find(PRINT_CSS)
    sheet = (
        Path(css) if isinstance(css, str) else static_path(f"{BASE_URL}{settings.STATIC_URL[1:]}{PRINT_CSS}")
    )
    stylesheet = weasyprint.CSS(string=sheet.read_text("utf-8"), base_url=BASE_URL, url_fetcher=fetcher)
    document = weasyprint.HTML(string=html, base_url=BASE_URL, url_fetcher=fetcher)
    options = {"pdf_variant": variant} if variant else {}
    data: bytes = document.write_pdf(stylesheets=[stylesheet], **options)
    return data
