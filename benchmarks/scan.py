"""The audit's speed and memory against a plain pass of the same model over the same files.

``python -m benchmarks.scan`` makes JPEGs of 500 x 375 pixels and prints, for each network with
random weights,

* images per second of the whole scan (decode, predict, map, statistics, write) over those of
  ``image_dataset_from_directory``, mapped through the preprocessing, fed to ``model.predict``,
  which makes no map. Listing, building, tracing and the first batches are left out on both
  sides;
* forward passes per second of interventions (edit, predict, write) over those of the same
  prepared model on inputs that lie ready in batches of 32;

and the peak memory of a whole audit without interventions over a few and over many files, each in
a process of its own. The two sides of a ratio run in turn, round by round; the median is printed
with its range.
"""

from __future__ import annotations

import multiprocessing
import os
import resource
import tempfile
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import click
import numpy as np
from PIL import Image

from benchmarks.pairs import Ratio, ratio, seconds

MODELS = {"MobileNetV2": "mobilenet_v2", "ResNet50": "resnet", "VGG16": "vgg16"}
PROMISED_SCAN, PROMISED_PASSES, PROMISED_MEMORY = 1.0, 0.8, 1.05
SMALL_MODEL = "cloud-detector"  # its memory is mostly the audit's own
CLASSES = 4
BATCH = 32
WIDTH, HEIGHT = 500, 375
_PAIRS = 48  # of an intervention, as in an audit that can afford it
_PROBES = 4  # in each round


def make_photos(folder: Path, count: int, seed: int) -> None:
    """Write JPEGs of about 70 kB with the spectrum of photographs into class folders 0, 1, ...

    Each is the sum of two coloured random fields, shifted at random, whose amplitude falls a
    little faster than that of natural images, 1 / frequency.
    """
    rng = np.random.default_rng(seed)
    frequency = np.hypot(np.fft.fftfreq(HEIGHT)[:, None], np.fft.rfftfreq(WIDTH))
    frequency[0, 0] = np.inf
    fields = []
    for _ in range(8):
        white = rng.normal(size=(3, HEIGHT, WIDTH))
        white = 0.7 * white[:1] + 0.4 * white  # the channels of a photograph go together
        field = np.fft.irfft2(np.fft.rfft2(white) / frequency**1.4, s=(HEIGHT, WIDTH))
        fields.append((40 * field / field.std()).astype(np.float32).transpose(1, 2, 0))
    for k in range(count):
        shifted = (
            np.roll(fields[rng.integers(len(fields))], rng.integers(0, HEIGHT, 2), (0, 1))
            for _ in range(2)
        )
        pixels = np.clip(rng.uniform(100, 150) + sum(shifted), 0, 255).astype(np.uint8)
        place = folder / str(k % CLASSES)
        place.mkdir(parents=True, exist_ok=True)
        Image.fromarray(pixels).save(place / f"{k:05d}.jpg", quality=90)


class Baseline:
    """What a user's own script does."""

    def __init__(self, keras: Any, model: Any, module: str) -> None:
        self._keras, self._model = keras, model
        self._preprocess = getattr(keras.applications, module).preprocess_input

    def pass_over(self, folder: Path) -> Callable[[], object]:
        """One pass, listed already."""
        import tensorflow as tf

        files = self._keras.utils.image_dataset_from_directory(
            folder,
            image_size=self._model.input_shape[1:3],
            batch_size=BATCH,
            shuffle=False,
            verbose=False,
        )
        inputs = files.map(
            lambda pixels, _: self._preprocess(pixels), num_parallel_calls=tf.data.AUTOTUNE
        ).prefetch(tf.data.AUTOTUNE)
        return lambda: self._model.predict(inputs, verbose=0)


