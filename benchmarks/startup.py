"""How long `import lit_cnns` and `lit-cnns --help` take: `python benchmarks/startup.py`."""

import argparse
import platform
import subprocess
import sys
import time
from pathlib import Path
from statistics import median

CONTESTANTS = {
    "python -c pass": [sys.executable, "-c", "pass"],
    "import lit_cnns": [sys.executable, "-c", "import lit_cnns"],
    "lit-cnns --help": [str(Path(sys.executable).parent / "lit-cnns"), "--help"],
    "lit-cnns --version": [str(Path(sys.executable).parent / "lit-cnns"), "--version"],
}


def seconds(command: list[str]) -> float:
    start = time.perf_counter()
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    return time.perf_counter() - start


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=20, help="timed runs of each command, after one that is not timed")
    runs = parser.parse_args().runs
    times: dict[str, list[float]] = {name: [] for name in CONTESTANTS}
    for number in range(runs + 1):  # interleaved, so that a busy moment of the machine hits all alike
        for name, command in CONTESTANTS.items():
            taken = seconds(command)
            if number:
                times[name].append(1000 * taken)
    bare = median(times["python -c pass"])
    print(f"Python {platform.python_version()}, {platform.system()} {platform.machine()}; ms, wall clock, n = {runs}\n")
    print("| command | median | beyond Python's start | fastest | slowest |\n|---|--:|--:|--:|--:|")
    for name, taken in times.items():
        print(f"| `{name}` | {median(taken):.0f} | {median(taken) - bare:.0f} | {min(taken):.0f} | {max(taken):.0f} |")


if __name__ == "__main__":
    main()
