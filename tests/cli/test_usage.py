"""A wrong command line is told as all errors are: what is wrong, then the way out; exit 2, a document with --json."""

from __future__ import annotations

import json

import pytest

from tfinfra.cli.main import main

WRONG = {
    "a misspelt verb": (["vaildate"], "`tfinfra` has no verb 'vaildate'", "did you mean 'validate'?"),
    "an unknown verb": (["xyzzy"], "`tfinfra` has no verb 'xyzzy'", "`tfinfra --help` lists them"),
    "SkyPilot's verb": (["launch", "x.yaml"], "`tfinfra` has no verb 'launch'", "`tfinfra up` does it"),
    "docker's verb": (["run", "x.yaml"], "`tfinfra` has no verb 'run'", "`tfinfra up` does it"),
    "a version": (["version"], "`tfinfra` has no verb 'version'", "`tfinfra --version` says it"),
    "a way to a node": (["ssh", "x"], "`tfinfra` has no verb 'ssh'", "`tfinfra exec` does it"),
    "terraform's verb": (["destroy"], "`tfinfra` has no verb 'destroy'", "`tfinfra down` does it"),
    "a missing argument": (["up"], "`tfinfra up` lacks its MANIFEST", "write `tfinfra up [OPTIONS] MANIFEST`"),
    "a misspelt option": (["up", "--rehears"], "`tfinfra up` has no option '--rehears'", "did you mean '--rehearse'?"),
    "an option that is like others in its dashes alone": (
        ["validate", "a.yaml", "--bogus"],
        "`tfinfra validate` has no option '--bogus'",
        "`tfinfra validate --help` lists them",
    ),
    "an option that means the contrary of one": (
        ["up", "--no-rehearse", "a.yaml"],
        "has no option '--no-rehearse'",
        "`tfinfra up --help` lists them",
    ),
    "an option that is like an argument": (
        ["validate", "a.yaml", "--manifest"],
        "has no option '--manifest'",
        "`tfinfra validate --help` lists them",
    ),
    "the empty text of a variable": (["validate", ""], "'' names no file", "write `tfinfra validate"),
    "two files of guardrails, of which one alone would hold": (
        ["up", "a.yaml", "--guardrails", "team.yaml", "--guardrails", "own.yaml"],
        "--guardrails is written 2 times, and counts once",
        "write `tfinfra up",
    ),
    "a command's own option before the two dashes": (
        ["exec", "a", "ls", "-l"],
        "`tfinfra exec` has no option '-l'",
        "a command's own options stand behind `--`: write `tfinfra exec",
    ),
    "a misspelt option of a verb that runs a command": (
        ["exec", "a", "--nod", "1", "--", "ls"],
        "`tfinfra exec` has no option '--nod'",
        "did you mean '--node'?",
    ),
    "no command": (["exec", "a", "--"], "`tfinfra exec` lacks its COMMAND", "-- COMMAND"),
    "no command behind two dashes twice": (["exec", "a", "--", "--"], "lacks its COMMAND", "exec a -- COMMAND"),
    "no run": (["exec", "--", "ls"], "lacks its COMMAND: 'ls' stands where its RUN is expected", "RUN -- COMMAND"),
    "an unknown option": (
        ["runs", "--zzz"],
        "`tfinfra runs` has no option '--zzz'",
        "--help` lists them",
    ),
    "one word too many": (["runs", "x"], "`tfinfra runs` takes no 'x'", "write `tfinfra runs [OPTIONS]`"),
    "a word that is no choice": (
        ["runs", "--cloud", "x"],
        "'x' is not one of 'azure', 'local'",
        "`tfinfra runs --help`",
    ),
    "an option without its value": (["up", "--target"], "option '--target' requires an argument", "--help"),
    "words too many": (["runs", "x", "y"], "`tfinfra runs` takes no 'x' and 'y'", "write `tfinfra runs [OPTIONS]`"),
    "a missing option": (["push", "deploy/a"], "`tfinfra push` lacks its --run ID", "add `--run ID`"),
    "a number that is none": (["logs", "a", "--tail", "x"], "--tail is 'x', not a whole number from 0 to", "--help`"),
    "a number out of range": (["runs", "--limit", "-1"], "--limit is '-1', not a whole number of 0 or more", "--help`"),
    "both sweeps": (["down", "--all", "--expired"], "--all and --expired contradict each other", "give one of them"),
    "a run and a sweep": (["down", "a-123456", "--all"], "RUN and --all contradict each other", "give one of them"),
    "nothing to end": (["down"], "name a run, or give --all or --expired", "`tfinfra runs` lists the runs"),
    "nothing to report": (["report-bundle"], "name a run, or give --last", "the last failure"),
    "a report of two things": (
        ["report-bundle", "a-123456", "--last"],
        "RUN and --last contradict",
        "give one of them",
    ),
    "a group without its verb": (["catalog"], "`tfinfra catalog` takes a verb", "refresh or sizes"),
    "an unknown verb of a group": (["catalog", "x"], "`tfinfra catalog` has no verb 'x'", "`tfinfra catalog --help`"),
    "quiet and verbose": (["-q", "runs", "-v"], "--quiet and --verbose contradict each other", "--help"),
}


@pytest.mark.parametrize(("words", "message", "hint"), WRONG.values(), ids=WRONG)
def test_one_style(words: list[str], message: str, hint: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(words) == 2
    out, err = capsys.readouterr()
    first, second = err.splitlines()
    assert first.startswith("error: ")
    assert message in first
    assert second.startswith("  hint: ")
    assert hint in second
    assert out == ""


def test_a_document_tells_it_too(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["up", "--json", "--rehears"]) == 2
    document = json.loads(capsys.readouterr().out)
    assert (document["exit_code"], document["hint"]) == (2, "did you mean '--rehearse'?")
    assert "'--rehears'" in document["error"]


def test_without_a_word_the_verbs_are_listed(capsys: pytest.CaptureFixture[str]) -> None:
    assert main([]) == 2
    out, err = capsys.readouterr()
    assert "validate" in err
    assert out == ""
