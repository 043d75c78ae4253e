"""Make a small checkpoint that ships out of a run: `python demo/ship.py CKPT OUT --root FOLDER [--note TEXT]`.

The weight matrices are halved in precision; what is written is read back and tested on the run's own test set, and the
figures are put into the file beside the data's name.
"""

import argparse
from pathlib import Path

import lightning as L

import lit_cnns
from lit_cnns.checkpoints import describe, save_slim


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("checkpoint", type=Path)
    parser.add_argument("output", type=Path)
    parser.add_argument("--root", help="where the test set lies")
    parser.add_argument("--note", help="what the data is, where its class does not say it")
    arguments = parser.parse_args()
    save_slim(lit_cnns.load(arguments.checkpoint), arguments.output)
    module = lit_cnns.load(arguments.output)
    described = describe(arguments.output)["data"]
    where = {"root": arguments.root, "num_workers": 0} if arguments.root else {}
    data = getattr(lit_cnns, described["class"])(**described["args"], **where)
    trainer = L.Trainer(accelerator="cpu", logger=False, enable_model_summary=False, enable_progress_bar=False)
    trainer.test(module, data)
    if arguments.note:
        module.data_description["note"] = arguments.note
    save_slim(module, arguments.output)
    print(f"{arguments.output}: {arguments.output.stat().st_size / 1e6:.2f} MB, {module.metrics}")


if __name__ == "__main__":
    main()
