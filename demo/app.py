"""The lab as a script: `gradio demo/app.py`, `python demo/app.py`, or the app file of a Hugging Face Space.

It shows the networks that ship and the checkpoints below `runs/`, or below the folder in LIT_CNNS_RUNS, and compares
them on scikit-learn's digits and on the folders of pictures in LIT_CNNS_DATA, with the system's separator between them.
"""

import os

from lit_cnns_demo import build, credentials, heed_sigterm, serve

data = os.environ.get("LIT_CNNS_DATA", "")
demo = build([os.environ.get("LIT_CNNS_RUNS", "runs")], data.split(os.pathsep) if data else [])

if __name__ == "__main__":
    try:
        login = credentials()
    except ValueError as error:
        raise SystemExit(str(error)) from None
    heed_sigterm()
    serve(demo, auth=login)
