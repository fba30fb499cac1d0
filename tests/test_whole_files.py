"""Files and folders are written whole or not at all, whatever ends the program on the way.

EAA_GRAPH_KILLS sets how many times a build is killed (24 unless set; a thousand takes a quarter of an hour).
"""

from __future__ import annotations

import errno
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from eaa_graph import living, pipeline, results
from eaa_graph.errors import StoreUnavailable
from eaa_graph.pipeline import Built
from eaa_graph.resources import example
from eaa_graph.writers import whole
from eaa_graph.writers.whole import whole_folder, write_whole

resource = pytest.importorskip("resource", reason="limits of a process are set in ways this system lacks")

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="kills need fork and signals, which this system lacks")
KILLS = int(os.environ.get("EAA_GRAPH_KILLS", "24"))
PROGRAM = [sys.executable, "-m", "eaa_graph"]


def review(place: Path, note: str = "") -> Path:
    """Return a small review, whose builds differ with `note`."""
    shutil.copytree(example("example_minimal"), place, ignore=shutil.ignore_patterns("build"), dirs_exist_ok=True)
    toml = place / "review.toml"
    toml.write_text(toml.read_text("utf-8").replace("title = ", f'question = "{note}"\ntitle = ', 1), "utf-8")
    return place


def contents(folder: Path) -> dict[str, bytes]:
    return {p.relative_to(folder).as_posix(): p.read_bytes() for p in sorted(folder.rglob("*")) if p.is_file()}


def is_whole(folder: Path) -> bool:
    """Whether every file is there with the digest that the build wrote down, and no other."""
    manifest = json.loads((folder / living.MANIFEST).read_text("utf-8"))
    found = results._digests(folder)
    found.pop(living.MANIFEST)
    return bool(found == manifest["files"])


def left_over(folder: Path) -> list[str]:
    return sorted(p.name for p in folder.iterdir() if p.name.startswith("."))


def in_child(work: Callable[[], None]) -> int:
    """Run `work` in a forked process; return its pid."""
    pid = os.fork()
    if pid == 0:
        try:
            work()
            os._exit(0)
        except BaseException:
            os._exit(1)
    return pid


def ended(pid: int) -> int:
    """Wait for a process; return its exit code, or minus the signal that killed it."""
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])


def killed_at(step: int) -> Callable[[], list[int]]:
    """Have this process kill itself at its `step`-th dealing with files; the list counts them."""
    count = [0]

    def seen(event: str, _: Any) -> None:
        if event == "open" or event.startswith(("os.", "shutil.", "tempfile.", "ctypes.")):
            count[0] += 1
            if count[0] == step:
                os.kill(os.getpid(), signal.SIGKILL)

    sys.addaudithook(seen)
    return lambda: count


@pytest.fixture(scope="module")
def two(tmp_path_factory: pytest.TempPathFactory) -> tuple[Built, Built]:
    """Two states of a review, everything that builds need imported and compiled."""
    place = tmp_path_factory.mktemp("two")
    first, second = (pipeline.build(review(place / note, note)) for note in ("before", "after"))
    results.write(first, place / "warm")
    return first, second


def steps_of(built: Built, target: Path) -> int:
    """Return how often writing `built` into `target` deals with files."""
    told = target.with_name("steps")

    def work() -> None:
        count = killed_at(-1)
        results.write(built, target)
        told.write_text(str(count()[0]))

    assert ended(in_child(work)) == 0
    return int(told.read_text())


