"""两个小接口：收包、让对方来取。没有登录，凭签名；不收的说明为什么，不说本机有什么。"""

from __future__ import annotations

import secrets as random

from django.http import FileResponse, HttpRequest, HttpResponse
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST

from jiezhi.base.casework import files
from jiezhi.connect.nodes import identity, packing, receiving
from jiezhi.core.parcels import Refused

MOST_UPLOAD = packing.MOST_PARCEL
MOST_NOTE = 64 << 10
CHUNK = 1 << 18


@csrf_exempt
@never_cache
@require_POST
def parcel(request: HttpRequest) -> HttpResponse:
    """收一包，答复签了名的回执。"""
    now = timezone.now()
    path = files.workplace() / f"{random.token_hex(12)}.part"
    try:
        with path.open("xb+") as stream:
            path.chmod(0o600)
            size = 0
            while piece := request.read(CHUNK):
                size += len(piece)
                if size > MOST_UPLOAD:
                    return _no("包太大", 413)
                stream.write(piece)
            done = receiving.receive(stream, size, via="https", now=now)
    except (Refused, identity.NoIdentity) as refused:
        return _no(str(refused), 403)
    finally:
        path.unlink(missing_ok=True)
    return HttpResponse(packing.note(done.peer, "receipt", now), content_type="application/json")


@csrf_exempt
@never_cache
@require_POST
def fetch(request: HttpRequest) -> HttpResponse | FileResponse:
    """对方来取：小条上说收到几号，答复下一包；没有了答复 204。"""
    now = timezone.now()
    try:
        peer, note = receiving.receive_note(request.read(MOST_NOTE), via="https", now=now)
        if note.kind != "fetch":
            return _no("不是来取的小条", 400)
        packing.pack(peer, now)
        row = packing.unacknowledged(peer).first()
        if row is None:
            return HttpResponse(status=204)
        with packing.written(row) as path:
            # 文件打开之后删名字：送完自己就没有了。
            return FileResponse(path.open("rb"), content_type="application/zip")
    except (Refused, identity.NoIdentity) as refused:
        return _no(str(refused), 403)
    except packing.CannotWrite as error:
        return _no(str(error), 409)


def _no(say: str, status: int) -> HttpResponse:
    return HttpResponse(say, status=status, content_type="text/plain; charset=utf-8")
