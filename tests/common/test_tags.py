"""Tags of rows without a version: the same for the same facts, and nothing that can be worked out backwards."""

from __future__ import annotations

import pytest
from django.utils import timezone

from common.errors import StaleRecord
from common.tags import check_tag, tag_of
from households.models import PersonMerge


def merge(**values) -> PersonMerge:
    return PersonMerge(pk=7, **values)


def test_a_tag_changes_with_what_its_writes_change():
    fresh, undone = merge(), merge(undone_at=timezone.now())
    assert tag_of(fresh) == tag_of(merge())
    assert tag_of(fresh) != tag_of(undone)
    check_tag(fresh, tag_of(merge()))
    with pytest.raises(StaleRecord):
        check_tag(undone, tag_of(fresh))


def test_who_does_not_have_the_key_of_the_program_cannot_try_facts_against_a_tag(settings):
    told = tag_of(merge())
    settings.SECRET_KEY = "another key of another city, long enough"
    assert tag_of(merge()) != told
