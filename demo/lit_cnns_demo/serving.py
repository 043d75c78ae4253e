"""How the page is served: alone, or in another program; to everybody who reaches it, or to who logs in."""

import logging
import os
import signal
import sys
import threading
import time
from collections.abc import Iterable
from importlib.util import find_spec
from pathlib import Path
from socket import AF_INET, AF_INET6, SO_REUSEADDR, SOL_SOCKET, socket
from typing import TYPE_CHECKING, Any

import gradio as gr

from .agents import give_each_answer
from .lab import build
from .languages import I18N
from .readiness import import_the_slow

if TYPE_CHECKING:
    from fastapi import FastAPI, Request, Response

FONT_WEIGHTS = (400, 700)  # of the weights that Gradio ships, those whose files are complete
LOGIN = "LIT_CNNS_AUTH"  # the environment variable that may hold user:password, which a list of processes does not show
LARGEST_UPLOAD = "10mb"
MOST_SESSIONS = 200  # whose state is kept: Gradio makes one of about 0.2 MB for every call of a program

NOT_OF_THE_PAGE = "The lab's page sends nothing of this kind, or it has been laid out anew: open it again."


def launch(
    folders: Iterable[str | Path] = (),
    host: str = "127.0.0.1",
    port: int | None = None,
    share: bool = False,
    open_browser: bool = False,
    data: Iterable[str | Path] = (),
    auth: str | None = None,
    mcp: bool = False,
) -> None:
    """Open the lab and serve it until Ctrl-C.

    Args:
        folders: where checkpoints are looked for, besides those that ship.
        host: address to listen on; by default nobody else can reach it.
        port: by default, and for 0, the first free one from 7860.
        share: make a public link through Gradio's servers.
        open_browser: open a browser tab.
        data: folders of pictures to compare networks on, besides scikit-learn's digits.
        auth: `user:password` that a visitor has to give; by default what LIT_CNNS_AUTH holds.
        mcp: offer the endpoints as tools of an MCP server, too.

    Raises:
        ValueError: nothing can listen on that host and port, or `auth` or `mcp` cannot be.
    """
    login = credentials(auth)
    if mcp:
        check_mcp(login)
    try:
        with socket(
            AF_INET6 if ":" in host else AF_INET
        ) as probe:  # Gradio would try a hundred ports, and take minutes over a wrong host
            probe.setsockopt(SOL_SOCKET, SO_REUSEADDR, 1)
            probe.bind((host, port or 0))
    except (OSError, OverflowError) as error:
        where = f"{host}, port {port}" if port else host
        raise ValueError(f"The lab cannot listen on {where} ({error}); give another.") from error
    heed_sigterm()
    demo = build(folders, data)
    options = {"server_name": host, "server_port": port or None, "share": share, "inbrowser": open_browser}
    _, address, public = serve(demo, auth=login, mcp_server=mcp, **options, prevent_thread_lock=True, quiet=True)
    print(f"The lab is open at {public or address}; Ctrl-C closes it.", flush=True)
    if mcp:
        print(f"Its MCP server is at {address.rstrip('/')}/gradio_api/mcp/.", flush=True)
    demo.block_thread()


def heed_sigterm() -> None:
    """Let SIGTERM end this process in order, and what visitors uploaded go with it.

    The first process of a container would not even hear it otherwise.
    """
    if threading.current_thread() is threading.main_thread():
        signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))


def serve(demo: gr.Blocks, **options: Any) -> tuple[Any, str, str]:
    """Serve what `build` gave, with the lab's look and safe settings; `options` are those of `Blocks.launch`."""
    threading.Thread(target=_import_when_up, args=(demo,), daemon=True).start()
    served = demo.launch(**{"share": False, "state_session_capacity": MOST_SESSIONS, **_settings(), **options})
    if demo.mcp_server_obj:
        give_each_answer(demo)
    return served


