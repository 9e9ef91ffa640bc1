"""Commands: what a project says stays an argument, and programs see nothing but their job."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import pytest

from tests.rules.workshop import made, own, work_for
from vbmake.errors import FatalError, JobError, MissingTool
from vbmake.rules.command import render_command, run_command
from vbmake.rules.model import Rule

SHOW = """\
    reads: {page: file, extra: files, mask: optional file}
    options:
      text: {type: string, default: hello}
      gain: {type: number, default: -2.5}
      loud: {type: boolean, default: false}
      words: {type: array, items: {type: string}, default: []}
      maybe: {type: string, default: null}
    makes: {image: png}
    needs: [python]
"""


def arguments(rule: Rule, inputs: dict[str, list[Path]] | None = None, **options: Any) -> list[str]:
    given = {"page": [Path("/film/my page.pdf")], **(inputs or {})}
    steps = render_command(rule, rule.fill(options), given, {"image": Path("/job/image.png")}, Path("/job/.scratch"))
    return steps[0][1:]


def shown(tmp_path: Path, items: str) -> Rule:
    return own(tmp_path, SHOW + f'    command: [python, {items}, "{{{{ image }}}}"]\n')


def test_each_item_is_one_argument_whatever_is_in_it(tmp_path: Path) -> None:
    rule = shown(tmp_path, '"{{ text }}", "{{ page }}", "{{ image.stem }}", "{{ page.name }}", "{{ scratch }}/x"')
    text = "a b; $(rm -rf /) \"'`\n{{ 7 * 7 }}"
    assert arguments(rule, text=text) == [
        *(text, "/film/my page.pdf", "/job/image", "my page.pdf", "/job/.scratch/x", "/job/image.png"),
    ]


def test_lists_and_conditions_give_as_many_arguments_as_they_hold(tmp_path: Path) -> None:
    rule = shown(
        tmp_path,
        "{each: extra}, {each: words}, {if: loud, then: [--loud], else: [--soft, --slow]}, {if: mask, then: [m]}",
    )
    extra = [Path("/film/a.png"), Path("/film/b.png")]
    given = arguments(rule, {"extra": extra}, words=["x y", "z"], loud=True)
    assert given == ["/film/a.png", "/film/b.png", "x y", "z", "--loud", "/job/image.png"]
    assert arguments(rule, {"mask": [Path("/m")]}) == ["--soft", "--slow", "m", "/job/image.png"]


@pytest.mark.parametrize("item", ['"{{ text }}"', "{each: words}"])
def test_text_that_would_become_an_option_is_refused(tmp_path: Path, item: str) -> None:
    with pytest.raises(FatalError, match="would be taken for an option"):
        arguments(shown(tmp_path, item), text="--output=/etc/passwd", words=["-x"])


def test_text_is_free_behind_an_option_of_the_rule_or_a_double_dash(tmp_path: Path) -> None:
    assert arguments(shown(tmp_path, '"--text={{ text }}"'), text="-x")[0] == "--text=-x"
    assert arguments(shown(tmp_path, '--, "{{ text }}"'), text="-x")[:2] == ["--", "-x"]


def test_a_negative_number_is_no_option(tmp_path: Path) -> None:
    assert arguments(shown(tmp_path, '"{{ gain }}"'))[0] == "-2.5"


@pytest.mark.parametrize(
    ("item", "why"),
    [
        ("{{ maybe }}", "null"),
        ("{{ words }}", "a list cannot be one argument"),
        ("{{ mask.name }}", "mask|None"),
        ("{{ text.__class__ }}", "unsafe"),
        ("{{ gain / 0 }}", "division"),
    ],
)
def test_an_argument_that_cannot_be_rendered_fails_the_job_and_names_the_rule(
    tmp_path: Path, item: str, why: str
) -> None:
    with pytest.raises(FatalError, match=f"(?s)the rule mine cannot be applied.*({why})"):
        arguments(shown(tmp_path, f'"{item}"'))


RUN = """\
    options: {code: {type: string}}
    makes: {note: txt}
    needs: [python]
    command: [python, -c, "{{ code }}", "{{ note }}"]
