"""One file for each verb of our own; `training` holds Lightning's."""

LIGHTNING_VERBS = {
    "fit": "train a network by a YAML: --config NAME",
    "validate": "evaluate a checkpoint on the validation set: --ckpt_path FILE",
    "test": "evaluate a checkpoint on the test set: --ckpt_path FILE",
    "predict": "write the predictions of a checkpoint on a data set as a table: --ckpt_path FILE",
}
OWN_VERBS = {
    "classify": "name what is in pictures: CKPT IMAGE_OR_FOLDER...",
    "demo": "open the lab in the browser: [RUNS...]",
    "models": "list the networks of the lineage",
    "verify": "hold a run, finished or still running, against what its recipe expects: RUN",
    "convert": "trained weights from torchvision, timm, Caffe or a file as a checkpoint of ours: SOURCE OUT.ckpt",
    "export": "a checkpoint as ONNX, torch.export or safetensors, checked against it: CKPT [OUT]",
    "push": "a checkpoint to the Hugging Face Hub, in the form that timm opens: CKPT OWNER/NAME",
    "pull": "a network of the Hugging Face Hub, ours or timm's, as a checkpoint: OWNER/NAME OUT.ckpt",
    "claim": "check what a paper says, and draw it: NAME, or `told`; none lists the claims",
    "data": "look a folder of pictures through, or prepare it for fast reading: check ROOT, prepare ROOT OUT",
    "doctor": "what would go wrong, before hours are spent: [--config NAME and what else fit takes]",
    "bench": "how fast a run is on this machine, and where its time goes: [--config NAME and what else fit takes]",
    "info": "what a paper says of a network, layer by layer: NETWORK",
    "diff": "two networks of the papers, layer by layer: A B",
}