def mount(
    app: "FastAPI",
    folders: Iterable[str | Path] = (),
    path: str = "/lab",
    data: Iterable[str | Path] = (),
    auth: str | None = None,
) -> "FastAPI":
    """Put the lab into a FastAPI app, whose own routes keep working.

    Args:
        app: the app.
        folders: where checkpoints are looked for, besides those that ship.
        path: where in the app the lab is.
        data: folders of pictures to compare networks on, besides scikit-learn's digits.
        auth: `user:password` that a visitor has to give; by default what LIT_CNNS_AUTH holds.

    Raises:
        ValueError: the path does not begin with a slash, or `auth` is not of that form.
    """
    if not path.startswith("/") or path == "/":
        raise ValueError(f"The lab is mounted at a path such as /lab, not at {path!r}.")
    demo = build(folders, data)
    demo.state_session_capacity = MOST_SESSIONS
    return gr.mount_gradio_app(
        app, demo, path, auth=credentials(auth), show_error=False, mcp_server=False, **_settings()
    )


def credentials(given: str | None = None) -> tuple[str, str] | None:
    """The user and password that a visitor has to give, or None where anybody may come.

    Args:
        given: `user:password`; by default what the environment variable LIT_CNNS_AUTH holds.

    Raises:
        ValueError: it has another form.
    """
    text = given if given is not None else os.environ.get(LOGIN)
    if not text:
        return None
    user, colon, password = text.partition(":")
    if not (user and colon and password):
        raise ValueError(f"A login is user:password, given by --auth or in {LOGIN}; one of the two is missing.")
    return user, password


def check_mcp(login: tuple[str, str] | None) -> None:
    """Refuse an MCP server that could not work.

    Raises:
        ValueError: its package is not installed, or visitors have to log in, which its tools cannot.
    """
    if find_spec("mcp") is None:
        raise ValueError("The lab's MCP server needs the package mcp: pip install 'lit-cnns[mcp]'.")
    if login:
        raise ValueError(f"An MCP server cannot log in: give --mcp or a login (--auth, {LOGIN}), not both.")


def _settings() -> dict[str, Any]:
    return {
        "theme": _theme(),
        "css_paths": Path(__file__).parent / "style.css",
        "max_file_size": LARGEST_UPLOAD,
        "run_history": False,
        "i18n": I18N,
        "enable_monitoring": False,
        "ssr_mode": False,
        "footer_links": ["api", "settings"],
        "app_kwargs": {"exception_handlers": dict.fromkeys((KeyError, TypeError), not_of_the_page)},
    }


async def not_of_the_page(request: "Request", error: Exception) -> "Response":
    """What Gradio trips over: an event that is not known, an upload without a name. The log tells it from a fault."""
    from starlette.responses import JSONResponse

    logging.getLogger(__name__).warning("%s was refused: %r", request.url.path, error)
    return JSONResponse({"detail": NOT_OF_THE_PAGE}, 422)


def _import_when_up(demo: gr.Blocks) -> None:
    """Import torch and Lightning, which take seconds, as soon as the page is up: before, they would delay it."""
    while not demo.is_running:
        time.sleep(0.02)
    import_the_slow()


def _theme() -> gr.themes.Base:
    fonts = gr.themes.LocalFont
    return gr.themes.Default(
        primary_hue="orange",
        secondary_hue="slate",
        neutral_hue="slate",
        radius_size="sm",
        font=(fonts("IBM Plex Sans", weights=FONT_WEIGHTS), "ui-sans-serif", "system-ui", "sans-serif"),
        font_mono=(fonts("IBM Plex Mono", weights=FONT_WEIGHTS), "ui-monospace", "Consolas", "monospace"),
    ).set(
        body_text_color_subdued="*neutral_500",
        body_text_color_subdued_dark="*neutral_400",
        block_info_text_color="*neutral_500",
        block_label_text_color="*neutral_600",
        block_title_text_color="*neutral_700",
        # white on 500, which is the default, is 2.8 to 1: too pale to read
        button_primary_background_fill="*primary_700",
        button_primary_background_fill_dark="*primary_700",
        button_primary_background_fill_hover="*primary_800",
        button_primary_background_fill_hover_dark="*primary_800",
    )
