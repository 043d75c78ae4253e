"""`make quickstart`: the lab in the browser, and meanwhile five generations trained on real handwritten digits.

It types the commands a user would type, as many trainings at a time as there are cores:
`lit-cnns demo`, `lit-cnns fit --config NETWORK/digits`, `lit-cnns test --ckpt_path BEST`.
"""

import argparse
import json
import os
import re
import subprocess
import sys
import time
import urllib.error
import urllib.request
import webbrowser
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from socket import socket

import yaml
from tqdm import tqdm

NETWORKS = ["lenet5_modern", "alexnet_cifar_13pct", "vgg_cifar", "googlenet_cifar", "resnet20_cifar"]
CONFIGS = Path(__file__).parents[1] / "configs"
LIT_CNNS = [sys.executable, "-m", "lit_cnns"]
Row = tuple[str, float, float]  # network, share of the test set that is right, seconds


class Training:
    """One network on the digits: `fit`, then `test` of its best checkpoint."""

    def __init__(self, network: str, epochs: int | None) -> None:
        self.network = network
        self.options = ["--trainer.max_epochs", str(epochs)] if epochs else []
        self.epochs = epochs or yaml.safe_load((CONFIGS / network / "digits.yaml").read_text())["trainer"]["max_epochs"]
        self.runs = Path("runs") / f"{network}_digits"
        self.earlier = set(self.runs.glob("version_*"))
        self.finished = False

    def run(self, threads: int) -> Row:
        """Train and test; the seconds are those of `fit`, the start of Python included."""
        start = time.perf_counter()
        command(["fit", "--config", f"{self.network}/digits", *self.options], threads)
        seconds = time.perf_counter() - start
        self.finished = True
        (best,) = self.files("checkpoints/best*.ckpt")
        shown = command(["test", "--ckpt_path", str(best)], threads)
        found = re.search(r"test/top1\D+([\d.]+)", shown)
        assert found, shown
        return self.network, float(found[1]), seconds

    def files(self, pattern: str) -> list[Path]:
        """The files of this run, which is the one that was not there before."""
        return [file for run in set(self.runs.glob("version_*")) - self.earlier for file in run.glob(pattern)]

    @property
    def epochs_done(self) -> int:
        """How many passes its curves tell of."""
        if self.finished:
            return self.epochs
        lines = [line for file in self.files("metrics.csv") for line in file.read_text().splitlines()]
        if not lines or "val/top1" not in lines[0].split(","):
            return 0
        column = lines[0].split(",").index("val/top1")
        return sum(bool(line.split(",")[column]) for line in lines[1:])


class Lab:
    """The browser lab in a process of its own, on the networks that ship and on `runs/`."""

    def __init__(self) -> None:
        with socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        self.address = f"http://127.0.0.1:{port}"
        words = [*LIT_CNNS, "demo", "runs", "--port", str(port)]
        log = Path("runs") / "lab.log"
        log.parent.mkdir(exist_ok=True)
        with log.open("w") as out:
            self.process = subprocess.Popen(words, stdout=out, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL)
        while not self.answers():
            if self.process.poll() is not None:
                raise subprocess.CalledProcessError(self.process.returncode, words, log.read_text())
            time.sleep(0.2)

    def answers(self) -> bool:
        try:
            with urllib.request.urlopen(self.address, timeout=5):
                return True
        except (urllib.error.URLError, ConnectionError, TimeoutError):
            return False

    def wait_for_networks(self) -> None:
        """Wait until it has torch and its checkpoints at hand: training would take the cores from the first visit."""
        call = f"{self.address}/gradio_api/call/networks"
        ask = urllib.request.Request(call, b'{"data": []}', {"Content-Type": "application/json"})
        with urllib.request.urlopen(ask, timeout=60) as told:
            event = json.load(told)["event_id"]
        with urllib.request.urlopen(f"{call}/{event}", timeout=60) as told:
            told.read()

    def close(self) -> None:
        self.process.terminate()
        self.process.wait()


