"""To the Hugging Face Hub and back."""

import re
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from lit_cnns.classifier import LitClassifier
from lit_cnns.weights.exporting import require
from lit_cnns.weights.library import PATIENCE
from lit_cnns.weights.repository import CONFIG, WEIGHTS, read, write


def push(module: LitClassifier, name: str, licence: str = "unknown", private: bool = False) -> str:
    """Upload a checkpoint to a repository, which is made where there is none.

    Args:
        module: of the lineage, or a guest of timm's.
        name: OWNER/NAME.
        licence: of the weights, by the Hub's short name.
        private: of a new repository.

    Returns:
        its address.

    Raises:
        ValueError: no token, no network, no right to write there, or a network that timm cannot build.
    """
    require("huggingface_hub", "safetensors")
    from huggingface_hub import HfApi, constants, get_token

    _check_name(name)
    if constants.HF_HUB_OFFLINE:
        raise ValueError("HF_HUB_OFFLINE forbids to upload: `push --to_folder DIR` writes the same files.")
    if get_token() is None:
        raise ValueError("There is no token to upload with: set HF_TOKEN, or log in by `hf auth login`.")
    _check_reach("`push --to_folder DIR` writes the same files")
    with TemporaryDirectory() as folder:
        write(module, Path(folder), name, licence)
        api = HfApi(library_name="lit-cnns")
        with _in_a_sentence(name):
            api.create_repo(name, private=private or None, exist_ok=True)
            api.upload_folder(repo_id=name, folder_path=folder, commit_message="A checkpoint of lit-cnns")
    return f"{constants.ENDPOINT}/{name}"


def pull(source: str) -> LitClassifier:
    """The network of a repository on the Hub, or of a folder with the same files; nothing of it is executed.

    Args:
        source: OWNER/NAME, or a folder.

    Raises:
        ValueError: it is out of reach, or no network of the lineage or of timm.
    """
    if Path(source).is_dir():
        return read(Path(source))
    return read(fetch(source))


def fetch(name: str) -> Path:
    """The folder of a repository's files on this machine, fetched where they are not there yet."""
    require("huggingface_hub", "safetensors")
    from huggingface_hub import constants, get_hf_file_metadata, hf_hub_download, hf_hub_url, try_to_load_from_cache

    _check_name(name)
    if constants.HF_HUB_OFFLINE:
        found = [try_to_load_from_cache(name, file) for file in (CONFIG, WEIGHTS)]
        if not all(isinstance(path, str) for path in found):
            raise ValueError(f"{name} is not on this machine and HF_HUB_OFFLINE forbids to fetch it.")
        return Path(str(found[0])).parent
    _check_reach(f"fetch {name} where there is a network and give its folder")
    with _in_a_sentence(name):
        size = get_hf_file_metadata(hf_hub_url(name, WEIGHTS)).size
        print(f"{name}: {(size or 0) / 1e6:,.1f} MB from {constants.ENDPOINT}", file=sys.stderr)
        for file in (CONFIG, WEIGHTS):
            path = hf_hub_download(name, file, library_name="lit-cnns")
    return Path(path).parent


def _check_name(name: str) -> None:
    if not re.fullmatch(r"[\w.-]+/[\w.-]+", name):
        raise ValueError(f"A repository of the Hub is OWNER/NAME, not {name}, and there is no such folder either.")


def _check_reach(instead: str) -> None:
    """Raise ValueError soon where the Hub does not answer; its own library tries for half a minute."""
    from huggingface_hub import constants

    try:
        urllib.request.urlopen(urllib.request.Request(constants.ENDPOINT, method="HEAD"), timeout=PATIENCE).close()
    except urllib.error.HTTPError:
        return  # it has answered
    except (urllib.error.URLError, TimeoutError, OSError) as error:
        reason = getattr(error, "reason", None) or error
        raise ValueError(f"{constants.ENDPOINT} cannot be reached ({reason}): {instead}.") from None


@contextmanager
def _in_a_sentence(name: str) -> Iterator[None]:
    from huggingface_hub.errors import EntryNotFoundError, HfHubHTTPError, HTTPError, RepositoryNotFoundError

    try:
        yield
    except RepositoryNotFoundError:
        raise ValueError(
            f"There is no repository {name} that you may use; a private one needs your token (HF_TOKEN, or "
            "`hf auth login`)."
        ) from None
    except EntryNotFoundError:
        raise ValueError(f"{name} has no {CONFIG} or no {WEIGHTS}; weights in other files are not opened.") from None
    except HfHubHTTPError as error:
        status = error.response.status_code
        what = "your token does not allow it" if status in (401, 403) else f"the Hub answered with status {status}"
        raise ValueError(f"{name} cannot be used: {what}.") from None
    except HTTPError as error:
        raise ValueError(f"{name} cannot be used: the connection to the Hub broke ({error}).") from None
