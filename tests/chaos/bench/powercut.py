"""Power cuts: powercut.c under a program keeps what would survive in its folder; after SIGKILL that is put back."""
import os
import shutil
import struct
import subprocess
from pathlib import Path

HERE = Path(__file__).resolve().parents[1]
NOTE = struct.Struct("<QQQQ")  # struct file_note in powercut_keep.c
PAGE = 4096


def build(to):
    """Compiles the library that is preloaded; returns its path."""
    library = to / "powercut.so"
    subprocess.run(["gcc", "-shared", "-fPIC", "-O2", "-Wall", "-Wextra", "-Werror", "-o", library, HERE / "powercut.c",
                    HERE / "powercut_keep.c", "-ldl", "-lpthread"], check=True)
    return library


def any_pages(dice, low, high):
    """Any of the pages that were written reached the disk: what a database must expect."""
    return [(at, min(at + PAGE, high)) for at in range(low - low % PAGE, high, PAGE) if dice.random() < 0.5]


def a_beginning(dice, low, high):
    """What is appended reaches a file system that keeps data and length in order from its beginning on."""
    return [(low, dice.randrange(low, high + 1))]


class Disk:
    """A folder whose programs run under the library. lucky: which of the bytes not yet synced survive a cut."""

    def __init__(self, folder, keep, library, lucky):
        self.folder, self.keep, self.library, self.lucky = folder, keep, library, lucky
        folder.mkdir(parents=True, exist_ok=True)
        self.settle()

    def env(self):
        return {"LD_PRELOAD": self.library, "POWERCUT_DIR": self.folder.resolve(), "POWERCUT_KEEP": self.keep.resolve(),
                "POWERCUT_SYNC_MS": 4}

    def settle(self):
        """Everything in the folder is on the disk now."""
        if self.keep.exists():
            for kind in ("data", "names", "held"):
                shutil.rmtree(self.keep / kind, ignore_errors=True)
        for kind in ("data", "names", "held"):
            (self.keep / kind).mkdir(parents=True)
        notes = self.keep / "notes"
        if notes.exists():  # the programs may have it mapped
            notes.write_bytes(b"")
            os.truncate(notes, 4096 * NOTE.size)
        for file in self.folder.iterdir():
            if file.is_file() and not file.name.endswith("-shm"):
                data = self.keep / "data" / str(file.stat().st_ino)
                shutil.copy(file, data)
                os.link(data, self.keep / "names" / file.name)

    def unsynced(self):
        """inode -> (low, high) of what was written and not synced."""
        notes = (self.keep / "notes").read_bytes()
        return {inode: (low, high) for inode, low, high, _ in NOTE.iter_unpack(notes) if inode and low < high}

    def cut(self, dice=None):
        """After the programs were killed. With dice some of what was not synced survives, as it may; without, none of it."""
        unsynced = self.unsynced()
        after = {}
        for name in (self.keep / "names").iterdir():
            after[name.name] = bytearray(name.read_bytes())
            present = self.folder / name.name
            if dice and present.exists() and present.stat().st_ino in unsynced:
                self.mix(after[name.name], present.read_bytes(), self.lucky(dice, *unsynced[present.stat().st_ino]))
        for file in self.folder.iterdir():
            file.unlink()
        for name, content in after.items():
            (self.folder / name).write_bytes(content)
            (self.folder / name).chmod(0o600)
        self.settle()
        return sum(high - low for low, high in unsynced.values())

    @staticmethod
    def mix(content, present, ranges):
        for low, high in ranges:
            piece = present[low:high]
            if piece:
                content.extend(bytes(max(0, low - len(content))))
                content[low:low + len(piece)] = piece
