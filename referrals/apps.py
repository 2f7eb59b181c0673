from django.apps import AppConfig


class ReferralsConfig(AppConfig):
    name = "referrals"

    def ready(self) -> None:
        from cases.signals import case_closing
        from referrals import receivers

        case_closing.connect(
            receivers.refuse_closing_with_waiting_referrals, dispatch_uid="referrals.refuse_closing"
        )
