"""节点接口的网址。"""

from django.urls import path

from jiezhi.connect.nodes import views

app_name = "nodes"
urlpatterns = [
    path("bao/", views.parcel, name="parcel"),
    path("qu/", views.fetch, name="fetch"),
]
