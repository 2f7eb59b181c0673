"""The tag ``url`` says what Django's own says, for every view and whatever is put into its address."""

from __future__ import annotations

import pytest
from django.template import Context, Template
from django.template.defaulttags import URLNode
from django.test import RequestFactory, override_settings
from django.urls import NoReverseMatch, get_resolver, reverse, set_script_prefix

from common.templatetags.addresses import address

ARGS = (7, 12_345_678_901, "K08-00012", "abc", "a b", "あ", "a&b", -3, True, None, "")


def _views(resolver, before="", at=()):
    for name in resolver.reverse_dict:
        if isinstance(name, str):
            yield before + name
    for namespace, (_, sub) in resolver.namespace_dict.items():
        yield from _views(sub, f"{before}{namespace}:", (*at, namespace))


def _django(view, args):
    try:
        return reverse(view, args=args)
    except NoReverseMatch:
        return None


def test_every_view_with_none_one_and_two_arguments():
    views = sorted(set(_views(get_resolver())))
    assert len(views) > 300
    found = 0
    for view in views:
        for args in ([], *([a] for a in ARGS), *([a, b] for a in ARGS[:4] for b in ARGS[:4])):
            for _ in range(2):  # looked up, and as it was kept
                made = address(view, args, None)
                assert made is None or made == _django(view, args), (view, args)
            found += made is not None
    assert found > 800


@pytest.mark.parametrize(
    "text",
    [
        '{% url "cases:detail" number %}', '{% url "cases:detail" number as at %}[{{ at }}]{{ at|length }}',
        '{% url "cases:list" %}?a=1&b=2', '{% url "households:detail" pk=5 %}', '{% url "no:such" as at %}[{{ at }}]',
        "{% url view 12 %}", '{% url "cases:detail" strange %}',
    ],
)  # fmt: skip
def test_in_a_template_as_before(text, monkeypatch):
    words = {
        "number": "K08-00012",
        "strange": 'a"<b',
        "view": "households:detail",
        "request": RequestFactory().get("/"),
    }
    now = Template(text).render(Context(words))
    monkeypatch.setattr("common.templatetags.addresses.address", lambda *args: None)
    assert now == Template(text).render(Context(words))
    assert isinstance(Template('{% url "cases:list" %}').nodelist[0], URLNode)


def test_a_view_that_is_not_there_is_said():
    with pytest.raises(NoReverseMatch):
        Template('{% url "cases:nothing" 1 %}').render(Context())


def test_a_prefix_or_another_table_of_addresses_is_not_mixed_up():
    plain = address("cases:list", [], None)
    set_script_prefix("/kyosei/")
    try:
        assert address("cases:list", [], None) == f"/kyosei{plain}"
    finally:
        set_script_prefix("/")
    with override_settings(ROOT_URLCONF="tests.common.test_addresses"):
        assert address("cases:list", [], None) is None
    assert address("cases:list", [], None) == plain


urlpatterns: list[object] = []
