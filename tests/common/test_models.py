from datetime import UTC, date, datetime

import pytest

from common.errors import InvalidTransition, NotAllowed, Overlap, RuleViolation, StaleRecord
from common.models import check_version, period, period_last
from households.models import Household

AT = datetime(2026, 11, 23, tzinfo=UTC)


def test_each_save_adds_one_and_the_second_of_two_people_is_told(db):
    row = Household.objects.create(name="山田", created_at=AT)
    assert row.version == 1
    mine, theirs = Household.objects.get(pk=row.pk), Household.objects.get(pk=row.pk)
    opened = mine.version
    theirs.name = "山田（転居）"
    theirs.save(update_fields=["name"])
    assert Household.objects.get(pk=row.pk).version == 2
    mine.refresh_from_db()
    with pytest.raises(StaleRecord) as caught:
        check_version(mine, opened)
    assert caught.value.current == mine
    assert caught.value.status == 422
    check_version(mine, 2)


def test_an_action_that_adds_one_itself_is_not_counted_twice(db):
    row = Household.objects.create(name="山田", created_at=AT)
    row.version += 1
    row.save()
    row.refresh_from_db()
    assert row.version == 2
    row.save()
    row.save()
    assert Household.objects.get(pk=row.pk).version == 4
    deferred = Household.objects.only("name").get(pk=row.pk)
    deferred.save()
    assert Household.objects.get(pk=row.pk).version == 5


def test_period_includes_both_ends():
    days = period(date(2026, 4, 1), date(2027, 3, 31))
    assert (days.lower, days.upper, period_last(days)) == (
        date(2026, 4, 1),
        date(2027, 4, 1),
        date(2027, 3, 31),
    )
    assert period_last(period(date(2026, 4, 1), None)) is None
    with pytest.raises(ValueError, match="前です"):
        period(date(2026, 4, 2), date(2026, 4, 1))


def test_errors_carry_sentence_field_and_context():
    error = RuleViolation("だめです。", "name", limit=3)
    assert (str(error), error.message, error.field, error.context) == (
        "だめです。",
        "だめです。",
        "name",
        {"limit": 3},
    )
    assert NotAllowed("見るだけです。").status == 403
    assert issubclass(Overlap, RuleViolation) and issubclass(InvalidTransition, RuleViolation)
