"""What the verbs load that hooks call at each commit: that is most of what these take."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path

EXAMPLES = Path(__file__).parents[2] / "examples/digits"
NOT_NEEDED = {
    "the parser of requirements, of which nearly all are usual lines": {"packaging"},
    "a table on a terminal": {"rich"},
    "the logs of other libraries": {"logging"},
    "programs": {"subprocess"},
    "arguments of the Python face": {"decimal", "tfinfra.manifest.arguments"},
    "what tells of failures": {"tfinfra.cli.ending", "tfinfra.cli.internal_error"},
    "what nodes tell": {"tfinfra.model.nodes"},
    "the values of a lock": {"tfinfra.locking.document"},
    "other tools' words, for what is wrong": {"tfinfra.manifest.words.meanings", "tfinfra.catalog.gpu_names"},
    "what solves and builds environments": {"tfinfra.environment.lock", "tfinfra.environment.build_environment"},
}


def test_a_hook_loads_no_more_than_it_needs(tmp_path: Path) -> None:
    for path in (EXAMPLES / "single.yaml", EXAMPLES / "train_single.py", EXAMPLES / "digits.py"):
        shutil.copy(path, tmp_path)
    code = (
        "import json, sys\n"
        "from tfinfra.cli.main import main\n"
        "codes = [main(['--version'])]\n"
        "at_first = [*sys.modules]\n"
        "codes.append(main(['validate', '.']))\n"
        "loaded = [*sys.modules]\n"
        "codes += [main(['compile', '.']), main(['compile', '--check', '.'])]\n"
        "print(json.dumps([codes, at_first, loaded]))"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, check=True)
    codes, at_first, loaded = json.loads(done.stdout.splitlines()[-1])
    assert codes == [0, 0, 0, 0], done.stderr
    assert {"tfinfra.model", "tfinfra.errors", "tfinfra.cli.output"} & {*at_first} == set()
    assert "tfinfra.compiler.pipeline" in loaded
    needless = {sentence: sorted(names & {*loaded}) for sentence, names in NOT_NEEDED.items()}
    assert {sentence: found for sentence, found in needless.items() if found} == {}
