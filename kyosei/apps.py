from django.apps import AppConfig


class KyoseiConfig(AppConfig):
    name = "kyosei"

    def ready(self) -> None:
        from kyosei import receivers
        from kyosei.celery import app
        from referrals.signals import conference_closed

        app.set_default()  # so that every process, not only the worker, puts jobs on our own queue
        conference_closed.connect(
            receivers.derive_from_conference, dispatch_uid="kyosei.derive_from_conference"
        )