class Audited:
    """One model in an audit, begun once: prepared, in the precision that suits it, and warm."""

    def __init__(self, classifier: Any, first: Path, runs: Path) -> None:
        from camcore.auditing.runs.beginning import begin
        from camcore.auditing.runs.settings import Settings

        self._runs = runs
        store, watch = self._new("begin")
        settings = Settings(str(first), classifier.name)
        with store.locked():
            self.plan, self.fast = begin(store, settings, lambda: classifier, watch)

    def pass_over(self, folder: Path) -> Callable[[], object]:
        """One scan, listed already."""
        from camcore.auditing.runs.plan import Plan
        from camcore.auditing.scan.scan import scan
        from camcore.sources.source import read_source

        store, watch = self._new(folder.name)
        source = self.plan.record["source"] | {"root": str(folder)}
        plan = Plan(self.plan.record | {"source": source})
        listed = read_source(folder, unpack_to=store.folder / "unpacked")
        store.write_table("files.parquet", listed.files)
        return lambda: scan(store, plan, self.fast, watch)

    def interventions(self, folder: Path, rounds: int) -> list[tuple[int, Callable[[], object]]]:
        """Trials on a folder that was scanned, with the number of forward passes of each."""
        from camcore.auditing.edits import global_probes, local_probes
        from camcore.auditing.executors.executor import Local
        from camcore.auditing.interventions.image_pool import Pool
        from camcore.auditing.interventions.laboratory import Laboratory, Pictures
        from camcore.auditing.interventions.pairing import pairs_to_class
        from camcore.auditing.interventions.trials import Trial
        from camcore.auditing.runs.plan import Plan
        from camcore.auditing.scan.rows import light_rows

        store, watch = self._new(folder.name)
        source = self.plan.record["source"] | {"root": str(folder)}
        plan = Plan(self.plan.record | {"source": source})
        images = light_rows(store).assign(group=lambda rows: np.arange(len(rows)))
        files = store.read_table("files.parquet").set_index("id")
        pool = Pool(plan, files, images)
        pictures = Pictures(plan, files, images)
        laboratory = Laboratory(store, Local(self.fast), watch, pictures)
        given = [
            pairs_to_class(images, klass, _PAIRS, np.random.default_rng(0))
            for klass in range(CLASSES)
        ]
        klass = max(range(CLASSES), key=lambda index: len(given[index]))
        some = images.index.to_numpy()[:BATCH]
        probes = (*local_probes(), *global_probes(pool.images(some[pool.hold(some)])))
        trials = [
            Trial(f"round-{k}", klass, given[klass], probes[k :: len(probes) // _PROBES])
            for k in range(rounds)
        ]
        return [(trial.passes, partial(laboratory.run, trial)) for trial in trials]

    def plain(self, passes: int) -> Callable[[], object]:
        """As many forward passes on inputs that lie ready."""
        shape = (BATCH, *self.plan.input_shape)
        inputs = np.random.default_rng(0).uniform(-1, 1, shape).astype(np.float32)
        return lambda: [self.fast.scores(inputs) for _ in range(round(passes / BATCH))]

    def _new(self, name: str) -> tuple[Any, Any]:
        from camcore.auditing.runs.progress import Watch
        from camcore.auditing.runs.store import Store

        folder = self._runs / name
        folder.mkdir(parents=True, exist_ok=True)
        return Store(folder), Watch(folder)


def measure(name: str, folders: list[Path], runs: Path) -> None:
    """Print the speeds of one network; the first folder is for warming up."""
    from camcore.models.keras.loading import import_keras, seeded

    keras = import_keras()  # before the classifier, so that TensorFlow starts without its messages
    from camcore.models.keras.classifier import KerasClassifier

    with seeded(0):
        model = getattr(keras.applications, name)(weights=None)
    preprocessing = "-1..1" if name == "MobileNetV2" else "caffe"
    classifier = KerasClassifier(model, name=name, preprocessing=preprocessing)
    audited = Audited(classifier, folders[0], runs)
    baseline = Baseline(keras, model, MODELS[name])
    times: dict[str, list[float]] = {key: [] for key in ("predict", "scan", "trials", "plain")}
    sides: dict[str, Baseline | Audited] = {"predict": baseline, "scan": audited}
    for folder in folders:
        for key, side in sides.items():
            times[key].append(seconds(side.pass_over(folder)))
    for key in sides:
        times[key] = times[key][1:]
    ready = audited.interventions(folders[1], len(folders))
    for passes, trial in ready:
        times["trials"].append(seconds(trial))
        times["plain"].append(seconds(audited.plain(passes)))
    images = sum(1 for _ in folders[1].glob("*/*.jpg"))
    passes = sum(count for count, _ in ready[1:])
    chosen = audited.plan.record["precision"]
    print(f"\n{name}, random weights, {'bfloat16' if chosen['bfloat16'] else 'float32'}")
    print(
        f"  bfloat16 {chosen['ratio']:.2f}x as fast as float32 when measured; the same prediction "
        f"for {chosen['agreement']:.1%}, maps correlate {chosen['likeness']:.4f}"
    )
    _say("scan", "predict", images, times, "scan / predict    ", PROMISED_SCAN)
    times = {key: times[key][1:] for key in ("trials", "plain")}
    _say(
        "trials",
        "plain",
        passes / len(times["plain"]),
        times,
        "trials / plain    ",
        PROMISED_PASSES,
    )


def _say(
    work: str,
    yardstick: str,
    count: float,
    times: dict[str, list[float]],
    words: str,
    promised: float,
) -> None:
    speed: Ratio = ratio(times, yardstick, work)  # half the time is twice the speed
    each = {key: count / float(np.median(times[key])) for key in (work, yardstick)}
    print(
        f"  {words} {speed}  >= {promised}"
        f"   ({work} {each[work]:.1f}/s, {yardstick} {each[yardstick]:.1f}/s)",
        flush=True,
    )


def peak_of_audit(folder: Path, out: Path) -> float:
    """Megabytes that one audit without interventions needs at most."""
    from camcore.auditing.pipeline import audit

    audit(folder, SMALL_MODEL, out=out, budget=0, labels="none")
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def measure_memory(photos: Path, few: int, many: int, work: Path) -> None:
    """Print the peaks; the files are hard links to the same photographs."""
    files = sorted(photos.glob("*/*/*.jpg"))
    peaks = []
    for count in (few, many):
        folder = work / f"linked-{count}"
        for k in range(count):
            place = folder / str(k % CLASSES)
            place.mkdir(parents=True, exist_ok=True)
            os.link(files[k % len(files)], place / f"{k:06d}.jpg")
        with multiprocessing.get_context("spawn").Pool(1) as process:
            peaks.append(process.apply(peak_of_audit, (folder, work / f"run-{count}")))
    print(
        f"\npeak memory with {SMALL_MODEL}: {peaks[0]:.0f} MB for {few:,} files, "
        f"{peaks[1]:.0f} MB for {many:,}: {peaks[1] / peaks[0]:.3f}x  <= {PROMISED_MEMORY}",
        flush=True,
    )


@click.command()
@click.option("--images", default=2000, show_default=True, type=click.IntRange(64))
@click.option("--rounds", default=4, show_default=True, type=click.IntRange(2))
@click.option(
    "--large", default=20_000, show_default=True, help="Files for memory; 0: not measured."
)
@click.option("--models", default=",".join(MODELS), show_default=True)
def main(images: int, rounds: int, large: int, models: str) -> None:
    """Measure on as many IMAGES in all, an equal part in each round."""
    with tempfile.TemporaryDirectory(prefix="scan-benchmark-") as name:
        work = Path(name)
        folders = [work / "photos" / f"round-{k}" for k in range(rounds + 1)]
        for k, folder in enumerate(folders):
            make_photos(folder, images // rounds if k else 2 * BATCH, seed=k)
        kept = [f.stat().st_size for f in folders[1].glob("*/*.jpg")]
        print(f"{images:,} JPEGs of {WIDTH} x {HEIGHT}, {np.mean(kept) / 1000:.0f} kB on average")
        if large:  # first, while this process is small: a child counts from its parent's size
            measure_memory(work / "photos", images, large, work)
        for model in models.split(","):
            measure(model, folders, work / "runs" / model)


if __name__ == "__main__":
    main()
