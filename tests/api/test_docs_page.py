"""The page that describes the API: whole, from this server alone, for everybody who signs in."""

from __future__ import annotations

import re

import pytest
import yaml
from django.conf import settings

from kyosei.api_docs import described

pytestmark = pytest.mark.django_db


def test_every_operation_and_every_shape_stands_on_the_page(worker):
    page = worker.client.get("/api/docs/").content.decode()
    operations = [one for resource in described().resources for one in resource.operations]
    schema = yaml.safe_load((settings.BASE_DIR / "docs" / "openapi.yaml").read_text())
    assert len(operations) == sum(len(methods) for methods in schema["paths"].values())
    for one in operations:
        assert f"<strong>{one.method}</strong> <code>{one.path}</code>" in page, one
    anchors = set(re.findall(r'id="(s-[^"]+)"', page))
    assert anchors == {f"s-{name}" for name, *_ in described().shapes}
    assert set(re.findall(r'href="#(s-[^"]+)"', page)) <= anchors


def test_what_has_to_be_sent_is_said(worker):
    shapes = {name: {part.name: part for part in parts} for name, _, parts in described().shapes}
    contact = shapes["NewConsultation"]
    assert contact["text"].is_needed
    assert not contact["caller_name"].is_needed
    cases = next(resource for resource in described().resources if resource.name == "cases")
    listed = next(one for one in cases.operations if one.path == "/api/v1/cases/" and one.method == "GET")
    assert {"sector", "household", "cursor"} <= {part.name for part in listed.parts}


def test_nothing_comes_from_another_host_and_nobody_reads_it_without_signing_in(worker, client):
    answer = worker.client.get("/api/docs/")
    assert not re.findall(r'(?:src|href)="(?:https?:)?//', answer.content.decode())
    assert client.get("/api/docs/").status_code == 302
