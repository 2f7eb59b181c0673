"""Home, search, health and error pages."""

from __future__ import annotations

from django.db import connection
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render

from accounts.access import no_permission
from accounts.http import ActorRequest
from kyosei.gallery import examples


@no_permission("everyone who signs in has a home page")
def home(request: ActorRequest) -> HttpResponse:
    return render(request, "home.html", {})


@no_permission("results are scoped by kind")
def search(request: ActorRequest) -> HttpResponse:
    return render(request, "search.html", {})


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
