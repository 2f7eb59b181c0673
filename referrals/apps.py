from django.apps import AppConfig


class ReferralsConfig(AppConfig):
    name = "referrals"

    def ready(self) -> None:
        from cases.actions.saved_forms import add_keyed
        from cases.risk_rules import add_rule
        from cases.signals import case_closing, contact_recorded
        from cases.stream.registry import add_source, ask_with_cases
        from households.sections import Section, add_section
        from referrals import receivers, stream
        from referrals.models import AgendaItem
        from referrals.risk_rules import NOBODY_ACTS
        from referrals.selectors import asked_already
        from referrals.views.household import waiting_section

        case_closing.connect(
            receivers.refuse_closing_with_waiting_referrals, dispatch_uid="referrals.refuse_closing"
        )
        contact_recorded.connect(receivers.begin_with_contact, dispatch_uid="referrals.begin_with_contact")
        add_keyed("referral", asked_already)
        add_rule(NOBODY_ACTS)
        add_source(*stream.SOURCES)
        ask_with_cases("papers", AgendaItem.objects.visible_to)
        add_section(Section("referrals", 20, waiting_section, is_aside=True))
