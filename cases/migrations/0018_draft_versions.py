"""Drafts get a version, the window that wrote last, and the record that their form is about."""

from django.db import migrations, models

# the turns of drafts begun before: their keys end with the id of the turn
_TURNS = r"""
    UPDATE cases_draft SET record = split_part(key, ':', 3)::bigint WHERE key ~ '^turn:[^:]+:[0-9]{1,18}$'
"""


class Migration(migrations.Migration):
    dependencies = [
        ("cases", "0017_words_of_all_casework"),
    ]

    operations = [
        migrations.AddField(
            model_name="draft",
            name="version",
            field=models.PositiveIntegerField(default=1, editable=False, verbose_name="版"),
        ),
        migrations.AddField(
            model_name="draft",
            name="window",
            field=models.CharField(blank=True, default="", max_length=40, verbose_name="書いた画面"),
        ),
        migrations.AddField(
            model_name="draft",
            name="record",
            field=models.BigIntegerField(blank=True, null=True, verbose_name="もとの記録"),
        ),
        migrations.RunSQL(_TURNS, migrations.RunSQL.noop),
    ]
