"""Every follow-up that was there before belongs to a cycle of its own, held once."""

from django.db import migrations

_WAYS = {"accompany": "home_visit", "meeting": "agency"}


def give_cycles(apps, schema_editor):
    FollowUp = apps.get_model("cases", "FollowUp")
    WatchCycle = apps.get_model("cases", "WatchCycle")
    for old, new in _WAYS.items():
        FollowUp.objects.filter(way=old).update(way=new)
    rows = FollowUp.objects.filter(cycle__isnull=True).select_related("case").order_by("case_id", "pk")
    for row in rows.iterator(chunk_size=500):
        by = row.done_by_id or row.staff_id or row.case.lead_staff_id
        over = row.done_at is not None
        row.cycle = WatchCycle.objects.create(
            case_id=row.case_id, state="ended" if over else "running", every="once", first_on=row.due_on, way=row.way,
            agency_id=row.agency_id, staff_id=row.staff_id, started_at=row.case.closed_at or row.case.opened_at,
            started_by_id=by, ended_at=row.done_at, ended_by_id=by if over else None,
            end_reason="finished" if over else "",
        )
        row.save(update_fields=["cycle"])


class Migration(migrations.Migration):
    dependencies = [("cases", "0007_watch_cycle")]

    operations = [migrations.RunPython(give_cycles, migrations.RunPython.noop)]
