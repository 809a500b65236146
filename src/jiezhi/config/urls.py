"""网址总表。"""

from django.urls import include, path

urlpatterns = [
    path("api/", include("jiezhi.api.urls")),
    path("jiedian/", include("jiezhi.connect.nodes.urls")),
    path("", include("jiezhi.web.public.urls")),
    path("", include("jiezhi.web.office.urls")),
]