"""


def test_programs_see_no_secret_and_no_home_of_the_user(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-1234")
    monkeypatch.setenv("HTTPS_PROXY", "http://inner:3128")
    code = "import os, sys; open(sys.argv[1], 'w').write(repr(dict(os.environ)) + os.getcwd())"
    seen = made(own(tmp_path, RUN), tmp_path, code=code).read_text()
    assert "sk-1234" not in seen
    assert "inner:3128" not in seen
    assert str(tmp_path / "job" / ".home") in seen
    assert "'SOURCE_DATE_EPOCH': '0'" in seen
    assert "fonts.conf" in seen
    assert seen.endswith(str(tmp_path / "job"))


@pytest.mark.parametrize(
    ("code", "why"),
    [
        ("pass", "made no note"),
        ("import sys; open(sys.argv[1], 'w')", "its note .* is empty"),
        ("raise SystemExit('it went wrong')", "(?s)exit code 1.*it went wrong"),
    ],
)
def test_a_program_that_made_nothing_failed(tmp_path: Path, code: str, why: str) -> None:
    with pytest.raises(JobError, match=why):
        made(own(tmp_path, RUN), tmp_path, code=code)


def test_a_program_that_ends_well_after_an_error_failed_when_its_rule_knows_the_error(tmp_path: Path) -> None:
    rule = own(tmp_path, RUN + '    fails: "^error:"\n')
    log: list[str] = []
    with pytest.raises(JobError, match="error: no such voice"):
        made(rule, tmp_path, log, code="import sys; open(sys.argv[1], 'w').write('x'); print('error: no such voice')")
    assert "error: no such voice" in log


def test_a_program_that_does_not_end_is_ended(tmp_path: Path) -> None:
    rule = own(tmp_path, RUN + "    timeout: 0.3\n")
    with pytest.raises(JobError, match=r"did not finish within 0\.3 s"):
        made(rule, tmp_path, code="import threading; threading.Event().wait()")


def test_steps_run_one_after_another_and_share_a_scratch_folder(tmp_path: Path) -> None:
    code = "import sys; open(sys.argv[1], 'a').write(sys.argv[2])"
    read = "import sys; open(sys.argv[2], 'w').write(open(sys.argv[1] + '/a').read())"
    rule = own(
        tmp_path,
        f"""\
        makes: {{note: txt}}
        needs: [python]
        command:
          - [python, -c, "{code}", "{{{{ scratch }}}}/a", "first"]
          - [python, -c, "{code}", "{{{{ scratch }}}}/a", ", second"]
          - [python, -c, "{read}", "{{{{ scratch }}}}", "{{{{ note }}}}"]
        """,
    )
    assert made(rule, tmp_path).read_text() == "first, second"


def test_a_projects_own_rule_runs_its_own_script(tmp_path: Path) -> None:
    rule = own(
        tmp_path,
        """\
        reads: {words: file}
        options: {times: {type: integer, minimum: 1, default: 2}}
        makes: {note: txt}
        needs: [python, ./repeat.py]
        command: [python, ./repeat.py, "{{ words }}", "{{ times }}", "{{ note }}"]
        """,
    )
    words = tmp_path / "words.txt"
    words.write_text("ha")
    with pytest.raises(MissingTool, match=r"needs \./repeat\.py beside mine\.yaml"):
        made(rule, tmp_path, inputs={"words": words})
    script = "import sys; open(sys.argv[3], 'w').write(open(sys.argv[1]).read() * int(sys.argv[2]))"
    (tmp_path / "rules" / "repeat.py").write_text(script)
    assert made(rule, tmp_path, inputs={"words": words}, times=3).read_text() == "hahaha"


def test_a_missing_program_is_told_before_any_step_runs(tmp_path: Path) -> None:
    rule = own(
        tmp_path,
        """\
        makes: {note: txt}
        needs: [python, no-such-program]
        command:
          - [python, -c, "import sys; open(sys.argv[1], 'w').write('x')", "{{ note }}"]
          - [no-such-program, "{{ note }}"]
        """,
    )
    work = work_for(rule, tmp_path / "job", {}, {}, [])
    with pytest.raises(MissingTool, match="VBMAKE_NO_SUCH_PROGRAM"):
        run_command(rule, work)
    assert not work.outputs["note"].exists()


def test_python_is_the_one_that_runs_vbmake(tmp_path: Path) -> None:
    rule = own(tmp_path, RUN)
    assert render_command(rule, {"code": "1"}, {}, {"note": Path("/n.txt")}, Path("/s"))[0][0] == sys.executable
