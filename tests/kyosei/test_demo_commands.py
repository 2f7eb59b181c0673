"""Where the demo must not go."""

from __future__ import annotations

import pytest
from django.core.management import CommandError, call_command

from accounts.models import Agency
from tests import factories as f


def test_production_gets_no_demo(db, settings):
    settings.KYOSEI_ENV = "production"
    with pytest.raises(CommandError, match="本番環境"):
        call_command("demo_data", "--if-empty")
    with pytest.raises(CommandError, match="本番環境"):
        call_command("demo_signins")
    assert not Agency.objects.exists()


def test_a_database_with_other_agencies_is_left_alone(db):
    f.make_agency()
    call_command("demo_data", "--if-empty")
    assert Agency.objects.count() == 1
    with pytest.raises(CommandError, match="デモ以外"):
        call_command("demo_data")
