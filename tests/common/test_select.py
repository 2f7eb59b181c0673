"""The project's template of a choice writes what Django's writes."""

from __future__ import annotations

import pytest
from django import forms
from django.forms.renderers import DjangoTemplates, TemplatesSetting

CHOICES = [("", "選ばない"), ("a&b", "い<ろ"), ("組", [(1, "一"), (2, "二")]), (None, "無し")]


@pytest.mark.parametrize("value", ["", "a&b", 1, None, "not there"])
@pytest.mark.parametrize(
    "attrs", [{}, {"required": True, "hidden": False, "data-x": 'a"b', "class": "field"}]
)
def test_as_django_writes_it(value, attrs):
    widget = forms.Select(choices=CHOICES)
    ours = widget.render("sector", value, attrs, renderer=TemplatesSetting())
    assert ours.split() == widget.render("sector", value, attrs, renderer=DjangoTemplates()).split()


def test_options_with_a_template_of_their_own():
    class Loud(forms.Select):
        option_template_name = "django/forms/widgets/input.html"

    ours = Loud(choices=[("a", "あ")]).render("x", "a", renderer=TemplatesSetting())
    assert "<input" in ours
    assert "<option" not in ours
