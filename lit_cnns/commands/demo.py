"""`lit-cnns demo [RUNS...]`: the lab in the browser."""

import argparse


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("runs", nargs="*", default=["runs"], help="folders or files of checkpoints (default: runs)")
    parser.add_argument("--host", default="127.0.0.1", help="address to listen on (default: this machine only)")
    parser.add_argument("--port", type=int, help="port to listen on (default: the first free one from 7860)")
    parser.add_argument("--open", action="store_true", help="open the browser")


def run(arguments: argparse.Namespace) -> int:
    try:
        import lit_cnns_demo
    except ModuleNotFoundError as error:
        raise ValueError(f"The lab needs {error.name}: pip install 'lit-cnns[demo]'.") from None
    lit_cnns_demo.launch(arguments.runs, host=arguments.host, port=arguments.port, open_browser=arguments.open)
    return 0
