"""The lab as a script: `gradio demo/app.py`, `python demo/app.py`, or the app file of a Hugging Face Space.

It shows the networks that ship and the checkpoints below `runs/`, or below the folder in LIT_CNNS_RUNS.
"""

import os

from lit_cnns_demo import build, serve

demo = build([os.environ.get("LIT_CNNS_RUNS", "runs")])

if __name__ == "__main__":
    serve(demo)
