"""网址总表。"""

from django.urls import include, path

urlpatterns = [
    path("", include("jiezhi.web.office.urls")),
]
