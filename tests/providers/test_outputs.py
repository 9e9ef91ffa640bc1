"""The files in a model's answer, whatever its shape."""

from __future__ import annotations

import base64
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vbmake.providers.outputs import MOST, payloads
from vbmake.providers.types import Failure, Payload
from vbmake.services import Kind

URL = "https://files.example/out"


@pytest.mark.parametrize(
    ("output", "kind", "found"),
    [
        (f"{URL}.png", "image", [(f"{URL}.png", "png")]),
        ([f"{URL}/0.webp", f"{URL}/1.webp"], "image", [(f"{URL}/0.webp", "webp"), (f"{URL}/1.webp", "webp")]),
        ({"audio": f"{URL}.mp3?sig=1#x", "log": "done"}, "music", [(f"{URL}.mp3?sig=1#x", "mp3")]),
        ([{"items": [{"file": URL}]}], "clip", [(URL, "")]),
        ({"images": [{"url": URL, "content_type": "image/jpeg", "width": 8}], "seed": 4}, "image", [(URL, "jpg")]),
        ({"video": {"url": URL, "file_name": "clip.MP4"}}, "clip", [(URL, "mp4")]),
        (
            {"audio_file": {"url": f"{URL}.wav", "content_type": "application/octet-stream"}},
            "music",
            [(f"{URL}.wav", "wav")],
        ),
        ({"image": {"url": URL}, "see": "https://docs.example/help"}, "image", [(URL, "")]),
        ([URL, URL], "image", [(URL, "")]),
        (None, "image", []),
        ("", "image", []),
        ("finished, see https://files.example/out.png", "image", []),
        ({"prompt": f"{URL}.png", "input": {"image": f"{URL}.png"}}, "image", []),
        ({"a": 1, "b": [True, 2.5, {"c": "ftp://files.example/x.png"}]}, "image", []),
    ],
)
def test_every_url_is_found_in_order(output: Any, kind: Kind, found: list[tuple[str, str]]) -> None:
    assert [(one.url, one.extension) for one in payloads(output, kind)] == found


def test_the_asset_itself_comes_first() -> None:
    output = {"spectrogram": f"{URL}.png", "unknown": URL, "audio": f"{URL}.wav"}
    assert [one.extension for one in payloads(output, "music")] == ["wav", "", "png"]
    assert [one.extension for one in payloads(output, "image")] == ["png", "", "wav"]


def test_data_urls_are_the_bytes_themselves() -> None:
    coded = base64.b64encode(b"\x00\xff").decode()
    assert payloads(f"data:image/png;base64,{coded}", "image") == (Payload(content=b"\x00\xff", extension="png"),)
    assert payloads([{"url": f"data:audio/wav;base64,{coded}", "content_type": "audio/mpeg"}], "music") == (
        Payload(content=b"\x00\xff", extension="wav"),
    )
    assert payloads("data:text/plain;charset=utf-8,a%20b", "effect") == (Payload(content=b"a b"),)


def test_a_data_url_that_cannot_be_read_was_paid_for() -> None:
    with pytest.raises(Failure, match="cannot be read") as raised:
        payloads("data:image/png;base64,!!!", "image")
    assert raised.value.paid == "yes"


def test_an_answer_with_thousands_of_urls_or_of_great_depth_is_survived() -> None:
    assert len(payloads([f"{URL}/{number}" for number in range(5000)], "image")) == MOST
    deep: Any = URL
    for _ in range(500):
        deep = [deep]
    assert payloads(deep, "image") == ()
    assert payloads("https://[::1/x", "image") == (Payload(url="https://[::1/x"),)


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=12) | st.just(URL),
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(st.sampled_from(["url", "a", "prompt"]), inner, max_size=3)
    ),
    max_leaves=12,
)


@given(json_values)
def test_whatever_is_answered_only_addresses_come_out(value: Any) -> None:
    for payload in payloads(value, "image"):
        assert payload.url.startswith("http")
        assert payload.content is None
