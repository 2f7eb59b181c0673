from django.apps import AppConfig


class KyoseiConfig(AppConfig):
    name = "kyosei"

    def ready(self) -> None:
        from kyosei import receivers
        from referrals.signals import conference_closed

        conference_closed.connect(
            receivers.derive_from_conference, dispatch_uid="kyosei.derive_from_conference"
        )
