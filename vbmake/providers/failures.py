"""What a build hears when a provider fails: whether waiting helps, what to do, and what was paid."""

from __future__ import annotations

from typing import Literal

from vbmake.errors import FatalError, JobError, RateLimited, RetryableError
from vbmake.providers.types import Failure, Sort

Paid = Literal["nothing", "maybe", "yes"]

_PAID = {"nothing": "nothing was charged", "maybe": "it may have been charged", "yes": "it was charged"}


class ProviderError(FatalError):
    """A provider did not make what it was asked for, and asking again would not help by itself.

    `sort` says why, `paid` what is known of the charge.
    """

    def __init__(self, message: str, *, sort: Sort = "failed", paid: Paid = "nothing") -> None:
        super().__init__(message)
        self.sort: Sort = sort
        self.paid: Paid = paid


def error_of(failure: Failure, who: str, backoff: float | None = None) -> JobError:
    """The error of a sorted failure. `who` names provider and model; `backoff` is used where no delay was told."""
    message = f"{who}: {failure.message}"
    delay = failure.retry_after if failure.retry_after is not None else backoff
    if failure.sort == "rate":
        return RateLimited(message, delay)
    if failure.sort == "transient":
        told = f" ({_PAID[failure.paid]})" if failure.paid != "nothing" else ""
        return RetryableError(message + told, delay)
    return ProviderError(f"{message} ({_PAID[failure.paid]})", sort=failure.sort, paid=failure.paid)
