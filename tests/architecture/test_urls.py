"""Every address declares a permission, or says why it needs none."""

from __future__ import annotations

from collections.abc import Iterator

from django.urls import URLPattern, URLResolver, get_resolver

# libraries that bring their own doors; each with the reason
FOREIGN = {
    "account_login": "sign-in", "account_logout": "sign-out", "account_reauthenticate": "sign-in again",
    "account_inactive": "sign-in", "account_signup": "closed by the adapter",
}  # fmt: skip
FOREIGN_MODULES = ("allauth.", "drf_spectacular.", "django.views.static", "django.contrib.staticfiles")


def patterns(resolver: URLResolver, prefix: str = "") -> Iterator[tuple[str, URLPattern]]:
    for pattern in resolver.url_patterns:
        route = prefix + str(pattern.pattern)
        if isinstance(pattern, URLResolver):
            yield from patterns(pattern, route)
        else:
            yield route, pattern


def test_every_url_declares_its_permission():
    bare = []
    for route, pattern in patterns(get_resolver()):
        view = pattern.callback
        module = getattr(view, "__module__", "")
        cls = getattr(view, "cls", None) or getattr(view, "view_class", None)
        module = getattr(cls, "__module__", module)
        if module.startswith(FOREIGN_MODULES):
            continue
        declared = getattr(view, "declared_permission", None) or getattr(cls, "permission", None)
        if not declared:
            bare.append(route)
    assert bare == []


def test_every_named_url_is_reached_from_code_or_template():
    """No page that nothing leads to."""
    from tests.architecture.sources import ROOT, python_files

    text = "\n".join(p.read_text() for p in (ROOT / "templates").rglob("*.html"))
    text += "\n".join(p.read_text() for p in python_files() if p.name != "urls.py")
    text += "\n".join(p.read_text() for p in (ROOT / "static" / "js").rglob("*.js"))
    names = set()

    def walk(resolver: URLResolver, namespace: str = "") -> None:
        for pattern in resolver.url_patterns:
            if isinstance(pattern, URLResolver):
                walk(pattern, pattern.namespace or namespace)
            elif pattern.name and namespace:
                names.add(f"{namespace}:{pattern.name}")

    walk(get_resolver())
    unused = {n for n in names if n not in text and not n.startswith(("api", "reports"))}
    assert unused == set()
