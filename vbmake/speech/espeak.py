"""Speak one text with espeak-ng and tell where every word begins: a program, since espeak-ng is one for a process.

Run by `vbmake.speech.local` as a file (it needs nothing but the standard library): a request as JSON on standard input,
the answer as JSON on standard output. Requests and answers are

    {"library": path, "data": path}
        -> {"voices": [...], "variants": [...]}
    {"library", "data", "text", "voice", "speed", "pitch", "wav": path to write}
        -> {"rate", "samples", "words": [[position, sample], ...]}

A word is its 0-based character position in the text and the sample at which it begins. A voice that espeak-ng does not
have is answered with `{"unknown": voice, "voices", "variants"}`, any other failure with `{"error": message}`.
"""

from __future__ import annotations

import ctypes
import json
import os
import sys
import wave
from pathlib import Path
from typing import Any, ClassVar

# Constants and structures of espeak-ng's speak_lib.h (1.52).
_RETRIEVAL = 1
_DONT_EXIT = 0x8000
_RATE, _PITCH = 1, 3
_UTF8 = 1
_WORD, _LIST_TERMINATED = 1, 0


class _Id(ctypes.Union):
    _fields_: ClassVar = [("number", ctypes.c_int), ("name", ctypes.c_char_p), ("string", ctypes.c_char * 8)]


class _Event(ctypes.Structure):
    _fields_: ClassVar = [
        ("type", ctypes.c_int),
        ("unique_identifier", ctypes.c_uint),
        ("text_position", ctypes.c_int),  # 1-based, in characters
        ("length", ctypes.c_int),
        ("audio_position", ctypes.c_int),  # ms
        ("sample", ctypes.c_int),
        ("user_data", ctypes.c_void_p),
        ("id", _Id),
    ]


class _Voice(ctypes.Structure):
    _fields_: ClassVar = [
        ("name", ctypes.c_char_p),
        ("languages", ctypes.c_void_p),  # a priority byte, then the first language's code, NUL-terminated
        ("identifier", ctypes.c_char_p),
        ("gender", ctypes.c_ubyte),
        ("age", ctypes.c_ubyte),
        ("variant", ctypes.c_ubyte),
        ("xx1", ctypes.c_ubyte),
        ("score", ctypes.c_int),
        ("spare", ctypes.c_void_p),
    ]


_Callback = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_void_p, ctypes.c_int, ctypes.POINTER(_Event))


class Espeak:
    """The library, started. Raises OSError when it or its data cannot be loaded."""

    def __init__(self, library: str, data: str) -> None:
        self.data = Path(data)
        # espeak-ng keeps its data path in a buffer of 160 bytes and cuts a longer one: so the path is made short.
        os.chdir(self.data.parent)
        self._lib = ctypes.CDLL(library)
        self._lib.espeak_ListVoices.restype = ctypes.POINTER(ctypes.POINTER(_Voice))
        self.rate = int(self._lib.espeak_Initialize(_RETRIEVAL, 0, self.data.name.encode(), _DONT_EXIT))
        if self.rate <= 0:
            raise OSError(f"espeak-ng could not start with the data in {data}")

    def voices(self) -> list[str]:
        """Codes of every voice ("en-us", "fr-fr"), sorted."""
        return sorted(self._identifiers())

    def _identifiers(self) -> dict[str, str]:
        """The name of each voice's file in the data ("gmw/en") by the voice's code ("en-gb")."""
        listed = self._lib.espeak_ListVoices(None)
        found: dict[str, str] = {}
        index = 0
        while listed[index]:
            voice = listed[index].contents
            code = ctypes.string_at(voice.languages + 1).decode("utf-8", "replace")
            found.setdefault(code, voice.identifier.decode("utf-8", "replace"))
            index += 1
        return found

    def variants(self) -> list[str]:
        """Names of the variants that follow a voice's code after a plus sign ("f3" in "en-us+f3"), sorted."""
        return sorted(entry.name for entry in (self.data / "voices" / "!v").iterdir())

    def choose(self, voice: str) -> bool:
        """Take a voice: a code, with or without a variant. False when there is none of that name."""
        base, plus, variant = voice.partition("+")
        variants = self.variants()
        if not base or "/" in base or base in variants or (plus and variant not in variants):
            return False  # espeak-ng itself takes an unknown variant for no variant, and a variant for a voice
        if self._take(voice):
            return True
        # Where the code is not the name of the voice's file ("en-gb" is gmw/en), espeak-ng finds it by that name only.
        identifier = self._identifiers().get(base)
        return identifier is not None and self._take(identifier + plus + variant)

    def _take(self, name: str) -> bool:
        return int(self._lib.espeak_SetVoiceByName(name.encode())) == 0

    def say(self, text: str, speed: int, pitch: int) -> tuple[bytes, list[tuple[int, int]]]:
        """Mono 16-bit PCM of the text, and (character position, sample) of each word that espeak-ng said."""
        pcm: list[bytes] = []
        words: list[tuple[int, int]] = []

        def receive(samples: int | None, count: int, events: Any) -> int:
            if samples and count > 0:
                pcm.append(ctypes.string_at(samples, count * 2))
            index = 0
            while events[index].type != _LIST_TERMINATED:
                if events[index].type == _WORD:
                    words.append((events[index].text_position - 1, events[index].sample))
                index += 1
            return 0

        callback = _Callback(receive)
        self._lib.espeak_SetSynthCallback(callback)
        self._lib.espeak_SetParameter(_RATE, speed, 0)
        self._lib.espeak_SetParameter(_PITCH, pitch, 0)
        data = text.encode() + b"\0"
        if self._lib.espeak_Synth(data, ctypes.c_size_t(len(data)), 0, 0, 0, _UTF8, None, None) != 0:
            raise OSError("espeak-ng refused the text")
        self._lib.espeak_Synchronize()
        return b"".join(pcm), words


def answer(request: dict[str, Any]) -> dict[str, Any]:
    """Do what the request asks and return the answer."""
    try:
        espeak = Espeak(request["library"], request["data"])
        if "text" not in request:
            return {"voices": espeak.voices(), "variants": espeak.variants()}
        if not espeak.choose(request["voice"]):
            return {"unknown": request["voice"], "voices": espeak.voices(), "variants": espeak.variants()}
        pcm, words = espeak.say(request["text"], request["speed"], request["pitch"])
        with wave.open(request["wav"], "wb") as file:
            file.setnchannels(1)
            file.setsampwidth(2)
            file.setframerate(espeak.rate)
            file.writeframes(pcm)
        return {"rate": espeak.rate, "samples": len(pcm) // 2, "words": words}
    except OSError as error:
        return {"error": str(error)}


if __name__ == "__main__":
    json.dump(answer(json.load(sys.stdin)), sys.stdout)
