from django.apps import AppConfig


class ReferralsConfig(AppConfig):
    name = "referrals"

    def ready(self) -> None:
        from cases.risk_rules import add_rule
        from cases.signals import case_closing
        from referrals import receivers
        from referrals.risk_rules import NOBODY_ACTS

        case_closing.connect(
            receivers.refuse_closing_with_waiting_referrals, dispatch_uid="referrals.refuse_closing"
        )
        add_rule(NOBODY_ACTS)
