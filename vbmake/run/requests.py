"""Whether providers take what a plan would ask of them: every request that none would is told before any is sent."""

from __future__ import annotations

import contextlib
from collections.abc import Iterable
from typing import Any

from vbmake.errors import JobError, MissingTool, Place, Problem, ProjectError
from vbmake.plan.canonical import digest
from vbmake.plan.foreseen import jobs_after, local_voices, voice_jobs
from vbmake.plan.generated import LOCAL_RULES, RULES, SPEECH
from vbmake.plan.inputs import BuildInputs
from vbmake.plan.types import BuildPlan, JobSpec
from vbmake.run.state import Knowledge
from vbmake.run.studio import Studio

_SCRIPTS = (RULES["script"], LOCAL_RULES["script"])
_DUE = ("run", "maybe")


def check_requests(plan: BuildPlan, inputs: BuildInputs, knowledge: Knowledge, studio: Studio) -> None:
    """Raises ProjectError with everything that would be asked in vain. Asks nobody.

    What was made, or paid, is past being refused. The voice of many scenes is told once, where it is declared.
    """
    problems = [*_of_jobs(plan.jobs, inputs, knowledge, studio), *_to_come(plan.jobs, inputs, knowledge, studio)]
    problems += _of_local_voices(plan.jobs, inputs, knowledge)
    if problems:
        told = dict.fromkeys(problems)
        raise ProjectError(sorted(told, key=lambda problem: (problem.place.line, problem.place.column)))


def _of_jobs(jobs: Iterable[JobSpec], inputs: BuildInputs, knowledge: Knowledge, studio: Studio) -> Iterable[Problem]:
    voices: dict[str, tuple[str, Place]] | None = None
    for job in jobs:
        # Whether word times are asked for shows when the voice has come: it may bring them along.
        if not job.account or job.options.get("kind") == "words":
            continue
        wrong, place = studio.refusal(job, knowledge.path), job.place
        if not wrong or not _is_due(job, knowledge, studio):
            continue
        if job.rule == RULES["speech"]:
            if voices is None:
                voices = {
                    _voice(one): (refusal, one.place)
                    for one in voice_jobs(inputs)
                    if (refusal := studio.refusal(one, knowledge.path))
                }
            wrong, place = voices.get(_voice(job), (wrong, place))
        yield Problem(place, wrong)


def _to_come(jobs: Iterable[JobSpec], inputs: BuildInputs, knowledge: Knowledge, studio: Studio) -> Iterable[Problem]:
    """What will be asked when a script is written: it would be found wrong after the script was paid."""
    due = {job.place for job in jobs if job.rule in _SCRIPTS and knowledge.status(job).state in _DUE}
    for film in inputs.project.films if due else ():
        if film.script is not None and film.script.place in due:
            for job in jobs_after(film, inputs):
                if wrong := studio.refusal(job, knowledge.path):
                    yield Problem(job.place, wrong)


def _of_local_voices(jobs: Iterable[JobSpec], inputs: BuildInputs, knowledge: Knowledge) -> Iterable[Problem]:
    """Voices that the speaker of this machine does not have, each once, where it is declared."""
    due = {
        str(job.options["voice"]): job.place
        for job in reversed(list(jobs))
        if job.rule == SPEECH and knowledge.status(job).state in _DUE
    }
    if not due:
        return
    from vbmake.speech.local import refusal  # (it asks a program, and is what the jobs will import)

    declared = {str(voice.voice): voice.place for voice in local_voices(inputs) if voice.voice}
    with contextlib.suppress(MissingTool, JobError):  # which the jobs tell
        for voice, place in due.items():
            if wrong := refusal(voice):
                yield Problem(declared.get(voice, place), wrong)


def _is_due(job: JobSpec, knowledge: Knowledge, studio: Studio) -> bool:
    status = knowledge.status(job)
    return status.state in _DUE and not (status.key is not None and studio.standing(status.key))


def _voice(job: JobSpec) -> str:
    """Marks the voice of a job that speaks, whatever it says."""
    options: dict[str, Any] = {name: value for name, value in job.options.items() if name != "prompt"}
    return digest([job.account, options])
