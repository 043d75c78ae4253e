"""The command line: Lightning's verbs and our own on one help screen.

Nothing here imports torch: `lit-cnns --help` and `--version` answer at once.
"""

import argparse
import os
import sys
from importlib import import_module

from lit_cnns import __version__
from lit_cnns.commands import LIGHTNING_VERBS, OWN_VERBS
from lit_cnns.fast import keep_memory


def parser() -> argparse.ArgumentParser:
    """The help screen and the verbs of our own."""
    main = argparse.ArgumentParser(
        prog="lit-cnns",
        description="The ILSVRC lineage of convolutional networks, LeNet-5 to ResNet, as the papers have them.",
        epilog="`lit-cnns VERB --help` says more; configurations that ship go by name: --config lenet5_modern/digits",
    )
    main.add_argument("--version", action="version", version=f"lit-cnns {__version__}")
    verbs = main.add_subparsers(dest="verb", metavar="VERB", required=True)
    for name, line in LIGHTNING_VERBS.items():
        verbs.add_parser(name, help=line, add_help=False)
    for name, line in OWN_VERBS.items():
        verb = verbs.add_parser(name, help=line, description=line)
        import_module(f"lit_cnns.commands.{name}").add_arguments(verb)
    return main


def main(argv: list[str] | None = None) -> int:
    """Run one command; the exit status. Without `argv` this process is ours, and keeps the memory that it frees."""
    ours, argv = argv is None, sys.argv[1:] if argv is None else argv
    if ours and argv and argv[0] in (*LIGHTNING_VERBS, "bench", "claim"):
        keep_memory()
    try:
        if argv and argv[0] in LIGHTNING_VERBS:
            return import_module("lit_cnns.commands.training").run(argv[0], argv[1:])
        arguments, others = parser().parse_known_args(argv)
        if others and not hasattr(arguments, "fit_options"):
            parser().error(f"unrecognized arguments: {' '.join(others)}")
        arguments.fit_options = others
        return import_module(f"lit_cnns.commands.{arguments.verb}").run(arguments)
    except ValueError as error:  # what a user typed or gave; each says what is allowed, what came and what to do
        print(f"lit-cnns: error: {error}", file=sys.stderr)
        return 2
    except BrokenPipeError:  # the reader, `head` for one, has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 141
    except OSError as error:  # a full disk, a folder nobody may write to
        if isinstance(error, ConnectionError) or error.strerror is None:
            raise
        print(f"lit-cnns: error: {error.filename or 'A file'} cannot be used: {error.strerror}.", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("lit-cnns: stopped.", file=sys.stderr)
        return 130


if __name__ == "__main__":
    sys.exit(main())
