from django.apps import AppConfig


class BudgetsConfig(AppConfig):
    name = "budgets"

    def ready(self) -> None:
        from budgets import receivers
        from cases.signals import contact_recorded

        contact_recorded.connect(receivers.derive_from_contact, dispatch_uid="budgets.derive_from_contact")
