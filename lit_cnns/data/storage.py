"""Object storage: a prepared set at `s3://bucket/folder`, and a cache of its chunks on this machine's disk.

litdata carries the bytes (Amazon's S3, or whatever speaks its protocol at `endpoint_url`); its `S3Downloader` and
`S3FsProvider` know credentials that have to be renewed, and worker processes.
"""

import fcntl
import functools
import hashlib
import io
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from lit_cnns.checkpoint_io import write_whole

_SECRET = ("key", "token", "secret", "password")
_ATTEMPTS, _SECONDS = 5, 10  # of a request, and for each to be answered: litdata's own 1,000 would hang for hours


class StorageError(ValueError):
    """A storage that cannot be reached, refuses, or lacks what is asked of it."""


class NotThereError(StorageError):
    """A storage that answers, without what is asked of it."""


def cache_home() -> Path:
    """Where this machine keeps what was fetched: ~/.cache/lit-cnns, or below XDG_CACHE_HOME."""
    return Path(os.environ.get("XDG_CACHE_HOME") or "~/.cache").expanduser() / "lit-cnns"


def needs_litdata(what: str) -> None:
    """ValueError where the package is not installed."""
    if find_spec("litdata") is None:
        raise ValueError(f"{what} needs the package litdata: pip install 'lit-cnns[data]'.")


class Storage:
    """A folder of an S3-compatible object storage.

    Args:
        url: `s3://bucket/folder`.
        options: what boto3's client takes: endpoint_url, region_name ...; keys come from the environment alone.

    Raises:
        ValueError: another kind of address, a key among the options, or no litdata.
    """

    def __init__(self, url: str, options: dict[str, Any] | None = None) -> None:
        scheme, _, rest = url.partition("://")
        if scheme != "s3" or not rest.strip("/"):
            raise ValueError(f"A set is streamed from s3://BUCKET/FOLDER or read from a folder, not from {url}.")
        self.url, self.options = url.rstrip("/"), dict(options or {})
        if secret := sorted(name for name in self.options if any(word in name.lower() for word in _SECRET)):
            raise ValueError(
                f"{secret[0]} would be written into config.yaml and checkpoints: set AWS_ACCESS_KEY_ID and "
                "AWS_SECRET_ACCESS_KEY in the environment, or ~/.aws/credentials."
            )
        needs_litdata(url)

    @property
    def place(self) -> Path:
        """A folder of this machine for what is made for this storage."""
        return cache_home() / f"prepare-{hashlib.sha256(self.url.encode()).hexdigest()[:16]}"

    @functools.cached_property
    def _options(self) -> dict[str, Any]:
        from botocore.config import Config

        retries = {"max_attempts": _ATTEMPTS, "mode": "standard"}
        return {"config": Config(retries=retries, connect_timeout=_SECONDS, read_timeout=6 * _SECONDS), **self.options}

    @functools.cached_property
    def _downloads(self) -> Any:
        from litdata.streaming.downloader import S3Downloader

        return S3Downloader(self.url, "", [], self._options, session_options={})

    @functools.cached_property
    def _uploads(self) -> Any:
        from litdata.streaming.fs_provider import S3FsProvider

        return S3FsProvider(self._options)

    def __getstate__(self) -> dict[str, Any]:
        return {"url": self.url, "options": self.options}  # a worker connects anew

    def read(self, name: str) -> bytes:
        """What is at `url/name`."""
        file = io.BytesIO()
        self._ask(lambda: self._downloads.download_fileobj(f"{self.url}/{name}", file), name)
        return file.getvalue()

    def has(self, name: str) -> bool:
        """Whether there is something at `url/name`."""
        try:
            self.read(name)
        except NotThereError:
            return False
        return True

    def write(self, path: Path, name: str) -> None:
        """Put a file at `url/name`."""
        self._ask(lambda: self._uploads.upload_file(str(path), f"{self.url}/{name}"), name)

    def _ask(self, request: Callable[[], None], name: str) -> None:
        from boto3.exceptions import Boto3Error
        from botocore.exceptions import BotoCoreError, ClientError

        try:
            request()
        except (BotoCoreError, ClientError, Boto3Error) as error:
            raise self._told(error, name) from error

    def _told(self, error: Exception, name: str) -> StorageError:
        kind, reason = type(error).__name__, " ".join(str(error).split())
        if "Credential" in kind or "Credential" in reason:
            return StorageError(
                f"There are no credentials for {self.url}: set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY in the "
                "environment, or ~/.aws/credentials."
            )
        if "NoSuchBucket" in reason or "(404)" in reason or "NoSuchKey" in reason:
            return NotThereError(
                f"There is no {name} at {self.url}: another bucket or folder is meant, or `lit-cnns data prepare ROOT "
                f"{self.url}` has not finished there."
            )
        if any(word in reason for word in ("(403)", "AccessDenied", "InvalidAccessKeyId", "SignatureDoesNotMatch")):
            return StorageError(f"{self.url} refuses these credentials for {name}: {reason}")
        where = self.options.get("endpoint_url") or os.environ.get("AWS_ENDPOINT_URL") or "Amazon S3"
        return StorageError(
            f"{self.url} cannot be reached at {where}: look at the network and endpoint_url ({reason})."
        )


class ChunkCache:
    """The files of a prepared set on this machine's disk: fetched when they are wanted, the longest unused removed.

    Processes share it: one fetches a file, the others wait for that.

    Args:
        storage: where the files come from.
        folder: where they go.
        files: of each its bytes and SHA-256.
        limit: bytes that they may take.
    """

    def __init__(self, storage: Storage, folder: Path, files: dict[str, tuple[int, str]], limit: int) -> None:
        self.storage, self.folder, self.files, self.limit = storage, folder, files, limit

    def read(self, name: str, start: int, length: int) -> bytes:
        """Part of a file.

        Raises:
            StorageError: it cannot be had, or the disk is full.
        """
        while True:
            try:
                with open(self.fetch(name), "rb") as file:
                    file.seek(start)
                    return file.read(length)
            except FileNotFoundError:  # another process has just made room
                continue

    def fetch(self, name: str) -> Path:
        """A file, which is now on this disk."""
        path = self.folder / name
        try:
            os.utime(path)
            return path
        except FileNotFoundError:
            pass
        with self._alone(name):
            if not path.exists():
                data = self.storage.read(name)
                size, digest = self.files[name]
                if len(data) != size or hashlib.sha256(data).hexdigest() != digest:
                    raise StorageError(f"{self.storage.url}/{name} is not what was written: prepare the set anew.")
                try:
                    with self._alone("room"):
                        self._make_room(size)
                        write_whole(data, path)
                except OSError as error:
                    raise StorageError(f"{path} cannot be written ({error.strerror}): lower cache_gb.") from error
        return path

    @contextmanager
    def _alone(self, name: str) -> Iterator[None]:
        path = self.folder / ".locks" / name.replace("/", "-")
        path.parent.mkdir(parents=True, exist_ok=True)
        with open(path, "w") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            yield

    def _make_room(self, size: int) -> None:
        chunks = [(path.stat().st_mtime_ns, path.stat().st_size, path) for path in self.folder.glob("*/[0-9]*.bin")]
        taken = sum(bytes_ for _, bytes_, _ in chunks)
        for _, freed, path in sorted(chunks):
            if taken + size <= self.limit:
                return
            path.unlink()
            taken -= freed
