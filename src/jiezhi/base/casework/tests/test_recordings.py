"""录音、录像：各有大小上限；没有画面的 MP4 是录音；坏的不使程序出错。"""

from __future__ import annotations

import io
import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jiezhi.base.casework import sniffing
from jiezhi.base.casework.files import FileRefused
from jiezhi.base.casework.tests.storing import boxed, refused, store

pytestmark = pytest.mark.django_db


def test_recordings_have_their_own_limit(settings: object) -> None:
    settings.EVIDENCE_MAX_BYTES = 100  # type: ignore[attr-defined]
    settings.EVIDENCE_MAX_RECORDING_BYTES = 1000  # type: ignore[attr-defined]
    data = b"ID3" + b"\0" * 997
    assert "超过" in refused(data + b"\0", "录音.mp3")
    assert "超过" in refused(b"%PDF-" + b"\0" * 96, "文件.pdf")
    assert store(data, "录音.mp3").kind == "audio"


def box(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I4s", len(data) + 8, kind) + data


def movie(*tracks: bytes, last: bool = False) -> bytes:
    """一段录像或录音：`tracks` 是各轨的种类；`last` 表示索引在最后（边录边写的手机）。"""
    index = box(b"moov", b"".join(box(b"trak", box(b"hdlr", b"\0" * 8 + one + b"\0" * 12)) for one in tracks))
    data = box(b"mdat", b"vide\0" * 20)
    return boxed(b"mp42")[:24] + (data + index if last else index + data)


@pytest.mark.parametrize("last", [False, True])
def test_sound_without_pictures_is_a_recording(last: bool) -> None:
    assert store(movie(b"vide", b"soun", last=last), "录像.mp4", "video").kind == "video"
    row = store(movie(b"soun", last=last), "录音.mp4", "audio")
    assert (row.kind, row.mime, row.name) == ("audio", "audio/mp4", "录音.m4a")
    assert "这里要交视频，收到的是录音" in refused_kind(movie(b"soun", last=last))


def refused_kind(data: bytes) -> str:
    with pytest.raises(FileRefused) as error:
        store(data, "录音.m4a", "video")
    return str(error.value)


@given(st.binary(max_size=200), st.integers(0, 220))
def test_a_broken_recording_never_crashes(junk: bytes, cut: int) -> None:
    data = (boxed(b"mp42")[:24] + box(b"moov", junk) + junk)[: 24 + cut]
    stream = io.BytesIO(data)
    assert sniffing._only_sound(stream, len(data)) in (True, False)
