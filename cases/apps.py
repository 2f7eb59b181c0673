from django.apps import AppConfig


class CasesConfig(AppConfig):
    name = "cases"

    def ready(self) -> None:
        from cases import receivers
        from households import signals

        signals.area_changed.connect(receivers.follow_area, dispatch_uid="cases.follow_area")
        signals.people_linked.connect(receivers.tell_of_link, dispatch_uid="cases.tell_of_link")
        signals.people_merged.connect(receivers.tell_of_merge, dispatch_uid="cases.tell_of_merge")
        signals.merge_undone.connect(receivers.tell_of_undo, dispatch_uid="cases.tell_of_undo")
        signals.person_died.connect(receivers.tell_of_death, dispatch_uid="cases.tell_of_death")
