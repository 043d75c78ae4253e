"""The first events of a page come while torch and Lightning are still being imported."""

import subprocess
import sys

CODE = """
import asyncio, threading
from lit_cnns_demo import readiness
from lit_cnns_demo.lab import build

assert "torch" not in __import__("sys").modules
threading.Thread(target=readiness.import_the_slow).start()
demo = build([])

async def first_events():
    looks = [fn for fn in demo.fns.values() if "status" in [part.elem_id for part in fn.outputs]]
    return await asyncio.gather(*(demo.process_api(fn, [[], -1, False], state=None) for fn in looks))

answers = asyncio.run(first_events())
print(len(answers), all(answer["data"] for answer in answers))
"""


def test_events_wait_for_what_is_being_imported(tmp_path):
    done = subprocess.run([sys.executable, "-c", CODE], cwd=tmp_path, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr[-2000:]
    assert done.stdout.split() == ["3", "True"]
