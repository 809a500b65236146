"""规范字节：同一内容只有一种写法，才谈得上“摘要相同即内容相同”。

In the spirit of RFC 8785 (JSON Canonicalization Scheme), narrowed so that no number formatting question
can arise: only str, int, bool, None, list and dict with string keys. Differences from RFC 8785, both on
purpose: floats are refused (money is integer 分, measures are text), and keys are ordered by code point,
which equals the order of their UTF-8 bytes (RFC 8785 orders UTF-16 units; the two differ only when a key
holds a character beyond U+FFFF).
"""

from __future__ import annotations

import json
from json.encoder import c_make_encoder, encode_basestring  # type: ignore[attr-defined]
from typing import Any, NoReturn, TypeAlias

Json: TypeAlias = "None | bool | int | str | list[Json] | dict[str, Json]"

MAX_DEPTH = 64
MAX_INT = 2**53 - 1  # RFC 8785 §3.2.2.3 / RFC 7493: beyond this other languages lose digits


def _check(obj: Any, depth: int) -> None:
    # Exact types, not isinstance: a subclass may print itself differently somewhere else.
    kind = type(obj)
    if kind is str or kind is bool or obj is None:
        return
    if kind is int:
        if not -MAX_INT <= obj <= MAX_INT:
            raise ValueError("整数超出可准确交换的范围（±(2^53-1)）")
        return
    if depth >= MAX_DEPTH:
        raise ValueError("层次太深")
    if kind is dict:
        for key, value in obj.items():
            if type(key) is not str:
                raise TypeError(f"键必须是文字，不能是 {type(key).__name__}")
            if type(value) is not str:
                _check(value, depth + 1)
        return
    if kind is list:
        for value in obj:
            if type(value) is not str:
                _check(value, depth + 1)
        return
    raise TypeError(f"规范字节不接受 {kind.__name__}")


_encoder = json.JSONEncoder(
    ensure_ascii=False, check_circular=False, allow_nan=False, sort_keys=True, separators=(",", ":")
)


def _slow(obj: object, level: int) -> Any:
    return _encoder.iterencode(obj)


# JSONEncoder 每次都重新造一个 C 编码器，比编码本身还慢；造一次，留着用。没有 C 编码器时用慢的那个，结果一样。
_chunks: Any = (
    c_make_encoder(None, _encoder.default, encode_basestring, None, ":", ",", True, False, False)
    if c_make_encoder is not None
    else _slow
)


_plain_encoder = json.JSONEncoder(ensure_ascii=False, check_circular=False)
_plain: Any = (
    c_make_encoder(None, _plain_encoder.default, encode_basestring, None, ": ", ", ", False, False, True)
    if c_make_encoder is not None
    else None
)


def plain_json(obj: object) -> str:
    """普通 JSON 文字（不是规范字节，不进摘要）：同 json.dumps(ensure_ascii=False)，编码器只造一次。"""
    return _plain_encoder.encode(obj) if _plain is None else "".join(_plain(obj, 0))


def encode(obj: object) -> bytes:
    """Canonical bytes (UTF-8, sorted keys, no spaces) of a value.

    Raises TypeError for a type outside the list above (floats included) or a key that is not a string,
    ValueError for an integer beyond ±(2^53−1), nesting beyond 64 levels, or a lone surrogate
    (UnicodeEncodeError is a ValueError).
    """
    _check(obj, 0)
    return "".join(_chunks(obj, 0)).encode("utf-8")


def _no_number(text: str) -> NoReturn:
    raise ValueError(f"不接受小数或非数：{text[:20]}")


def _pairs(pairs: list[tuple[str, Json]]) -> dict[str, Json]:
    result = dict(pairs)
    if len(result) != len(pairs):
        raise ValueError("同一处有重复的键")
    return result


_decoder = json.JSONDecoder(object_pairs_hook=_pairs, parse_float=_no_number, parse_constant=_no_number)


def decode(data: bytes) -> Json:
    """Read JSON made only of the accepted types; spaces and key order are free (see `is_canonical`).

    Raises ValueError for anything else: bad UTF-8, a BOM, repeated keys, floats, too deep, too large.
    """
    try:
        value: Json = _decoder.decode(data.decode("utf-8"))
        if b"\\u" in data:
            encode(value)  # an escape may spell a lone surrogate; only encoding tells
        else:
            _check(value, 0)
    except RecursionError as error:
        raise ValueError("层次太深") from error
    return value


def decode_canonical(data: bytes) -> Json:
    """As `decode`, and the bytes must be exactly the canonical ones, else ValueError."""
    value = decode(data)
    if encode(value) != data:
        raise ValueError("不是规范写法")
    return value


def is_canonical(data: bytes) -> bool:
    """Whether these bytes are exactly what `encode` gives for their content. Never raises."""
    try:
        decode_canonical(data)
    except ValueError:
        return False
    return True
