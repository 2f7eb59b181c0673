from django.apps import AppConfig


class HouseholdsConfig(AppConfig):
    name = "households"

    def ready(self) -> None:
        from accounts.notice_bars import add_bar
        from households.models.household import denials_of

        add_bar(denials_of)
