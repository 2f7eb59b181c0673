"""The household's page reads its row by a kept query: the same door as any other."""

from __future__ import annotations

import pytest

from audit.models import AccessKind, AccessRecord
from tests import factories as f

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("pk", [2**31, 2**63 - 1, 2**63, 10**30])
def test_an_id_of_nobody_is_not_found_and_logged(worker, pk):
    assert worker.client.get(f"/households/{pk}/").status_code == 404
    assert AccessRecord.objects.filter(kind=AccessKind.DENIED, target_id=str(pk)).count() == 1


def test_whoever_sees_it_is_logged_with_the_ground_and_nobody_else_finds_it(worker, stranger):
    home = f.make_household("森下 世帯", agency=worker.agency)
    for _ in range(3):
        assert worker.client.get(f"/households/{home.pk}/").status_code == 200
        assert stranger.client.get(f"/households/{home.pk}/").status_code == 404
    rows = AccessRecord.objects.filter(target_type="households.household", target_id=str(home.pk))
    assert sorted(rows.values_list("kind", "ground")) == sorted(
        [(AccessKind.VIEW, "own_duty")] * 3 + [(AccessKind.DENIED, "")] * 3
    )
