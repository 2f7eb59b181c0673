from django.urls import URLPattern, URLResolver

app_name = "apportionment"
urlpatterns: list[URLPattern | URLResolver] = []
