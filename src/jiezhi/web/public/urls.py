"""公开站的网址：/bianmin/ 是给居民用的，/gongkai/ 是执法公示。"""

from django.urls import path

from jiezhi.web.public.views import decisions, guides, home, powers, reporting, tracking

app_name = "public"
urlpatterns = [
    path("bianmin/", home.home, name="home"),
    path("bianmin/baoshi/", reporting.report, name="report"),
    path("bianmin/baoshi/zhaopian/", reporting.photo, name="report-photo"),
    path("bianmin/baoshi/weizhi/", reporting.locate, name="report-place"),
    path("bianmin/baoshi/haole/", reporting.done, name="report-done"),
    path("bianmin/jindu/", tracking.track, name="track"),
    path("bianmin/jindu/qingchu/", tracking.clear, name="track-clear"),
    path("bianmin/jindu/ban/<slug:action>/", tracking.act, name="track-act"),
    path("bianmin/zixun/", home.consult, name="consult"),
    path("bianmin/zhinan/", guides.listing, name="guides"),
    path("bianmin/zhinan/<str:matter>/", guides.guide, name="guide"),
    path("bianmin/zhinan/<str:matter>/zhinan.docx", guides.guide_file, name="guide_file"),
    path("bianmin/zhinan/<str:matter>/<slug:name>.docx", guides.form_file, name="form_file"),
    path("bianmin/quanze/", powers.listing, name="powers"),
    path("bianmin/quanze/<str:code>/", powers.power, name="power"),
    path("gongkai/", decisions.listing, name="decisions"),
    path("gongkai/<int:pk>/", decisions.decision, name="decision"),
]