@pytest.mark.slow
def test_a_build_killed_at_any_moment_leaves_one_that_is_whole(two: tuple[Built, Built], tmp_path: Path) -> None:
    first, second = two
    target = tmp_path / "build"
    results.write(first, target)
    steps = steps_of(second, tmp_path / "elsewhere")
    old = contents(target)
    new = contents(tmp_path / "elsewhere")
    # What the note of changes says depends on the build before: the two are told apart by their manifests.
    origins = {json.loads(c[living.MANIFEST])["origin"] for c in (old, new)}
    assert len(origins) == 2
    seen = random.Random(1)
    # Half at steps, with the last ones (where the folders change names) all among them; half at moments.
    chosen = [*range(steps - 8, steps + 40, 4), *(seen.randrange(1, steps) for _ in range(KILLS // 2))]
    started = time.perf_counter()
    assert ended(in_child(lambda: _write(second, tmp_path / "timed"))) == 0
    lasts = time.perf_counter() - started
    moments = [seen.uniform(0, lasts * 1.1) for _ in range(KILLS - KILLS // 2)]
    killed = 0
    for number, point in enumerate([*chosen, *moments]):
        built = (second, first)[number % 2]
        if isinstance(point, int):
            pid = in_child(lambda: (killed_at(point), results.write(built, target)))  # noqa: B023
        else:
            pid = in_child(lambda: _write(built, target))  # noqa: B023
            time.sleep(point)
            os.kill(pid, signal.SIGKILL)
        killed += ended(pid) == -signal.SIGKILL
        assert target.is_dir(), point
        assert is_whole(target), point
        assert json.loads((target / living.MANIFEST).read_text("utf-8"))["origin"] in origins
    assert killed > len(chosen) // 2
    results.write(first, target)  # the next one goes through, and clears up
    assert is_whole(target)
    assert left_over(tmp_path) == []


def _write(built: Built, target: Path) -> None:
    results.write(built, target)


def test_there_is_no_moment_without_the_folder(tmp_path: Path) -> None:
    """On systems that can exchange names, a reader finds one or the other at any time."""
    target = tmp_path / "t"
    with whole_folder(target) as fresh:
        (fresh / "n").write_text("0")
    probe = tmp_path / "probe"
    probe.mkdir()
    if not whole._exchanged(probe, target):
        pytest.skip("this system cannot exchange two names in one step")
    whole._exchanged(probe, target)
    missed: list[str] = []
    done = threading.Event()

    def read() -> None:
        while not done.is_set():
            try:
                (target / "n").read_text()
            except FileNotFoundError:
                missed.append("gone")

    reader = threading.Thread(target=read)
    reader.start()
    for n in range(300):
        with whole_folder(target) as fresh:
            (fresh / "n").write_text(str(n))
    done.set()
    reader.join()
    assert not missed
    assert left_over(tmp_path) == []


def test_where_names_cannot_be_exchanged_a_death_between_the_two_steps_is_made_up_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(whole, "_exchanged", lambda *_: False)
    target = tmp_path / "t"
    for text in ("one", "two"):
        with whole_folder(target) as fresh:
            (fresh / "n").write_text(text)
    assert (target / "n").read_text() == "two"
    assert left_over(tmp_path) == []
    target.replace(whole._old(target))  # as a program that was ended there leaves it
    with pytest.raises(KeyError), whole_folder(target):
        raise KeyError
    assert (target / "n").read_text() == "two"


def test_a_second_step_that_fails_puts_the_first_back(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As on Windows, where a folder with an open file cannot be renamed."""
    monkeypatch.setattr(whole, "_exchanged", lambda *_: False)
    target = tmp_path / "t"
    with whole_folder(target) as fresh:
        (fresh / "n").write_text("one")
    real, refused = Path.replace, []

    def replace(self: Path, other: Path) -> Path:
        if other == target and not refused:
            refused.append(self)
            raise PermissionError(errno.EACCES, "The process cannot access the file", str(self))
        return real(self, other)

    monkeypatch.setattr(Path, "replace", replace)
    with pytest.raises(StoreUnavailable, match="what was there before is as it was"), whole_folder(target) as fresh:
        (fresh / "n").write_text("two")
    assert refused
    assert contents(target) == {"n": b"one"}
    assert left_over(tmp_path) == []


# --- one writer at a time ------------------------------------------------------------------------------


@pytest.fixture
def writing(tmp_path: Path) -> Iterator[int]:
    """Give the pid of a process that is writing `tmp_path/t`."""
    ready, tell = os.pipe()

    def work() -> None:
        with whole_folder(tmp_path / "t") as fresh:
            (fresh / "half").write_text("half")
            os.write(tell, b"x")
            time.sleep(60)

    pid = in_child(work)
    assert os.read(ready, 1) == b"x"
    yield pid
    os.close(ready)
    os.close(tell)
    try:
        os.kill(pid, signal.SIGKILL)
        ended(pid)
    except (ProcessLookupError, ChildProcessError):
        pass


def test_a_second_writer_is_told_who_is_first(tmp_path: Path, writing: int) -> None:
    with (
        pytest.raises(StoreUnavailable, match=rf"another eaa-graph \(process {writing}\) is writing"),
        whole_folder(tmp_path / "t"),
    ):
        raise AssertionError("let in")
    with whole_folder(tmp_path / "u"):  # another folder is free
        pass


def test_a_writer_that_died_holds_nobody_up(tmp_path: Path, writing: int) -> None:
    os.kill(writing, signal.SIGKILL)
    ended(writing)
    assert left_over(tmp_path)  # its lock and its half of a folder
    with whole_folder(tmp_path / "t") as fresh:
        (fresh / "n").write_text("new")
    assert contents(tmp_path / "t") == {"n": b"new"}
    assert left_over(tmp_path) == []


@pytest.mark.slow
def test_two_builds_of_one_folder_at_once(tmp_path: Path) -> None:
    """One goes through; the other does too, later, or is told in one line. Never are they mixed."""
    folder = review(tmp_path / "review", "at once")
    both = [
        subprocess.Popen(
            [*PROGRAM, "build", str(folder), "--again"], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )
        for _ in range(2)
    ]
    said = [(p.communicate(timeout=300)[1], p.returncode) for p in both]
    assert sorted(code for _, code in said)[0] == 0
    for text, code in said:
        assert code in (0, 2)
        assert code == 0 or text.strip().splitlines()[-1].startswith("eaa-graph: another eaa-graph (process ")
        assert "Traceback" not in text
    assert is_whole(folder / "build")
    assert left_over(folder) == []


# --- disks that fail -----------------------------------------------------------------------------------


@pytest.mark.slow
@pytest.mark.parametrize(
    "number", [errno.ENOSPC, errno.EIO, errno.ESTALE, errno.EROFS, errno.ENAMETOOLONG, errno.EDQUOT]
)
def test_a_disk_that_fails_on_the_way_leaves_the_old_build(
    two: tuple[Built, Built], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    """A full disk, a cable pulled, a drive gone, whenever it happens."""
    first, second = two
    target = tmp_path / "build"
    results.write(first, target)
    before = contents(target)
    real = Path.open
    for good in (0, 1, 40):
        written = [0]

        def fail(self: Path, mode: str = "r", *rest: Any, **more: Any) -> Any:
            if any(c in mode for c in "wxa+") and ".eaa-graph-" in str(self):
                written[0] += 1  # noqa: B023
                if written[0] > good:  # noqa: B023
                    raise OSError(number, os.strerror(number), str(self))
            return real(self, mode, *rest, **more)

        with monkeypatch.context() as m:
            m.setattr(Path, "open", fail)
            with pytest.raises(StoreUnavailable, match="what was there before is as it was"):
                results.write(second, target)
        assert contents(target) == before
        assert left_over(tmp_path) == []


def test_no_file_beyond_the_limit(tmp_path: Path) -> None:
    """The system itself refuses to write on: a real error in the middle of a real file."""
    path = tmp_path / "file.txt"
    write_whole(path, "old")

    def work() -> None:
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (4096, 4096))
        for attempt in (lambda: write_whole(path, "x" * 100_000), lambda: _fill(tmp_path / "t")):
            try:
                attempt()
            except StoreUnavailable as error:
                if "\n" in str(error):
                    os._exit(3)
            else:
                os._exit(4)

    with whole_folder(tmp_path / "t") as fresh:
        (fresh / "n").write_text("old")
    assert ended(in_child(work)) == 0
    assert path.read_text() == "old"
    assert contents(tmp_path / "t") == {"n": b"old"}
    assert left_over(tmp_path) == []


def _fill(target: Path) -> None:
    with whole_folder(target) as fresh:
        (fresh / "n").write_text("x" * 100_000)


@pytest.mark.slow
def test_a_disk_that_is_really_full(tmp_path: Path) -> None:
    place = tmp_path / "small"
    place.mkdir()
    if (
        os.geteuid() != 0
        or subprocess.run(
            ["mount", "-t", "tmpfs", "-o", "size=600k", "tmpfs", str(place)], check=False, capture_output=True
        ).returncode
    ):
        pytest.skip("a small disk cannot be mounted here: that takes root")
    try:
        folder = review(place / "review", "full")
        (folder / "build").mkdir()  # an empty folder is replaced as well
        made = subprocess.run(
            [*PROGRAM, "build", str(folder)], capture_output=True, text=True, check=False, timeout=300
        )
        assert made.returncode == 2
        assert "No space left on device" in made.stderr.strip().splitlines()[-1]
        assert "Traceback" not in made.stderr
        assert list((folder / "build").iterdir()) == []
        assert left_over(folder) == []
        subprocess.run(["mount", "-o", "remount,ro", str(place)], check=True)
        made = subprocess.run(
            [*PROGRAM, "build", str(folder)], capture_output=True, text=True, check=False, timeout=300
        )
        assert made.returncode == 2
        assert "Read-only file system" in made.stderr.strip().splitlines()[-1]
    finally:
        subprocess.run(["umount", "-l", str(place)], check=True)


def test_a_link_to_a_folder_stays_a_link(tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    (tmp_path / "link").symlink_to("real", target_is_directory=True)
    with whole_folder(tmp_path / "link") as fresh:
        (fresh / "n").write_text("new")
    assert (tmp_path / "link").is_symlink()
    assert contents(tmp_path / "real") == {"n": b"new"}


def test_names_with_signs_of_patterns(tmp_path: Path) -> None:
    """Only our own leavings are cleared away, whatever the folder is called."""
    (tmp_path / ".x.eaa-graph-theirs").mkdir()
    target = tmp_path / "[x]*?"
    (tmp_path / f"{whole._beside(target)}dead").mkdir()
    with whole_folder(target):
        pass
    assert target.is_dir()
    assert left_over(tmp_path) == [".x.eaa-graph-theirs"]
