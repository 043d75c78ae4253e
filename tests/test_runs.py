"""What is kept of a run that is cut."""

import lightning as L
import pytest
from lightning.pytorch.callbacks import Callback, ModelCheckpoint

import lit_cnns
from lit_cnns.interruption import SaveWhenCut


class FailsAtOnce(Callback):
    def on_train_start(self, trainer, pl_module):
        raise ValueError("no")


class FailsAfterAStep(Callback):
    def on_train_batch_end(self, trainer, pl_module, *_):
        raise ValueError("no")


@pytest.mark.parametrize(("failure", "kept"), [(FailsAtOnce, False), (FailsAfterAStep, True)])
def test_a_resumed_run_is_kept_when_it_has_made_a_step_of_its_own(tmp_path, capsys, failure, kept):
    def run(*callbacks, **options):
        trainer = L.Trainer(
            accelerator="cpu",
            max_epochs=2,
            limit_train_batches=1,
            limit_val_batches=1,
            logger=False,
            enable_progress_bar=False,
            enable_model_summary=False,
            callbacks=[*callbacks, ModelCheckpoint(tmp_path, "first"), SaveWhenCut()],
        )
        trainer.fit(lit_cnns.build("lenet5_modern"), lit_cnns.Digits(), **options)

    with pytest.raises(ValueError, match="no"):
        run(FailsAfterAStep())
    (tmp_path / "cut.ckpt").rename(tmp_path / "earlier.ckpt")
    with pytest.raises(ValueError, match="no"):
        run(failure(), ckpt_path=tmp_path / "earlier.ckpt")
    assert (tmp_path / "cut.ckpt").exists() == kept
    assert capsys.readouterr().err.count("Go on with the same command") == 1 + kept
