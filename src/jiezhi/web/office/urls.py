"""办公页面的网址。"""

from django.urls import path

from jiezhi.web.office.views import account, casepage, files, notices, opening, worklist

app_name = "office"
urlpatterns = [
    path("", worklist.home, name="home"),
    path("export/", worklist.export, name="export"),
    path("login/", account.SignIn.as_view(), name="login"),
    path("logout/", account.SignOut.as_view(), name="logout"),
    path("password/", account.password, name="password"),
    path("new/", opening.choose, name="new"),
    path("new/<str:matter>/<slug:action>/", opening.open_form, name="open"),
    path("cases/<uuid:uid>/", casepage.show, name="case"),
    path("cases/<uuid:uid>/act/<slug:action>/", casepage.act, name="act"),
    path("cases/<uuid:uid>/merge/", casepage.merge, name="merge"),
    path("cases/<uuid:uid>/procedure/", casepage.procedure, name="procedure"),
    path("cases/<uuid:uid>/reveal/<slug:field>/", casepage.reveal, name="reveal"),
    path("cases/<uuid:uid>/files/<slug:digest>/", files.original, name="file"),
    path("cases/<uuid:uid>/files/<slug:digest>/thumb/", files.thumb, name="thumb"),
    path("notices/", notices.inbox, name="notices"),
]
