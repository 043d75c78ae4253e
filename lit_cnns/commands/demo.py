"""`lit-cnns demo [RUNS...]`: the lab in the browser."""

import argparse
import gc
from pathlib import Path


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "runs",
        nargs="*",
        default=["runs"],
        help="folders or files of checkpoints, or guests: torchvision/NAME, timm/NAME (default: runs)",
    )
    parser.add_argument(
        "--data",
        action="append",
        default=[],
        metavar="FOLDER",
        help="a folder of pictures to compare networks on: class folders, a published set, or pictures alone; "
        "may be given several times",
    )
    parser.add_argument("--host", default="127.0.0.1", help="address to listen on (default: this machine only)")
    parser.add_argument("--port", type=int, help="port to listen on (default: the first free one from 7860)")
    parser.add_argument(
        "--auth",
        metavar="USER:PASSWORD",
        help="ask visitors for it; better in the environment variable LIT_CNNS_AUTH, which no list of processes shows",
    )
    parser.add_argument(
        "--mcp", action="store_true", help="be an MCP server, too (needs the package mcp: pip install 'lit-cnns[mcp]')"
    )
    parser.add_argument("--open", action="store_true", help="open the browser")


def run(arguments: argparse.Namespace) -> int:
    gc.disable()  # what Gradio makes while it is imported stays: looking for garbage in it would delay the page
    try:
        import lit_cnns_demo
    except ModuleNotFoundError as error:
        raise ValueError(f"The lab needs {error.name}: pip install 'lit-cnns[demo]'.") from None
    finally:
        gc.freeze()
        gc.enable()
    runs = [invite(name) if name.startswith(("torchvision/", "timm/")) else name for name in arguments.runs]
    if missing := next((folder for folder in arguments.data if not Path(folder).is_dir()), None):
        raise ValueError(f"There is no folder {missing}; --data is a folder of pictures.")
    for run in runs:
        if not Path(run).exists():
            print(
                f"There is nothing at {run} yet; checkpoints that are saved there will appear in the lab.", flush=True
            )
    lit_cnns_demo.launch(
        runs,
        host=arguments.host,
        port=arguments.port,
        open_browser=arguments.open,
        data=arguments.data,
        auth=arguments.auth,
        mcp=arguments.mcp,
    )
    return 0


def invite(name: str) -> str:
    """The checkpoint of a guest, made below `runs/guests/` when it is asked for first.

    Raises:
        ValueError: there is no such guest, or its weights are out of reach.
    """
    path = Path("runs", "guests", f"{name}.ckpt")
    if not path.is_file():
        from lit_cnns.checkpoints import save_slim
        from lit_cnns.weights import guest

        save_slim(guest(name)[0], path, half=False)
    return str(path)