def main() -> int:
    """Open the lab, train, compare; the exit status."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("networks", nargs="*", default=NETWORKS, help=f"default: {' '.join(NETWORKS)}")
    parser.add_argument("--epochs", type=int, help="passes over the digits (default: what each configuration says)")
    parser.add_argument("--no_lab", action="store_true", help="train and compare only")
    arguments = parser.parse_args()
    attended = sys.stdin.isatty() and not os.environ.get("CI")
    start = time.perf_counter()
    lab = None
    try:
        if not arguments.no_lab:
            lab = Lab()
            print(f"The lab is open at {lab.address} ({time.perf_counter() - start:.0f} s).", flush=True)
            if attended and (
                sys.platform == "darwin" or os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY")
            ):
                webbrowser.open(lab.address)
            lab.wait_for_networks()
        os.nice(10)  # the lab and the visitor's browser, which started before, go first
        print_table(train_all([Training(network, arguments.epochs) for network in arguments.networks]))
        print(f"\n{time.perf_counter() - start:.0f} seconds in all. What was trained lies below runs/.", flush=True)
        if lab is not None and attended:
            print(f"The lab at {lab.address} has these networks, too. Ctrl-C closes it.")
            lab.process.wait()
    except subprocess.CalledProcessError as error:
        print(f"{' '.join(error.cmd)} ended with {error.returncode}:\n{error.output}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("\nClosed.")
    finally:
        if lab is not None:
            lab.close()
    return 0


def train_all(trainings: list[Training]) -> list[Row]:
    """Train and test every network, as many at a time as there are cores; then logistic regression."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    together = min(cores, len(trainings))
    print(f"Training {len(trainings)} networks on 1,257 handwritten digits, {together} at a time.", flush=True)
    pool = ThreadPoolExecutor(together)
    try:
        # the newest generations take longest, so they start first
        rows = {training: pool.submit(training.run, cores // together) for training in reversed(trainings)}
        show_progress(rows)
    finally:
        pool.shutdown(cancel_futures=True)
    return [*(rows[training].result() for training in trainings), logistic_regression()]


def show_progress(rows: dict[Training, Future[Row]]) -> None:
    """A bar of passes over the digits until all is done, with a line for each network that is."""
    passes = sum(training.epochs for training in rows)
    with tqdm(total=passes, unit="pass", file=sys.stdout, disable=not sys.stdout.isatty()) as bar:
        told: set[Training] = set()
        while len(told) < len(rows):
            time.sleep(0.5)
            bar.update(sum(training.epochs_done for training in rows) - bar.n)
            for training in [training for training, row in rows.items() if row.done() and training not in told]:
                told.add(training)
                bar.write(f"{training.network:<22} test top-1 {rows[training].result()[1]:7.2%}")


def command(words: list[str], threads: int) -> str:
    """What `lit-cnns` prints to these words; a failure carries it along."""
    environ = {**os.environ, "OMP_NUM_THREADS": str(threads)}
    done = subprocess.run(
        [*LIT_CNNS, *words], env=environ, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=True
    )
    return done.stdout


def logistic_regression() -> Row:
    """scikit-learn's logistic regression on the 64 pixels, trained and tested on the same pictures."""
    from sklearn.datasets import load_digits
    from sklearn.linear_model import LogisticRegression

    from lit_cnns import Digits

    pixels, labels = load_digits(return_X_y=True)
    split = {name: numbers.numpy() for name, numbers in Digits.split().items()}
    start = time.perf_counter()
    fitted = LogisticRegression(max_iter=5000).fit(pixels[split["train"]] / 16, labels[split["train"]])
    seconds = time.perf_counter() - start
    return "logistic regression", fitted.score(pixels[split["test"]] / 16, labels[split["test"]]), seconds


def print_table(rows: list[Row]) -> None:
    print("\nscikit-learn's digits, stratified split Digits.split(0): 1,257 to train, 180 to validate, 360 to test")
    print(f"{'network':<22}{'test top-1':>11}{'seconds':>9}")
    for name, top1, seconds in rows:
        print(f"{name:<22}{top1:>11.2%}{seconds:>9.0f}")


if __name__ == "__main__":
    sys.exit(main())
