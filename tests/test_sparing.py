"""The progress bar and the profiler of `lit-cnns fit`."""

import lightning as L
from lightning.pytorch.callbacks import RichProgressBar, TQDMProgressBar
from lightning.pytorch.profilers import SimpleProfiler

from lit_cnns import Digits, LitLeNet5
from lit_cnns.callbacks import NoProfiler, SparingProgressBar, spare


def trainer(**more):
    quiet = {"logger": False, "enable_checkpointing": False, "enable_model_summary": False}
    return L.Trainer(accelerator="cpu", max_epochs=2, limit_val_batches=0, **quiet, **more)


def test_the_bar_is_brought_up_to_date_seldom_and_ends_full(monkeypatch):
    clock = iter(range(10**6))  # each look at it is a hundredth of a second later
    monkeypatch.setattr("lit_cnns.callbacks.sparing.time.monotonic", lambda: next(clock) / 100)
    seen = []
    update = RichProgressBar._update
    monkeypatch.setattr(
        RichProgressBar, "_update", lambda self, bar, current, *rest: (seen.append(current), update(self, bar, current))
    )
    ours = trainer()
    spare(ours)
    ours.fit(LitLeNet5("modern"), Digits(global_batch_size=16))
    total = ours.num_training_batches
    assert seen.count(total) == 2
    assert total / 10 <= len(seen) / 2 <= total / 8


def test_a_rate_of_nothing_is_no_bar():
    silent = trainer(callbacks=[SparingProgressBar(refresh_rate=0)], limit_train_batches=1)
    silent.fit(LitLeNet5("modern"), Digits(global_batch_size=16))
    assert silent.progress_bar_callback.progress is None


def test_what_somebody_chose_stays():
    chosen = trainer(profiler="simple", callbacks=[RichProgressBar(refresh_rate=3)])
    spare(chosen)
    assert isinstance(chosen.profiler, SimpleProfiler)
    assert [type(one) for one in chosen.callbacks if isinstance(one, RichProgressBar)] == [RichProgressBar]
    plain = trainer()
    spare(plain)
    assert isinstance(plain.profiler, NoProfiler)
    assert isinstance(plain.progress_bar_callback, SparingProgressBar)


def test_without_a_bar_there_is_none():
    none = trainer(enable_progress_bar=False)
    spare(none)
    assert none.progress_bar_callback is None


def test_without_rich_lightning_s_other_bar_stays(monkeypatch):
    monkeypatch.setattr("lightning.pytorch.callbacks.progress.rich_progress._RICH_AVAILABLE", False)
    monkeypatch.setattr("lightning.pytorch.trainer.connectors.callback_connector._RICH_AVAILABLE", False)
    ours = trainer()
    spare(ours)
    assert type(ours.progress_bar_callback) is TQDMProgressBar
