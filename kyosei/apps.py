from django.apps import AppConfig


class KyoseiConfig(AppConfig):
    name = "kyosei"
