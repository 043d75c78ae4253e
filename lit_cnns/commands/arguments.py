"""The order of things: what is typed beats the YAML, the YAML beats the checkpoint, the checkpoint beats defaults.

LightningCLI reads strictly from left to right and lets a checkpoint override what was typed. So the line is laid
anew: run defaults, the checkpoint's own description, the YAML files in their order, then the rest as typed.
"""

import json
import os
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from lit_cnns import papers
from lit_cnns.commands.asked import Asked, options
from lit_cnns.lineage import LINEAGE
from lit_cnns.recipes import find_config, read_config

VERSION = "LIT_CNNS_VERSION"  # the number of a run, for the processes that Lightning starts for it
STARTS = ("ckpt_path", "resume", "init_from")
FROM_DATA = ("num_classes", "in_channels", "image_size")


@dataclass
class Line:
    """A command line taken apart."""

    configs: list[str] = field(default_factory=list)
    checkpoint: str | None = None
    resume: str | None = None
    init_from: str | None = None
    rest: list[str] = field(default_factory=list)
    name: str = ""  # of the network and the data that are typed, as they are typed

    @classmethod
    def parse(cls, argv: list[str]) -> "Line":
        line, tokens = cls(), iter(argv)
        for token in tokens:
            key, equals, value = token.partition("=")
            if key not in ("--config", "-c", "--ckpt_path", "--resume", "--init_from"):
                line.rest.append(token)
                continue
            value = value if equals else next(tokens, "")
            if not value:
                raise ValueError(f"{key} needs a value.")
            if key == "--ckpt_path":
                line.checkpoint = value
            elif key == "--resume":
                line.resume = value
            elif key == "--init_from":
                line.init_from = value
            else:
                line.configs.append(value)
        typed = dict(options(line.rest))
        names = (typed.get(key, "").rpartition(".")[2] for key in ("--model", "--data"))
        line.name = "_".join(filter(None, names))
        line.rest = _by_class(line.rest)
        return line

    def typed(self, key: str) -> bool:
        names = tuple(f"--model.{init}{key}" for init in ("", "init_args."))
        return any(option in names for option, _ in options(self.rest))

    @property
    def model_typed(self) -> bool:
        return any(option in ("--model", "--model.class_path") for option, _ in options(self.rest))


def _by_class(words: list[str]) -> list[str]:
    """`--model vgg16` as the class and the arguments that the network's name stands for."""
    spelt: list[str] = []
    for before, word in zip(["", *words], words, strict=False):
        start, name = ("--model=", word.removeprefix("--model=")) if word.startswith("--model=") else ("", word)
        name = papers.aliases().get(name, name)
        if name in LINEAGE and (start or before == "--model"):
            cls, arguments = LINEAGE[name]
            spelt += [start + cls.__name__, *(f"--model.{key}={value}" for key, value in arguments.items())]
        else:
            spelt.append(word)
    return spelt


def _init_args(part: Any) -> dict[str, Any]:
    return (part.get("init_args") or {}) if isinstance(part, dict) else {}


@dataclass
class Arranged:
    """A command line in its new order, and which settings of the network someone stated."""

    args: list[str]
    stated: set[str]
    name: str  # of the run's folder below runs/
    checkpoint: str | None
    init_from: str | None = None
    preprocessing: dict[str, Any] = field(default_factory=dict)  # of what it starts from
    defaults: dict[str, Any] = field(default_factory=dict)  # where it goes, unless someone says otherwise


def arrange(verb: str, argv: list[str], runs: str = "runs") -> Arranged:
    """The command line for LightningCLI, in the order that the precedence of settings wants.

    Args:
        verb: Lightning's.
        argv: what was typed after it.
        runs: the folder for what `fit` writes.

    Raises:
        ValueError: a configuration or checkpoint that does not exist, or that cannot be read.
    """
    line = Line.parse(argv)
    paths = [find_config(name) for name in line.configs]
    configs = [read_config(path) for path in paths]
    written = {key: next((c[key] for c in reversed(configs) if c.get(key)), None) for key in STARTS}
    named = bool(configs) or line.model_typed
    name = "_".join(part for part in paths[0].with_suffix("").parts[-2:] if part != "..") if paths else ""
    checkpoint = line.checkpoint or written["ckpt_path"]
    settings: dict[str, Any] = {}  # of the run it goes on with
    described: dict[str, Any] = {}
    if word := line.resume or ("auto" if checkpoint == "auto" and verb == "fit" else written["resume"]):
        asked = Asked.of(configs, line.rest)
        checkpoint, settings, name = _go_on(verb, word, name or line.name, named, asked)
    if checkpoint is not None:
        checkpoint, described = _from_checkpoint(checkpoint, named or bool(settings))
    init_from = line.init_from or written["init_from"]
    preprocessing: dict[str, Any] = {}
    if init_from is not None and checkpoint is None:
        named = line.model_typed or any(c.get("model") for c in configs)
        described, preprocessing = _from_source(verb, init_from, named)
    stated = {key for key in FROM_DATA if line.typed(key)}
    stated |= {key for c in (described, *configs) for key in FROM_DATA if key in _init_args(c.get("model"))}
    name = name or line.name or described.get("model", {}).get("class_path", verb).rpartition(".")[2]
    args = [verb]
    defaults = run_defaults(verb, name, runs)
    for layer in (defaults, described, settings):
        args += ["--config", json.dumps(layer)] if layer else []
    args += [part for path in paths for part in ("--config", str(path))]
    args += line.rest
    args += ["--ckpt_path", str(checkpoint)] if checkpoint else []
    args += ["--init_from", line.init_from] if line.init_from else []
    return Arranged(args, stated, name, checkpoint, None if checkpoint else init_from, preprocessing, defaults)


