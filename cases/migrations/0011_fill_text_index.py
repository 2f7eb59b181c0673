from django.db import migrations

from cases.actions.text_index import rebuild_texts


def fill(apps, schema_editor):
    model = lambda name: apps.get_model("cases", name)  # noqa: E731
    sources = {
        "consultation": model("Consultation"), "note": model("ProgressNote"), "item": model("AssessmentItem"),
        "plan": model("SupportPlan"),
    }  # fmt: skip
    rebuild_texts(model("IndexedText"), sources)


class Migration(migrations.Migration):
    dependencies = [("cases", "0010_text_index")]

    operations = [migrations.RunPython(fill, migrations.RunPython.noop)]
