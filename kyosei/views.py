"""Home, search, health and error pages."""

from __future__ import annotations

from django.db import connection
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.utils import timezone

from accounts.access import log_reads, no_permission
from accounts.http import ActorRequest
from audit.models import AccessKind
from cases.selectors.texts import MOST as TEXTS
from cases.selectors.texts import search_texts
from households.templatetags.contact import shield_of
from kyosei.gallery import examples
from kyosei.home import home_groups, sentence
from kyosei.search import LABELS, SHOWN, search_all


@no_permission("everyone who signs in has a home page")
def home(request: ActorRequest) -> HttpResponse:
    at = timezone.now()
    groups = home_groups(request.actor, at) if request.actor.agency else []
    context = {"groups": groups, "sentence": sentence(groups, at), "today": timezone.localdate(at)}
    return render(request, "home.html", context)


@no_permission("results are scoped by kind")
def search(request: ActorRequest) -> HttpResponse:
    """Grouped results; the texts of records come as a fragment of their own, since they take longer."""
    query = _query(request)
    show, page = request.GET.get("show", ""), request.GET.get("page", "1")
    weaker = request.GET.get("near") == "1"
    if query:
        log_reads(request, AccessKind.SEARCH, "search", query)
    results = search_all(
        request.actor, query, shield_of(request), show=show if show in LABELS else "", weaker=weaker,
        page=min(max(int(page), 1), 9) if page.isdigit() else 1,
    )  # fmt: skip
    context = {
        "search_query": query, "results": results, "show": show, "near": weaker,
        "asks_texts": bool(query) and show in ("", "texts") and request.actor.has_casework,
    }  # fmt: skip
    return render(request, "search.html", context)


@no_permission("results are scoped by kind")
def search_texts_fragment(request: ActorRequest) -> HttpResponse:
    """Words found in consultations, notes, assessment and plans."""
    query = _query(request)
    more = request.GET.get("more") == "1"
    if query:
        log_reads(request, AccessKind.SEARCH, "search.texts", query)
    found = search_texts(request.actor, query, shield_of(request), most=TEXTS if more else SHOWN)
    context = {"search_query": query, "found": found, "more": more}
    return render(request, "_search_texts.html", context)


def _query(request: ActorRequest) -> str:
    return request.GET.get("q", "").replace("\x00", "")[:100].strip()


@no_permission("health check of the reverse proxy", login=False)
def health(request: HttpRequest) -> JsonResponse:
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")
    return JsonResponse({"status": "ok"})


@no_permission("components, in debug only", login=False)
def gallery(request: HttpRequest) -> HttpResponse:
    return render(request, "gallery.html", examples())


def forbidden(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    return render(request, "403.html", status=403)


def not_found(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    return render(request, "404.html", status=404)


def server_error(request: HttpRequest) -> HttpResponse:
    return render(request, "500.html", status=500)
