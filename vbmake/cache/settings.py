"""Where the caches are and what may be done with them, from the project and the environment."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, Protocol, get_args

from vbmake.errors import WorkspaceError
from vbmake.redact import redacted
from vbmake.storage.address import is_directory

Mode = Literal["off", "read", "write"]

# How CI systems say that they run for a proposal to merge (whose author may be anybody).
_PULL_REQUEST = {
    "GITHUB_EVENT_NAME": {  # GitHub, Gitea, Forgejo
        "pull_request",
        "pull_request_target",
        "pull_request_review",
        "pull_request_review_comment",
    },
    "CI_MERGE_REQUEST_ID": None,  # GitLab
    "CI_MERGE_REQUEST_IID": None,
    "CI_EXTERNAL_PULL_REQUEST_IID": None,  # GitLab, for a repository elsewhere
    "CI_PIPELINE_SOURCE": {"merge_request_event", "external_pull_request_event"},
    "CI_PIPELINE_EVENT": {"pull_request"},  # Woodpecker
    "CI_COMMIT_PULL_REQUEST": None,
    "BUILDKITE_PULL_REQUEST": None,
    "TRAVIS_PULL_REQUEST": None,
    "TRAVIS_EVENT_TYPE": {"pull_request"},
    "CIRCLE_PULL_REQUEST": None,
    "CIRCLE_PULL_REQUESTS": None,
    "CIRCLE_PR_NUMBER": None,  # a fork's
    "CI_PULL_REQUEST": None,
    "BITBUCKET_PR_ID": None,
    "DRONE_PULL_REQUEST": None,
    "DRONE_BUILD_EVENT": {"pull_request"},
    "CHANGE_ID": None,  # Jenkins
    "ghprbPullId": None,
    "SYSTEM_PULLREQUEST_PULLREQUESTID": None,  # Azure
    "BUILD_REASON": {"PullRequest"},
    "APPVEYOR_PULL_REQUEST_NUMBER": None,
    "CIRRUS_PR": None,
    "SEMAPHORE_GIT_PR_NUMBER": None,
    "BITRISE_PULL_REQUEST": None,
    "CF_PULL_REQUEST_NUMBER": None,  # Codefresh
    "PULL_REQUEST": None,  # Netlify
}
_PULL_REQUEST_BEGINS = {
    "GITHUB_REF": "refs/pull/",
    "CODEBUILD_WEBHOOK_EVENT": "PULL_REQUEST_",
    "CODEBUILD_WEBHOOK_TRIGGER": "pr/",
    "CODEBUILD_SOURCE_VERSION": "pr/",
}
_MERGED = "PULL_REQUEST_MERGED"  # CodeBuild then builds the branch it was merged into


class DeclaredCache(Protocol):
    """What a project says of a remote cache: an `s3://` address, and off, read or write."""

    @property
    def address(self) -> str: ...
    @property
    def mode(self) -> Mode: ...


@dataclass(frozen=True)
class CacheSettings:
    """`directory`: the local cache, None for none. `remote`: an `s3://` address (or a directory), "" for none."""

    directory: Path | None
    remote: str = ""
    mode: Mode = "write"


def is_pull_request(environment: Mapping[str, str]) -> bool:
    """Whether a CI runs this for a pull (merge) request."""
    for name, values in _PULL_REQUEST.items():
        value = environment.get(name, "").strip()
        if value in values if values is not None else value.lower() not in ("", "false", "0"):
            return True
    begins = _PULL_REQUEST_BEGINS.items()
    found = (environment.get(name, "") for name, start in begins if environment.get(name, "").startswith(start))
    return any(value != _MERGED for value in found)


def settings(declared: DeclaredCache | None = None, environment: Mapping[str, str] | None = None) -> CacheSettings:
    """The settings in force. `declared` is what the project says.

    VBMAKE_CACHE: an `s3://bucket/prefix` address or a directory, in place of the project's, or `off` for none.
    VBMAKE_CACHE_MODE: off, read or write (for the remote cache). VBMAKE_CACHE_DIR: the local cache's place, or `off`.
    Without VBMAKE_CACHE_MODE, a pull request only reads, whatever the project says: its author may have written that.
    Raises WorkspaceError for a word that is none of these.
    """
    env = os.environ if environment is None else environment
    remote = env.get("VBMAKE_CACHE") or (declared.address if declared is not None else "")
    if remote.lower() in ("off", "none", "no", "0"):
        remote = ""
    if remote and not remote.startswith("s3://") and not is_directory(remote):
        found = redacted(remote)
        raise WorkspaceError(f"VBMAKE_CACHE: found {found!r}, allowed are s3://bucket/prefix, a directory, or off")
    asked = env.get("VBMAKE_CACHE_MODE", "")
    word = asked or (declared.mode if declared is not None else "write")
    if word not in get_args(Mode):
        raise WorkspaceError(f"VBMAKE_CACHE_MODE: found {word!r}, allowed are off, read, write")
    mode: Mode = word  # type: ignore[assignment]  # checked just above; a literal cannot be narrowed from get_args
    if not asked and mode == "write" and is_pull_request(env):
        mode = "read"
    return CacheSettings(directory=_directory(env), remote=remote if mode != "off" else "", mode=mode)


def _directory(env: Mapping[str, str]) -> Path | None:
    said = env.get("VBMAKE_CACHE_DIR", "")
    if said.lower() == "off":
        return None
    if said:
        return Path(said).expanduser().absolute()
    home = env.get("XDG_CACHE_HOME", "")
    return (Path(home) if home.startswith("/") else Path.home() / ".cache") / "vbmake"
