"""The project's fields are written as Django's templates write them."""

from __future__ import annotations

from datetime import date, time
from html.parser import HTMLParser

import pytest
from django import forms
from django.forms.renderers import DjangoTemplates, get_default_renderer
from django.utils.safestring import mark_safe

from common import form_renderer
from common.form_renderer import FormRenderer

CHOICES = [("", "選ばない"), ("a&b", "い<ろ"), ("組&班", [(1, "一"), (2, 2026)]), (None, "無し")]
ATTRS = [
    {},
    {"required": True, "hidden": False, "data-x": 'a"b', "class": "field", "rows": 3},
    {"id": "id_x", "title": mark_safe("そのまま&amp;"), "aria-describedby": "hint<1>"},
]
VALUES = [
    "",
    "a&b",
    1,
    None,
    "not there",
    "二行\nある",
    mark_safe("a&amp;b"),
    date(2026, 4, 1),
    time(9, 5),
    "'\"<>",
]
WIDGETS = [
    forms.TextInput(), forms.NumberInput(), forms.EmailInput(), forms.URLInput(), forms.PasswordInput(render_value=True),
    forms.HiddenInput(), forms.DateInput(attrs={"type": "date"}), forms.DateTimeInput(), forms.TimeInput(),
    forms.CheckboxInput(), forms.Textarea(), forms.Select(choices=CHOICES), forms.SelectMultiple(choices=CHOICES),
    forms.NullBooleanSelect(), forms.RadioSelect(choices=CHOICES), forms.CheckboxSelectMultiple(choices=CHOICES),
    forms.ClearableFileInput(), forms.SplitDateTimeWidget(), forms.SplitHiddenDateTimeWidget(),
    forms.MultiWidget([forms.TextInput(), forms.Select(choices=CHOICES)]),
    forms.MultiWidget([forms.DateInput(), forms.RadioSelect(choices=CHOICES)]),
]  # fmt: skip


class _Parts(HTMLParser):
    def __init__(self, html: str) -> None:
        super().__init__()
        self.parts: list[object] = []
        self.inside = ""
        self.feed(html)

    def handle_starttag(self, tag, attrs):
        self.parts.append((tag, attrs))
        self.inside = tag

    def handle_endtag(self, tag):
        self.parts.append(tag)

    def handle_data(self, data):
        if data.strip():
            self.parts.append(data if self.inside == "textarea" else data.strip())


def parts(html: str) -> list[object]:
    return _Parts(html).parts


@pytest.mark.parametrize("widget", WIDGETS, ids=lambda widget: type(widget).__name__)
def test_as_django_writes_it(widget):
    several = isinstance(widget, forms.MultiWidget)
    for value in [[one, other] for one in VALUES[:6] for other in VALUES[:6]] if several else VALUES:
        for attrs in ATTRS:
            ours = widget.render("sector", value, attrs, renderer=FormRenderer())
            assert parts(ours) == parts(widget.render("sector", value, attrs, renderer=DjangoTemplates()))


def test_the_plain_ones_are_the_commonest_and_have_no_template(monkeypatch):
    def fail(*args):
        raise AssertionError("a template")

    monkeypatch.setattr(FormRenderer, "get_template", fail)
    assert isinstance(get_default_renderer(), FormRenderer)
    for widget in WIDGETS[:13]:
        assert "sector" in widget.render("sector", "a", {"id": "x"}, renderer=FormRenderer())
    assert len(form_renderer._WRITERS) == 18


class _Radio(forms.Form):
    way = forms.ChoiceField(
        choices=[("a&b", "い<ろ"), (1, 2026)], widget=forms.RadioSelect(attrs={"data-x": 'a"b'})
    )
    ways = forms.MultipleChoiceField(
        choices=[("a&b", "い<ろ"), (1, 2026)], widget=forms.CheckboxSelectMultiple
    )


def test_a_choice_alone_and_with_its_label():
    for name in ("way", "ways"):
        for data in ({}, {name: ["a&b"]}, {name: ["1"]}):
            ours, djangos = (
                _Radio(data, renderer=by())[name].subwidgets for by in (FormRenderer, DjangoTemplates)
            )
            assert [parts(one.tag()) for one in ours] == [parts(one.tag()) for one in djangos]
            assert [parts(one.tag(wrap_label=True)) for one in ours] == [
                parts(one.tag(wrap_label=True)) for one in djangos
            ]


def test_options_with_a_template_of_their_own():
    class Loud(forms.Select):
        option_template_name = "django/forms/widgets/input.html"

    ours = Loud(choices=[("a", "あ")]).render("x", "a", renderer=FormRenderer())
    assert "<input" in ours
    assert "<option" not in ours
