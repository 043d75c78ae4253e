"""A set is streamed from an S3-compatible storage as if it lay in a folder; the storage is moto's, on loopback."""

import json
import math
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

import lit_cnns
from lit_cnns.cli import main
from lit_cnns.data import StorageError, StreamedImages, packing
from lit_cnns.data.streamed import chunked_order

pytest.importorskip("litdata", reason="streaming needs the extra `data`")
moto_server = pytest.importorskip("moto.server", reason="the storage of these tests is moto's")
SIDE, CHUNK = 40, 6


@pytest.fixture(scope="module", autouse=True)
def outside(tmp_path_factory):
    """Credentials that moto takes, a cache of this module's own, and nobody's ~/.aws."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("AWS_ACCESS_KEY_ID", "somebody")
        patch.setenv("AWS_SECRET_ACCESS_KEY", "something")
        patch.setenv("AWS_EC2_METADATA_DISABLED", "true")
        for name in ("AWS_SHARED_CREDENTIALS_FILE", "AWS_CONFIG_FILE"):
            patch.setenv(name, "/nowhere")
        patch.setenv("XDG_CACHE_HOME", str(tmp_path_factory.mktemp("cache")))
        yield


@pytest.fixture(scope="module")
def endpoint():
    server = moto_server.ThreadedMotoServer("127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    yield f"http://{host}:{port}"
    server.stop()


@pytest.fixture(scope="module")
def s3(endpoint):
    boto3 = pytest.importorskip("boto3")
    return boto3.client("s3", endpoint_url=endpoint, region_name="us-east-1")


@pytest.fixture(scope="module")
def photos(tmp_path_factory):
    """Three classes of smooth pictures, 33 to train on and 10 to validate on."""
    root, draw = tmp_path_factory.mktemp("streaming") / "photos", np.random.default_rng(0)
    for split, counts in (("train", (11, 11, 11)), ("val", (5, 3, 2))):
        for name, count in zip(("cat", "dog", "owl"), counts, strict=True):
            (root / split / name).mkdir(parents=True)
            for place in range(count):
                coarse = Image.fromarray(draw.integers(0, 255, (6, 7, 3), dtype=np.uint8))
                coarse.resize((SIDE + place, SIDE)).save(root / split / name / f"{place}.jpg", quality=95)
    return root


def prepare(photos, out, *options):
    fixed = ("--form", "chunks", "--chunk", str(CHUNK), "--side", str(SIDE), "--workers", "1")
    return main(["data", "prepare", str(photos), str(out), *fixed, *options])


@pytest.fixture(scope="module")
def stored(photos, endpoint, s3):
    """The address of a prepared set."""
    s3.create_bucket(Bucket="pictures")
    assert prepare(photos, "s3://pictures/set", "--endpoint_url", endpoint) == 0
    return "s3://pictures/set"


@pytest.fixture
def open_set(stored, endpoint, tmp_path):
    def opened(root=stored, cache="cache", **arguments):
        given = {"global_batch_size": 8, "image_size": 32, "resize": SIDE, "num_workers": 0, "lanes": 4, **arguments}
        options = {"endpoint_url": endpoint} if str(root).startswith("s3") else None
        data = StreamedImages(str(root), options, str(tmp_path / cache), **given)
        data.setup("fit")
        return data

    return opened


def batches(data, split="train", epoch=0, processes=1, rank=0, accumulate=1):
    data.divide(processes, rank, accumulate)
    loader = data.train_dataloader() if split == "train" else data.val_dataloader()
    loader.set_epoch(epoch)
    return list(loader)


def test_a_set_from_a_storage_is_the_folder_that_it_was_made_of(open_set, photos):
    streamed, folder = open_set(), lit_cnns.ImageFolder(str(photos), image_size=32, resize=SIDE, in_memory=False)
    folder.setup("fit")
    assert streamed.class_names == folder.class_names == ["cat", "dog", "owl"]
    assert streamed.preprocessing == folder.preprocessing
    images, labels, _ = folder.sets["val"].__getitems__((0, torch.arange(10)))
    seen = batches(streamed, "val")
    assert torch.equal(torch.cat([batch[0] for batch in seen]), images)
    assert torch.equal(torch.cat([batch[1] for batch in seen]), labels)
    assert sorted(Path(streamed.sets["train"].name(index)).name for index in range(33)) == sorted(
        path.name for path in photos.glob("train/*/*")
    )


def test_litdata_itself_reads_the_chunks(photos, tmp_path):
    import litdata

    assert prepare(photos, tmp_path / "out") == 0
    ours = StreamedImages(str(tmp_path / "out"), image_size=32, resize=SIDE)
    ours.setup("fit")
    theirs = litdata.StreamingDataset(str(tmp_path / "out" / "train"))
    assert len(theirs) == 33
    labels = [theirs[index][1] for index in range(33)]
    assert labels == ours.sets["train"].labels.tolist()
    assert len(set(labels[:CHUNK])) > 1  # a chunk is not of one class
    files = {path.read_bytes() for path in photos.glob("train/*/*")}
    assert {theirs[index][0] for index in range(33)} == files


def test_an_epoch_sees_each_picture_once_and_mixes_chunks_and_differs_from_the_next(open_set):
    data = open_set()
    first, again, second = (batches(data, epoch=epoch) for epoch in (0, 0, 1))
    numbers = torch.cat([batch[2] for batch in first])
    assert len(numbers) == len(set(numbers.tolist())) == 32
    assert all(torch.equal(a[0], b[0]) for a, b in zip(first, again, strict=True))
    assert not torch.equal(numbers, torch.cat([batch[2] for batch in second]))
    assert min(len(set((batch[2] // CHUNK).tolist())) for batch in first) >= 3


@pytest.mark.parametrize(("processes", "accumulate"), [(2, 1), (4, 1), (2, 2)])
def test_several_processes_see_the_batches_of_one(open_set, processes, accumulate):
    data = open_set()
    alone = batches(data)
    shares = [batches(data, processes=processes, rank=rank, accumulate=accumulate) for rank in range(processes)]
    for step, whole in enumerate(alone):
        parts = [shares[rank][step * accumulate + part] for part in range(accumulate) for rank in range(processes)]
        for place in range(3):
            assert torch.equal(torch.cat([part[place] for part in parts]), whole[place])


def test_processes_that_divide_the_lanes_read_different_chunks_but_for_the_seams(open_set):
    fetched = 0
    for rank in range(2):
        data = open_set(cache=f"cache{rank}")
        batches(data, processes=2, rank=rank)
        fetched += len(list(data.cache.folder.glob("train/*.bin")))
    assert fetched <= math.ceil(33 / CHUNK) + 1


@pytest.mark.parametrize("processes", [1, 2, 3])
def test_every_picture_is_evaluated_once_by_any_number_of_processes(open_set, processes):
    data = open_set()
    shares = [batch for rank in range(processes) for batch in batches(data, "val", processes=processes, rank=rank)]
    numbers, labels = (torch.cat([batch[place] for batch in shares]) for place in (2, 1))
    numbers, labels = numbers[numbers >= 0], labels[numbers >= 0]  # others stand in for batches that a share lacks
    assert sorted(numbers.tolist()) == list(range(10))
    assert torch.equal(labels[numbers.argsort()], data.sets["val"].labels)


def test_a_run_that_was_cut_gets_the_pictures_that_were_left_with_workers_too(open_set):
    whole, data = batches(open_set(), epoch=3), open_set(num_workers=2)
    loader = data.train_dataloader()
    loader.load_state_dict({"epoch": 3, "batches": 2})
    left = list(loader)
    assert len(left) == len(whole) - 2
    for ours, theirs in zip(left, whole[2:], strict=True):
        assert torch.equal(ours[0], theirs[0])
        assert torch.equal(ours[2], theirs[2])


def test_the_cache_keeps_within_its_limit_and_the_pictures_are_the_same(open_set):
    free = open_set(lanes=1)
    sizes = [size for name, (size, _) in free.cache.files.items() if name.startswith("train/0")]
    small = open_set(cache="small", lanes=1, cache_gb=3 * max(sizes) / 1e9)
    for ours, theirs in zip(batches(small), batches(free), strict=True):
        assert torch.equal(ours[0], theirs[0])
    assert sum(path.stat().st_size for path in small.cache.folder.glob("*/*.bin")) <= 3 * max(sizes) < sum(sizes)
    with pytest.raises(ValueError, match="cannot hold two chunks of each of 4 lanes: give it"):
        open_set(cache="small", cache_gb=1e-6)


def test_the_order_takes_the_same_from_each_lane_and_opens_one_chunk_of_it_at_a_time():
    parts = torch.arange(96) // 8
    places = chunked_order(parts, lanes=4, global_batch_size=16, seed=5, epoch=2).view(6, 4, 4)
    for lane in places.unbind(1):
        assert parts[lane.reshape(-1)].unique_consecutive().tolist() == list(
            dict.fromkeys(parts[lane.reshape(-1)].tolist())
        )


def test_a_few_steps_are_trained_and_the_checkpoint_evaluates_itself(stored, endpoint, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    Path("s3.yaml").write_text(
        f"data:\n  class_path: lit_cnns.data.StreamedImages\n  init_args:\n    root: {stored}\n"
        f"    storage_options: {{endpoint_url: '{endpoint}'}}\n    cache_dir: cache\n    global_batch_size: 8\n"
        "    image_size: 32\n    num_workers: 0\n"
    )
    network = ["--model", "lenet5", "--trainer.max_epochs", "2", "--config", "s3.yaml"]
    quiet = ["--trainer.accelerator", "cpu", "--trainer.enable_progress_bar", "false"]
    assert main(["fit", *network, *quiet]) == 0
    last = next(Path("runs").rglob("last.ckpt"))
    described = torch.load(last, weights_only=True)["lit_cnns"]
    assert described["class_names"] == ["cat", "dog", "owl"]
    assert described["preprocessing"]["crop"] == 32
    assert described["data"]["class"] == "StreamedImages"
    assert endpoint not in json.dumps(described["data"])
    capsys.readouterr()
    options = ["--data.root", stored, "--data.storage_options", json.dumps({"endpoint_url": endpoint})]
    assert main(["validate", "--ckpt_path", str(last), *options, *quiet]) == 0
    assert "10" in capsys.readouterr().out


def test_what_was_cut_before_all_was_sent_goes_on(photos, endpoint, s3, capsys):
    target = ("s3://later/set", "--endpoint_url", endpoint)
    assert prepare(photos, *target) == 2
    assert "There is no train/00000.bin at s3://later/set" in capsys.readouterr().err
    s3.create_bucket(Bucket="later")
    assert prepare(photos, *target, "--side", "32") == 2
    assert "was begun with other options" in capsys.readouterr().err
    assert prepare(photos, *target) == 0
    assert s3.list_objects_v2(Bucket="later")["KeyCount"] == 6 + 2 + 2 * 3 + 1
    assert prepare(photos, *target) == 2
    assert "is prepared already" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("root", "options", "sentence"),
    [
        ("s3://nobody/set", {}, "There is no manifest.json at s3://nobody/set: another bucket"),
        ("s3://pictures/set", {"endpoint_url": "http://127.0.0.1:9"}, "cannot be reached at http://127.0.0.1:9"),
        ("s3://pictures/set", {"aws_secret_access_key": "x"}, "would be written into config.yaml"),
        ("ftp://pictures/set", {}, "is streamed from s3://BUCKET/FOLDER or read from a folder, not from ftp"),
        ("nowhere", {}, "nowhere has no manifest.json: write one by `lit-cnns data prepare"),
    ],
)
def test_what_cannot_be_had_is_one_sentence(stored, endpoint, root, options, sentence, monkeypatch):
    monkeypatch.setattr("lit_cnns.data.storage._ATTEMPTS", 1)
    with pytest.raises(ValueError, match=sentence):
        StreamedImages(root, {"endpoint_url": endpoint, **options}).setup("fit")


def test_a_chunk_that_would_not_fit_into_32_bits_is_refused_before_it_is_written(photos, tmp_path, capsys, monkeypatch):
    monkeypatch.setattr(packing, "LARGEST_CHUNK", 3000)
    assert prepare(photos, tmp_path / "out") == 2
    assert "up to 3,000 bytes" in capsys.readouterr().err
    assert not list((tmp_path / "out").rglob("*.bin"))
    monkeypatch.undo()
    assert prepare(photos, tmp_path / "out") == 0


def test_without_credentials_the_sentence_says_where_they_belong(stored, endpoint, monkeypatch):
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    with pytest.raises(StorageError, match="no credentials for s3://pictures/set: set AWS_ACCESS_KEY_ID"):
        StreamedImages(stored, {"endpoint_url": endpoint}).setup("fit")


def test_without_litdata_the_sentence_names_the_extra(monkeypatch):
    monkeypatch.setattr("lit_cnns.data.storage.find_spec", lambda name: None)
    with pytest.raises(ValueError, match=r"needs the package litdata: pip install 'lit-cnns\[data\]'"):
        StreamedImages("s3://pictures/set")


def test_a_chunk_that_is_not_what_was_written_ends_the_run_also_in_a_worker(open_set, s3):
    data = open_set(num_workers=1, on_broken="skip")
    name = "set/val/00001.bin"
    whole = s3.get_object(Bucket="pictures", Key=name)["Body"].read()
    try:
        s3.put_object(Bucket="pictures", Key=name, Body=whole[:-1] + b"\1")
        with pytest.raises(StorageError, match=r"val/00001\.bin is not what was written"):
            batches(data, "val")
    finally:
        s3.put_object(Bucket="pictures", Key=name, Body=whole)