def _from_source(verb: str, source: str, named: bool) -> tuple[dict[str, Any], dict[str, Any]]:
    """The network that a source is, unless one is named, and what its pictures go through."""
    if verb != "fit":
        raise ValueError(f"--init_from is what training starts from; `{verb}` takes --ckpt_path.")
    from lit_cnns.weights import origin

    class_path, arguments, preprocessing = origin(source, guest=named)
    return ({} if named else {"model": {"class_path": class_path, "init_args": arguments}}), preprocessing


def _go_on(verb: str, word: str, name: str, named: bool, asked: Asked) -> tuple[str | None, dict[str, Any], str]:
    """What `--resume` goes on from, the settings of that run where the line names none, and the run's name."""
    from lit_cnns.runs import going_on, settings

    if verb != "fit":
        raise ValueError(f"--resume goes on with a training; `{verb}` takes --ckpt_path.")

    def is_meant(checkpoint: Path) -> bool:
        found = settings(checkpoint)
        return found is None or asked.is_of(Asked.of([read_config(found)]))

    folder = Path("runs") / (name or verb) if named or word == "auto" else Path("runs")
    path = going_on(word, folder, is_meant)
    if path is None:
        if int(os.environ.get("LOCAL_RANK") or 0) == 0:
            others = " Those there are of another network or other data." if any(folder.rglob("*.ckpt")) else ""
            print(f"There is no run to go on with below {folder}/: a fresh start.{others}", file=sys.stderr)
        return None, {}, name
    if int(os.environ.get("LOCAL_RANK") or 0) == 0:
        print(f"Going on with {path}.", file=sys.stderr)
    own = {} if named else _without_its_place(read_config(found)) if (found := settings(path)) else {}
    return str(path), own, name or (path.parents[2].name if own else "")


def _without_its_place(config: dict[str, Any]) -> dict[str, Any]:
    """A run's settings for another run: all but where it went and what it started from."""
    trainer = {key: value for key, value in config["trainer"].items() if key not in ("logger", "default_root_dir")}
    return {**{key: value for key, value in config.items() if key not in STARTS}, "trainer": trainer}


def run_defaults(verb: str, name: str, runs: str = "runs") -> dict[str, Any]:
    """Where a run goes: `RUNS/<name>/version_<n>`, with its curves as CSV and for TensorBoard.

    Under SLURM, the checkpoint that Lightning leaves before a job is put into the queue again has a folder of the job.
    """
    if verb != "fit":
        return {"trainer": {"logger": False}}
    from lit_cnns.runs import next_version

    folder = Path(runs) / name
    version = int(os.environ.get(VERSION) or next_version(folder))
    job = os.environ.get("SLURM_JOB_ID")
    where = {"save_dir": runs, "name": name, "version": version}
    loggers = [f"lightning.pytorch.loggers.{kind}" for kind in ("CSVLogger", "TensorBoardLogger")]
    root = folder / (f"slurm_{job}" if job else f"version_{version}")
    return {
        "trainer": {
            "logger": [{"class_path": path, "init_args": where} for path in loggers],
            "default_root_dir": str(root),
        }
    }


def claim_folder(trainer: Any, name: str, defaults: dict[str, Any]) -> None:
    """Make the run's folder; where another start has taken that of the `defaults` since, change the settings."""
    from lit_cnns.runs import claim

    guess = defaults["trainer"]
    if VERSION not in os.environ:
        os.environ[VERSION] = str(claim(Path("runs") / name))
    ours = run_defaults("fit", name)["trainer"]
    if trainer.default_root_dir == guess["default_root_dir"]:
        trainer.default_root_dir = ours["default_root_dir"]
    for logger in trainer.logger if isinstance(trainer.logger, list) else []:
        if logger.get("init_args") and all(
            logger.init_args.get(k) == v for k, v in guess["logger"][0]["init_args"].items()
        ):
            logger.init_args.version = ours["logger"][0]["init_args"]["version"]


def _from_checkpoint(word: str, named: bool) -> tuple[str | None, dict[str, Any]]:
    from lit_cnns.checkpoints import ForeignCheckpoint, describe, lay_out
    from lit_cnns.runs import resolve

    path = resolve(word)
    if path is None:
        return None, {}
    try:
        description = describe(path)
    except ForeignCheckpoint as error:
        if named and error.of_lightning:  # another package's network, which the YAML or the line names
            return str(path), {}
        raise
    cls = type(lay_out(description, path))
    layers = {"model": {"class_path": f"{cls.__module__}.{cls.__name__}", "init_args": description["args"]}}
    if data := description["data"]:
        layers["data"] = {"class_path": f"lit_cnns.data.{data['class']}", "init_args": data.get("args", {})}
    return str(path), layers
