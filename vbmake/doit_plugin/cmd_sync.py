"""`doit sync`: mirror what was built to S3, or to a directory."""

from __future__ import annotations

import contextlib
from typing import Any, ClassVar

from doit.cmd_base import DoitCmdBase
from doit.exceptions import InvalidCommand

from vbmake.doit_plugin.command import FreeOrder, ProjectCommand
from vbmake.doit_plugin.option import flag, option
from vbmake.doit_plugin.project import projects_of
from vbmake.errors import WorkspaceError

DRY_RUN = flag("dry-run", "tell what would be sent and deleted; write nothing")
DELETE = flag(
    "delete", "delete there what an earlier sync has sent and is no longer made; nothing else is ever deleted"
)
CHECK = flag("check", "look at every file there, for what others than a sync have overwritten or deleted")
TO = option(
    "to",
    "s3://bucket/prefix, or a directory, seen from that of video.yaml [default: `sync: {to: ...}` there]",
    metavar="PLACE",
)


class Sync(FreeOrder, ProjectCommand, DoitCmdBase):  # type: ignore[misc]  # doit has no types
    """Publishes the final targets of the films."""

    name = "sync"
    doc_purpose = "mirror the finished films to S3 or to a directory"
    doc_usage = ""
    doc_description = (
        "Publishes everything in `build/` that the project makes, under the same names, each with its content type. "
        "What is there is told by a manifest beside the files: when nothing changed, one small request is all. Only "
        "what changed is sent, several files and several parts of a large file at once; after a kill, the files "
        "and parts that arrived are not sent again; two at once do each other no harm. What is there is believed to be "
        "as the manifest says; --check looks. Everything must be built as it is declared. One prefix belongs to one "
        "project.\n\n"
        "Credentials are those of every AWS tool (environment, profile, role). An address may end in "
        "`?endpoint=https://host:port&region=...` for stores other than Amazon's. `sync: {to: s3://bucket/prefix, "
        "after: build}` in video.yaml does this after each successful build. Parts of a large file that a killed sync "
        "has sent, and that none goes on with, are removed a day later, when the checkout next sends a large file; "
        "where machines come and go (CI), let the bucket have the lifecycle rule AbortIncompleteMultipartUpload."
    )
    cmd_options: ClassVar[tuple[dict[str, Any], ...]] = (DRY_RUN, DELETE, CHECK, TO)

    def _execute(self, dry_run: bool, delete: bool, check: bool, to: str | None) -> int:
        from vbmake.doit_plugin.events import Events
        from vbmake.doit_plugin.publishing import publish
        from vbmake.doit_plugin.session import terminable

        projects = projects_of(self.task_list)
        if not projects:
            raise InvalidCommand("there is no film here to publish")
        if to is not None and len(projects) > 1:
            raise InvalidCommand(f"--to names one place, and {len(projects)} projects are loaded; say it in each")
        with terminable():
            for project in projects:
                declared = project.workspace.sync
                address = to if to is not None else declared.address if declared is not None else None
                if address is None:
                    raise WorkspaceError(
                        f"{project.path('video.yaml')} does not say where to: add `sync: {{to: s3://bucket/prefix}}`, "
                        "or name a place with --to"
                    )
                with contextlib.closing(Events(project.root)) as events:
                    wish = {"delete": delete, "dry_run": dry_run, "check": check}
                    publish(project, address, **wish, out=self.outstream, events=events)
        return 0
