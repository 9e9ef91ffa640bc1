"""Pictures from a Stable Diffusion web UI on one's own machine, by its HTTP API."""

from __future__ import annotations

from base64 import b64decode
from collections.abc import Mapping
from typing import ClassVar

from vbmake.providers import answers
from vbmake.providers.types import Accepted, Account, Failure, Generation, Payload, Ready, Request, Response, Running
from vbmake.services import Kind


class WebUI:
    """One POST, answered with the picture when it is done."""

    name: ClassVar[str] = "webui"  # as the entry point
    hosts: ClassVar[tuple[str, ...]] = ()  # besides the host of base_url, nobody sees the key
    kinds: ClassVar[tuple[Kind, ...]] = ("image",)
    idempotent: ClassVar[bool] = True  # asking twice costs nothing, so a lost answer is asked for again

    def authorise(self, key: str) -> Mapping[str, str]:
        return {"authorization": f"Bearer {key}"}

    def check(self, generation: Generation) -> str:
        return "" if generation.prompt.strip() else "the prompt is empty"

    def submit(self, generation: Generation, account: Account) -> Request:
        body = {
            "steps": 20,
            "width": generation.width or 1024,
            "height": generation.height or 1024,
            "seed": generation.seed,
            **generation.options,  # what the project writes wins
            "prompt": generation.prompt,
        }
        if generation.model:
            body["override_settings"] = {"sd_model_checkpoint": generation.model}
        return Request("POST", f"{account.base_url.rstrip('/')}/sdapi/v1/txt2img", json=body)

    def accepted(self, generation: Generation, response: Response, account: Account) -> Accepted | Ready:
        try:
            picture = b64decode(response.json()["images"][0], validate=True)
        except (ValueError, LookupError, TypeError) as error:
            raise Failure("failed", f"the web UI answered without a picture: {answers.said(response)}") from error
        return Ready(payloads=(Payload(picture, extension="png"),), usage={"images": 1})

    def polled(self, generation: Generation, response: Response, account: Account) -> Running | Accepted | Ready:
        raise NotImplementedError("it answers at once: there is nothing to poll")

    def failure(self, response: Response) -> Failure:
        return answers.failure("the web UI", "WEBUI_KEY", response)
