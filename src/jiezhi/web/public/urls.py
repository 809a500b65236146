"""公开页面的网址。"""

from django.urls import path

from jiezhi.web.public import views

app_name = "public"
urlpatterns = [
    path("", views.home, name="home"),
    path("<int:pk>/", views.show, name="show"),
]
