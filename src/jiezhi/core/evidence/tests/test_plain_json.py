"""留着用的 JSON 编码器写得和标准库一样。"""

import json

from hypothesis import given
from hypothesis import strategies as st

from jiezhi.core.evidence.canonical import plain_json

SCALARS = st.none() | st.booleans() | st.integers() | st.text() | st.floats(allow_nan=False)
VALUES = st.recursive(
    SCALARS, lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner), max_leaves=20
)


@given(VALUES)
def test_same_as_the_standard_library(value: object) -> None:
    assert plain_json(value) == json.dumps(value, ensure_ascii=False)
