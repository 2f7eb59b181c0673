from django.db import migrations

from households.actions.search_index import rebuild_households


def fill(apps, schema_editor):
    """The search form of addresses keeps their numbers apart. Each batch is written by itself; begun anew, it goes through
    all and writes what is not yet done.
    """
    rebuild_households(apps.get_model("households", "Household"))


class Migration(migrations.Migration):
    atomic = False

    dependencies = [("households", "0009_grant_indexes")]

    operations = [migrations.RunPython(fill, migrations.RunPython.noop, atomic=False)]
