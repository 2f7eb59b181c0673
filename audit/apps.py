from django.apps import AppConfig
from django.db.models.signals import post_migrate


class AuditConfig(AppConfig):
    name = "audit"

    def ready(self) -> None:
        from audit.triggers import forbid_truncate

        post_migrate.connect(forbid_truncate, sender=self, dispatch_uid="audit.forbid_truncate")
