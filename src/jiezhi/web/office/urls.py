"""办公页面的网址。"""

from django.urls import path

from jiezhi.web.office.views import (
    account,
    casepage,
    files,
    notices,
    opening,
    papers,
    powers,
    services,
    worklist,
)

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
    path("cases/<uuid:uid>/reveal/<str:field>/", casepage.reveal, name="reveal"),
    path("cases/<uuid:uid>/files/<slug:digest>/", files.original, name="file"),
    path("cases/<uuid:uid>/files/<slug:digest>/thumb/", files.thumb, name="thumb"),
    path("cases/<uuid:uid>/papers/<slug:short>/", papers.take, name="paper"),
    path("cases/<uuid:uid>/papers/<slug:short>/reissue/", papers.reissue, name="reissue"),
    path("scan/", papers.scan, name="scan"),
    path("scan/by-hand/", papers.file_by_hand, name="scan-by-hand"),
    path("scan/set-aside/", papers.set_aside, name="scan-set-aside"),
    path("powers/", powers.listing, name="powers"),
    path("powers/<str:code>/", powers.detail, name="power"),
    path("notices/", notices.inbox, name="notices"),
    path("shixiang/", services.guides, name="guides"),
    path("shixiang/<str:matter>/", services.guide, name="guide"),
    path("shixiang/<str:matter>/zhinan.docx", services.guide_file, name="guide_file"),
    path("shixiang/<str:matter>/<slug:name>.docx", services.form_file, name="form_file"),
    path("tisu/", services.speed, name="speed"),
]
