"""Where the caches are, as the environment and the project say."""

from __future__ import annotations

from pathlib import Path

import pytest

from vbmake.cache.settings import settings
from vbmake.errors import WorkspaceError
from vbmake.project.remotes import Cache
from vbmake.storage.address import storage_at
from vbmake.storage.s3 import S3Storage

TEAM = Cache(remote="s3://team/films")


def test_the_local_cache_is_the_users() -> None:
    assert settings(None, {"XDG_CACHE_HOME": "/var/x"}).directory == Path("/var/x/vbmake")
    assert settings(None, {"VBMAKE_CACHE_DIR": "/big/cache"}).directory == Path("/big/cache")
    assert settings(None, {"VBMAKE_CACHE_DIR": "off"}).directory is None


def test_the_environment_names_the_remote_cache_before_the_project_does() -> None:
    assert settings(TEAM, {}).remote == "s3://team/films"
    assert settings(TEAM, {"VBMAKE_CACHE": "s3://mine/x"}).remote == "s3://mine/x"
    assert settings(TEAM, {"VBMAKE_CACHE": "off"}).remote == ""
    assert settings(Cache(remote="s3://team/films", mode="read"), {}).mode == "read"
    assert settings(TEAM, {"VBMAKE_CACHE_MODE": "off"}).remote == ""


@pytest.mark.parametrize(
    "environment",
    [
        {"GITHUB_EVENT_NAME": "pull_request"},
        {"GITHUB_EVENT_NAME": "pull_request_target"},
        {"GITHUB_EVENT_NAME": "pull_request_review", "GITHUB_REF": "refs/pull/7/merge"},
        {"GITHUB_EVENT_NAME": "issue_comment", "GITHUB_REF": "refs/pull/7/merge"},
        {"CODEBUILD_WEBHOOK_EVENT": "PULL_REQUEST_CREATED"},
        {"CODEBUILD_WEBHOOK_TRIGGER": "pr/7"},
        {"CODEBUILD_SOURCE_VERSION": "pr/7"},
        {"CF_PULL_REQUEST_NUMBER": "7"},
        {"PULL_REQUEST": "true"},
        {"CI_MERGE_REQUEST_ID": "4711"},
        {"CI_MERGE_REQUEST_IID": "12"},
        {"CI_PIPELINE_SOURCE": "merge_request_event"},
        {"CI_PIPELINE_SOURCE": "external_pull_request_event"},
        {"CI_EXTERNAL_PULL_REQUEST_IID": "12"},
        {"CI_PIPELINE_EVENT": "pull_request"},
        {"CI_COMMIT_PULL_REQUEST": "5"},
        {"BUILDKITE_PULL_REQUEST": "7"},
        {"TRAVIS_PULL_REQUEST": "7"},
        {"TRAVIS_EVENT_TYPE": "pull_request"},
        {"CIRCLE_PULL_REQUEST": "https://forge.example/team/films/pull/7"},
        {"CIRCLE_PULL_REQUESTS": "https://forge.example/team/films/pull/7"},
        {"CIRCLE_PR_NUMBER": "7"},
        {"CI_PULL_REQUEST": "https://forge.example/team/films/pull/7"},
        {"BITBUCKET_PR_ID": "7"},
        {"DRONE_PULL_REQUEST": "7"},
        {"DRONE_BUILD_EVENT": "pull_request"},
        {"CHANGE_ID": "3"},
        {"ghprbPullId": "3"},
        {"SYSTEM_PULLREQUEST_PULLREQUESTID": "7"},
        {"BUILD_REASON": "PullRequest"},
        {"APPVEYOR_PULL_REQUEST_NUMBER": "7"},
        {"CIRRUS_PR": "7"},
        {"SEMAPHORE_GIT_PR_NUMBER": "7"},
        {"BITRISE_PULL_REQUEST": "7"},
    ],
)
def test_a_pull_request_only_reads(environment: dict[str, str]) -> None:
    assert settings(TEAM, environment).mode == "read"
    assert settings(Cache(remote="s3://team/films", mode="write"), environment).mode == "read"
    assert settings(TEAM, {**environment, "VBMAKE_CACHE_MODE": "write"}).mode == "write"


@pytest.mark.parametrize(
    "environment",
    [
        {},
        {"GITHUB_EVENT_NAME": "push"},
        {"CI_PIPELINE_SOURCE": "push", "CI_PIPELINE_ID": "4711"},
        {"CI_PIPELINE_EVENT": "push", "CI_COMMIT_PULL_REQUEST": ""},
        {"BUILDKITE_PULL_REQUEST": "false"},
        {"TRAVIS_PULL_REQUEST": "false", "TRAVIS_EVENT_TYPE": "cron"},
        {"DRONE_BUILD_EVENT": "push"},
        {"BUILD_REASON": "IndividualCI"},
        {"GITHUB_EVENT_NAME": "push", "GITHUB_REF": "refs/heads/main"},
        {"CODEBUILD_WEBHOOK_EVENT": "PULL_REQUEST_MERGED", "CODEBUILD_SOURCE_VERSION": "main"},
        {"PULL_REQUEST": "false"},
    ],
)
def test_other_builds_write(environment: dict[str, str]) -> None:
    assert settings(TEAM, environment).mode == "write"


@pytest.mark.parametrize(
    ("environment", "told"),
    [
        ({"VBMAKE_CACHE_MODE": "readonly"}, "found 'readonly', allowed are off, read, write"),
        ({"VBMAKE_CACHE": "gs://bucket"}, "found 'gs://bucket', allowed are s3://bucket/prefix"),
        ({"VBMAKE_CACHE": "s3:/bucket"}, "found 's3:/bucket', allowed are s3://bucket/prefix"),
        ({"VBMAKE_CACHE": "https://bob:pass-word@host/b"}, r"found 'https://\[key\]@host/b', allowed"),
    ],
)
def test_a_wrong_word_is_told_with_the_right_ones(environment: dict[str, str], told: str) -> None:
    with pytest.raises(WorkspaceError, match=told):
        settings(None, environment)


def test_endpoint_and_region_travel_in_the_address() -> None:
    declared = Cache(remote="s3://team/films", endpoint="https://s3.example.org:9000", region="eu-central-1")
    storage = storage_at(settings(declared, {}).remote)
    assert isinstance(storage, S3Storage)
    assert (storage.bucket, storage.prefix, storage.endpoint, storage.region) == (
        "team", "films", "https://s3.example.org:9000", "eu-central-1",
    )  # fmt: skip
