"""接口的网址。"""

from django.http import HttpRequest, HttpResponse
from django.urls import path, re_path
from django.views.decorators.csrf import csrf_exempt

from jiezhi.api.problems import not_found
from jiezhi.api.root import api


@csrf_exempt
def nowhere(request: HttpRequest) -> HttpResponse:
    """没有这个地址。"""
    return not_found().response(request)


urlpatterns = [path("v1/", api.urls), re_path(r"", nowhere)]
