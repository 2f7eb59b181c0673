from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("cases", "0008_cycles_of_follow_ups")]

    operations = [
        migrations.AddConstraint(
            model_name='followup',
            constraint=models.CheckConstraint(condition=models.Q(('cycle__isnull', False)), name='turn_has_cycle'),
        ),
    ]
