"""The tests stand on one day, in Python and in the database."""

from __future__ import annotations

from datetime import date, timedelta

from django.db.models import Value
from django.db.models.functions import Now
from django.utils import timezone

from accounts.models import Area
from tests import factories as f


def test_python_and_database_have_the_same_day(db):
    f.make_area()
    assert timezone.localdate() == date(2026, 11, 23)
    told = Area.objects.annotate(said=Now(), one=Value(1)).get().said
    assert abs(told - timezone.now()) < timedelta(seconds=90)
