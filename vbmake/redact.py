"""What looks like a key or a password is told nowhere: not in errors, logs and journals, and so in no screenshot."""

from __future__ import annotations

import re
from typing import Final

HIDDEN: Final = "(not shown)"

_FAL: Final = r"\b[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}:[0-9a-f]{16,}"  # id:secret
# In what services say: also a key of which they show a part (sk-proj-****abcd).
_SAID: Final = re.compile(
    rf"\b(?:r8_|sk[-_]|xi[-_]|whsec_)[\w*.\-]{{4,}}|\b(?:bearer|key|token)[ :=]+[\w.:\-]{{16,}}|{_FAL}", re.IGNORECASE
)
# In what a person wrote, where a file may be called sk-logo.png.
_WRITTEN: Final = re.compile(
    r"\b(?:r8_|sk[-_]|xi[-_]|whsec_|gh[opsu]_|github_pat_|hf_|xox[abp]-|AKIA|AIza)(?=[\w\-]*[0-9])[\w\-]{16,}"
    rf"|\b(?:bearer|basic) +[\w.:+/=\-]{{12,}}|{_FAL}"
    r"|(?<=://)[^/\s@\"]+(?=@)"  # https://user:password@host
    r"|(?<=[?&])[\w\-]*(?:key|token|secret|signature|password)=[^&\s\"]+",
    re.IGNORECASE,
)
# A long run of letters and digits: a key without a prefix, if it is not a digest.
_RUN: Final = re.compile(r"\b(?=[A-Za-z]*[0-9])(?=[0-9]*[A-Za-z])[A-Za-z0-9]{28,}\b")
_NAMED: Final = re.compile(
    r"(?:proxy_)?authorization|(?:\w+_)?api_?(?:key|token)|(?:access|auth|bearer|hf|id)_token|token|bearer"
    r"|(?:\w+_)?(?:secret|password|passwd)(?:_key)?|(?:secret_)?access_key(?:_id)?|credentials?"
)


def scrub(text: str) -> str:
    """What a service says, without anything that looks like a key."""
    return _SAID.sub("[key]", text)


def redacted(text: str) -> str:
    """Words about a declaration, without anything in them that looks like a key."""
    return _WRITTEN.sub("[key]", text)


def suspicious(value: str) -> bool:
    """Whether a value of a declaration may be a key: better not shown at all."""
    return _WRITTEN.search(value) is not None or _RUN.search(value) is not None


def is_key(value: str) -> bool:
    """Whether a value of a declaration has the shape of a key, beyond much doubt."""
    return _WRITTEN.search(value) is not None


def names_secret(name: str) -> bool:
    """Whether what goes by this name is a key (`Authorization`, `api_key`, `xi-api-key`)."""
    return _NAMED.fullmatch(name.strip().lower().replace("-", "_")) is not None
