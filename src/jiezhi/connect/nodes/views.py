"""两个小接口：收包、让对方来取。没有登录，凭签名；不收的说明为什么，不说本机有什么。

读正文之前先看：本机是不是节点、来得太勤没有、有没有要收谁的、多大；收到开头就认人，不认识的不收完。
"""

from __future__ import annotations

from django.http import FileResponse, HttpRequest, HttpResponse
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST

from jiezhi.base.accounts.throttle import Counter
from jiezhi.connect.nodes import identity, packing, receiving
from jiezhi.core.parcels import HEAD, Refused
from jiezhi.core.parcels.notes import MAX_NOTE

MOST_UPLOAD = packing.MOST_PARCEL
CHUNK = 1 << 18
RATE = Counter("node")


@csrf_exempt
@never_cache
@require_POST
def parcel(request: HttpRequest) -> HttpResponse:
    """收一包，答复签了名的回执。"""
    if (no := _closed(request, MOST_UPLOAD)) is not None:
        return no
    now = timezone.now()
    try:
        with receiving.desk() as stream:
            size, known = 0, False
            while piece := request.read(CHUNK):
                size += len(piece)
                if size > MOST_UPLOAD:
                    return _no("太大", 413)
                stream.write(piece)
                if not known and size >= HEAD:
                    receiving.check_sender(stream, size, via="https", now=now)
                    stream.seek(size)
                    known = True
            done = receiving.receive(stream, size, via="https", now=now)
    except Refused as refused:
        return _no(str(refused), 403)
    return HttpResponse(packing.note(done.peer, "receipt", now), content_type="application/json")


@csrf_exempt
@never_cache
@require_POST
def fetch(request: HttpRequest) -> HttpResponse | FileResponse:
    """对方来取：小条上说收到几号，答复下一包；没有了答复 204。"""
    if (no := _closed(request, MAX_NOTE)) is not None:
        return no
    now = timezone.now()
    try:
        peer, note = receiving.receive_note(request.read(MAX_NOTE + 1), via="https", now=now)
        if note.kind != "fetch":
            return _no("不是来取的小条", 400)
        packing.pack(peer, now)
        row = packing.unacknowledged(peer).first()
        if row is None:
            return HttpResponse(status=204)
        with packing.written(row) as path:
            # 文件打开之后删名字：送完自己就没有了。
            return FileResponse(path.open("rb"), content_type="application/zip")
    except Refused as refused:
        return _no(str(refused), 403)
    except packing.CannotWrite as error:
        return _no(str(error), 409)


def _closed(request: HttpRequest, most: int) -> HttpResponse | None:
    """不用读正文就能说不的；可以读为 None。"""
    try:
        identity.me()
    except identity.NoIdentity:
        return _no("没有这个接口", 404)
    if seconds := RATE.wait(request):
        answer = _no("来得太勤，请稍后再试", 429)
        answer["Retry-After"] = str(max(1, round(seconds)))
        return answer
    if not receiving.expected():
        return _no("不收", 403)
    length = request.META.get("CONTENT_LENGTH") or ""
    if not length.isdecimal():
        return _no("要写明多大（Content-Length）", 411)
    return _no("太大", 413) if int(length[:20]) > most else None


def _no(say: str, status: int) -> HttpResponse:
    return HttpResponse(say, status=status, content_type="text/plain; charset=utf-8")
