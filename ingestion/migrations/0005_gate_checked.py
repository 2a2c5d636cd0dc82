from django.db import migrations, models


class Migration(migrations.Migration):
    """What the last check of a connection found."""

    dependencies = [("ingestion", "0004_versions")]

    operations = [
        migrations.AddField("gate", "checked_at", models.DateTimeField(blank=True, null=True, verbose_name="checked")),
        migrations.AddField(
            "gate", "is_reachable", models.BooleanField(blank=True, null=True, verbose_name="reachable")
        ),
        migrations.AddField(
            "gate",
            "skew",
            models.FloatField(
                blank=True,
                help_text="Seconds that the gateway's clock is ahead of ours.",
                null=True,
                verbose_name="clock",
            ),
        ),
        migrations.AddField(
            "gate",
            "check_error",
            models.TextField(blank=True, default="", verbose_name="what the check found wrong"),
            preserve_default=False,
        ),
    ]
