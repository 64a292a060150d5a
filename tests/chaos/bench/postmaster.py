"""The processes of a PostgreSQL server: killed without notice, and stopped in the middle of recovery."""
import os
import signal
import threading
from pathlib import Path

from harness import wait


def title(pid):
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
    except OSError:
        return ""


def children(pid):
    """What runs for the postmaster pid."""
    def is_child(process):
        try:
            parent = int(Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[1])
        except OSError:
            return False
        return parent == pid
    return [int(p.name) for p in Path("/proc").iterdir()
            if p.name.isdigit() and title(p.name).startswith("postgres: ") and is_child(p.name)]


def kill_postmaster(server):
    family = children(server.pid())
    os.kill(server.pid(), signal.SIGKILL)
    wait.until(lambda: not any(title(p).startswith("postgres: ") for p in family), 20, "its children to notice")
    for lock in ("data/postmaster.pid", ".s.PGSQL.5432.lock"):  # where nobody collects the dead, its number seems to be in use
        (server.dir / lock).unlink()


def freeze_recovery(server):
    """Starts the server, and stops the process that recovers; its pid."""
    starter = threading.Thread(target=server.launch)
    starter.start()

    def recovering():
        try:
            pid = server.pid()
        except (OSError, IndexError, ValueError):
            return None
        return next((p for p in children(pid) if "startup" in title(p)), None)
    pid = wait.until(recovering, 20, "the recovery")
    os.kill(pid, signal.SIGSTOP)
    starter.join(30)
    return pid
