from django.apps import AppConfig


class CasesConfig(AppConfig):
    name = "cases"

    def ready(self) -> None:
        from audit.signals import change_recorded
        from cases import receivers, risk_changes
        from cases.stream import household, sources
        from cases.stream.registry import add_source
        from cases.views.stream import cases_section, seen_section, work_section
        from households import signals
        from households.sections import Section, add_section

        change_recorded.connect(risk_changes.follow_change, dispatch_uid="cases.follow_change")
        signals.area_changed.connect(receivers.follow_area, dispatch_uid="cases.follow_area")
        signals.people_linked.connect(receivers.tell_of_link, dispatch_uid="cases.tell_of_link")
        signals.people_merged.connect(receivers.tell_of_merge, dispatch_uid="cases.tell_of_merge")
        signals.merge_undone.connect(receivers.tell_of_undo, dispatch_uid="cases.tell_of_undo")
        add_source(*sources.SOURCES, *household.SOURCES)
        add_section(Section("work", 10, work_section))
        add_section(Section("cases", 10, cases_section, is_head=True))
        add_section(Section("seen", 10, seen_section, is_aside=True))
        signals.person_died.connect(receivers.tell_of_death, dispatch_uid="cases.tell_of_death")
