from django.db import migrations

from households.actions.search_index import rebuild_households, rebuild_people


def fill(apps, schema_editor):
    model = lambda name: apps.get_model("households", name)  # noqa: E731
    rebuild_people(model("Person"), model("FormerName"), model("AddressProtection"))
    rebuild_households(model("Household"))


class Migration(migrations.Migration):
    dependencies = [("households", "0006_finding_people")]

    operations = [migrations.RunPython(fill, migrations.RunPython.noop)]
