"""Home, search, health and error pages."""

from __future__ import annotations

from django.db import connection
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.utils import timezone

from accounts.access import log_reads, no_permission
from accounts.http import ActorRequest
from audit.models import AccessKind
from kyosei.gallery import examples
from kyosei.home import home_groups, sentence
from kyosei.search import search_all


@no_permission("everyone who signs in has a home page")
def home(request: ActorRequest) -> HttpResponse:
    at = timezone.now()
    groups = home_groups(request.actor, at) if request.actor.agency else []
    context = {"groups": groups, "sentence": sentence(groups, at), "today": timezone.localdate(at)}
    return render(request, "home.html", context)


@no_permission("results are scoped by kind")
def search(request: ActorRequest) -> HttpResponse:
    query = request.GET.get("q", "")[:100].strip()
    if query:
        log_reads(request, AccessKind.SEARCH, "search", query)
    context = {"search_query": query, "results": search_all(request.actor, query)}
    return render(request, "search.html", context)


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
