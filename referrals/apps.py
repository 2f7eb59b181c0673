from django.apps import AppConfig


class ReferralsConfig(AppConfig):
    name = "referrals"

    def ready(self) -> None:
        from cases.signals import case_closing
        from cases.stream.registry import add_source
        from households.sections import Section, add_section
        from referrals import receivers, stream
        from referrals.views.household import waiting_section

        case_closing.connect(
            receivers.refuse_closing_with_waiting_referrals, dispatch_uid="referrals.refuse_closing"
        )
        add_source(*stream.SOURCES)
        add_section(Section("referrals", 20, waiting_section, is_aside=True))
