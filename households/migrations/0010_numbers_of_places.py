from django.db import migrations

from households.actions.search_index import rebuild_households, rebuild_people

# forms of kanji that are folded from now on
FOLDED = "壺堯亙莵兔柰彥尙强銳說稅旣姊壹卷穩璢珎儘祗焰蠣礪冲杦曺朖燿礒秌簑籏緜羣萠蔣霸薗冱鐡鉃鄉躰廰凞蘓鳫纒"


def fill(apps, schema_editor):
    """The search form of addresses keeps their numbers apart, and that of names knows more forms of kanji. Each batch is
    written by itself; begun anew, it goes through all and writes what is not yet done.
    """
    model = lambda name: apps.get_model("households", name)  # noqa: E731
    rebuild_households(model("Household"))
    rebuild_people(model("Person"), model("FormerName"), model("AddressProtection"), holding=FOLDED)


class Migration(migrations.Migration):
    atomic = False

    dependencies = [("households", "0009_grant_indexes")]

    operations = [migrations.RunPython(fill, migrations.RunPython.noop, atomic=False)]
