"""What TensorBoard shows of training: each epoch's metrics, in files that TensorFlow writes."""

from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np

from minigrad.callbacks.hooks import Callback, Logs

__all__ = ["TensorBoard"]


class TensorBoard(Callback):
    """Writes each epoch's metrics into files that ``tensorboard --logdir logs`` draws.

    TensorFlow writes them, and has to be installed. Histograms, pictures, embeddings and
    profiles, which Keras's writes as well, are not written.

    Args:
        log_dir: The folder.
        histogram_freq: Has no meaning here.
        write_graph: Has no meaning here: ``mg.display.draw_graph`` draws it.
        write_images: Has no meaning here.
        write_steps_per_second: Has no meaning here.
        update_freq: Has no meaning here: metrics are written after each epoch.
        profile_batch: Has no meaning here.
        embeddings_freq: Has no meaning here.
        embeddings_metadata: Has no meaning here.

    Raises:
        ImportError: When TensorFlow is not installed.
    """

    def __init__(
        self,
        log_dir: Any = "logs",
        histogram_freq: int = 0,
        write_graph: bool = True,
        write_images: bool = False,
        write_steps_per_second: bool = False,
        update_freq: Any = "epoch",
        profile_batch: Any = 0,
        embeddings_freq: int = 0,
        embeddings_metadata: Any = None,
    ) -> None:
        self.log_dir = Path(log_dir)
        try:
            import_module("minigrad.interop").import_keras()  # without TensorFlow's remarks
            self._tensorflow = import_module("tensorflow")
        except ImportError as reason:
            raise ImportError(
                "TensorBoard: TensorFlow, which writes its files, is not installed; CSVLogger "
                "writes each epoch down, and fit returns a history"
            ) from reason

        kind = self._tensorflow.compat.v1.SummaryMetadata
        self._scalars = kind(plugin_data=kind.PluginData(plugin_name="scalars"), data_class=1)

    def on_train_begin(self, logs: Logs | None = None) -> None:
        self._writers: dict[str, Any] = {}

    def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None:
        summary = self._tensorflow.summary
        for key, value in (logs or {}).items():
            folder = "validation" if key.startswith("val_") else "train"
            if folder not in self._writers:
                self._writers[folder] = summary.create_file_writer(str(self.log_dir / folder))
            with self._writers[folder].as_default():
                name = f"epoch_{key.removeprefix('val_')}"
                summary.write(name, np.float32(value), step=epoch, metadata=self._scalars)

    def on_train_end(self, logs: Logs | None = None) -> None:
        for writer in self._writers.values():
            writer.close()
