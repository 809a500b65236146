"""网址总表。"""

from django.urls import include, path

urlpatterns = [
    path("gongkai/", include("jiezhi.web.public.urls")),
    path("", include("jiezhi.web.office.urls")),
]
