"""What "cmake --install" brings beside the programs: systemd units, man pages, bash completion, what mends a log of Redis."""
import os
import re
import subprocess

import pytest

from harness.process import BUILD, INGEST, WORKER, run

UNITS = ("clerk-ingest.service", "clerk-worker@.service")
PROGRAMS = {"clerk-ingest": INGEST, "clerk-worker": WORKER}
EXPOSURE_TENTHS = 15  # "systemd-analyze security" says 96 for a unit without any hardening


def tool(*argv, **env):
    """(status, everything printed) of a tool of the system."""
    done = subprocess.run([str(a) for a in argv], env={**os.environ, **env}, capture_output=True, text=True, timeout=60, check=False)
    return done.returncode, done.stdout + done.stderr


@pytest.fixture(scope="module")
def prefix(tmp_path_factory):
    """A place with everything installed; the units name its programs."""
    made = tmp_path_factory.mktemp("prefix")
    status, said = tool("cmake", "--install", BUILD, "--prefix", made)
    assert status == 0, said
    for unit in UNITS:
        path = made / "lib/systemd/system" / unit
        text = path.read_text()
        assert re.search(r"^ExecStart=/\S+/clerk-(ingest|worker)$", text, re.M)
        path.write_text(re.sub(r"^ExecStart=.*/", f"ExecStart={made}/bin/", text, flags=re.M))
    return made


@pytest.mark.parametrize("unit", UNITS)
def test_systemd_finds_no_fault_in_the_unit(prefix, unit):
    path = prefix / "lib/systemd/system" / unit
    status, said = tool("systemd-analyze", "verify", path, MANPATH=str(prefix / "share/man"))
    assert (status, said) == (0, "")


@pytest.mark.parametrize("unit", UNITS)
def test_the_unit_is_shut_in_as_far_as_it_goes(prefix, unit):
    path = prefix / "lib/systemd/system" / unit
    status, said = tool("systemd-analyze", "security", "--offline=true", f"--threshold={EXPOSURE_TENTHS}", path)
    assert status == 0, said


def test_the_database_has_a_user_of_its_own(prefix):
    status, said = tool("systemd-sysusers", "--dry-run", prefix / "lib/sysusers.d/clerk-sync.conf")
    assert status == 0, said
    assert "\nUser=clerk-sync\n" in (prefix / "lib/systemd/system/clerk-worker@.service").read_text()


@pytest.mark.parametrize("program", PROGRAMS)
def test_the_man_page_renders_without_a_warning(prefix, program):
    page = prefix / f"share/man/man1/{program}.1"
    assert tool("sh", "-c", 'exec man --warnings -E UTF-8 -l -Tutf8 -Z "$1" >/dev/null', "sh", page) == (0, "")


def page(prefix, program):
    """The man page's text, without hyphenation, bold and italics."""
    status, said = tool("man", "-l", "-Tascii", prefix / f"share/man/man1/{program}.1", MANWIDTH="1000", MAN_KEEP_FORMATTING="")
    assert status == 0, said
    return re.sub(r".\x08", "", said).replace("\N{HYPHEN}\n", "")


@pytest.mark.parametrize("program", PROGRAMS)
def test_the_man_page_has_every_setting_and_its_default(prefix, program):
    text = page(prefix, program)
    said = run([PROGRAMS[program], "--help"]).stdout
    settings = re.findall(r"^  ([A-Z][A-Z_]+) \((?:default: ([^;)]*))?", said, re.M)
    assert len(settings) > 10
    assert [name for name, _ in settings if not re.search(rf"\b{name}\b", text)] == []
    assert [(name, default) for name, default in settings if default not in ("", "empty") and f"({default})" not in text] == []


def commands(program):
    """The words that the help names as commands."""
    if program == "clerk-ingest":
        return {"send"}
    found = set(re.findall(r"^  ([a-z]+) ", run([WORKER, "--help"]).stdout, re.M))
    assert {"run", "migrate"} <= found
    return found


@pytest.mark.parametrize("program", PROGRAMS)
def test_the_man_page_has_every_command_and_option(prefix, program):
    text = page(prefix, program)
    said = run([PROGRAMS[program], "--help"]).stdout
    words = commands(program)
    said += "".join(run([PROGRAMS[program], word, "--help"]).stdout for word in words)
    words |= set(re.findall(r"(?<![\w-])--[a-z][a-z-]+", said))
    assert sorted(w for w in words if w not in text) == []


def completed(prefix, *words):
    """What a bash offers for the last of these words, the first being the program's name."""
    script = '''
        PATH=$PREFIX/bin:$PATH
        . "$PREFIX/share/bash-completion/completions/$1"
        complete -p "$1" >/dev/null || exit 1
        COMP_WORDS=("$@") COMP_CWORD=$(($# - 1)) COMP_LINE="$*" COMP_POINT=${#COMP_LINE}
        "_${1//-/_}" "$1" "${COMP_WORDS[-1]}" "${COMP_WORDS[-2]}"
        printf '%s\\n' "${COMPREPLY[@]}"'''
    status, said = tool("bash", "--norc", "-c", script, "bash", *words, PREFIX=str(prefix))
    assert status == 0, said
    return said.split()


@pytest.mark.parametrize("program", PROGRAMS)
def test_completion_offers_every_command_of_the_help(prefix, program):
    offered = completed(prefix, program, "")
    assert {"--check", "--healthcheck", "--version", "--help"} | commands(program) <= set(offered)
    assert all(re.fullmatch(r"(--)?[a-z]+", word) for word in offered)


def test_completion_goes_on_from_what_is_typed(prefix):
    assert completed(prefix, "clerk-ingest", "se") == ["send"]
    assert completed(prefix, "clerk-worker", "mig") == ["migrate"]
    assert completed(prefix, "clerk-worker", "--ver") == ["--version"]
    assert completed(prefix, "clerk-worker", "nonsense") == []


def test_completion_of_send_offers_the_samples_and_the_options(prefix):
    types = run([INGEST, "send", "--list"]).stdout.split()
    assert {"user.created", "session.ended"} <= set(types)
    assert set(types) <= set(completed(prefix, "clerk-ingest", "send", ""))
    assert completed(prefix, "clerk-ingest", "send", "user.d") == ["user.deleted"]
    assert {"--override", "--list", "--count"} <= set(completed(prefix, "clerk-ingest", "send", "--"))
    assert completed(prefix, "clerk-ingest", "send", "--count", "u") == []


@pytest.mark.skipif("dead" not in commands("clerk-worker"), reason="this clerk-worker has no dead command")
def test_completion_of_dead_and_import_offers_what_they_know(prefix):
    assert {"list", "show", "retry", "drop", "export"} == set(completed(prefix, "clerk-worker", "dead", ""))
    assert completed(prefix, "clerk-worker", "dead", "retry", "--al") == ["--all"]
    assert {"users", "organizations", "memberships"} <= set(completed(prefix, "clerk-worker", "import", ""))
    assert completed(prefix, "clerk-worker", "import", "--dry-run", "user") == ["users"]
    assert completed(prefix, "clerk-worker", "import", "users", "") == []


def command(*words):
    return b"*%d\r\n" % len(words) + b"".join(b"$%d\r\n%s\r\n" % (len(word), word) for word in words)


def write_log(directory, content):
    """Redis 7's append-only file, in one part."""
    logs = directory / "appendonlydir"
    logs.mkdir()
    (logs / "appendonly.aof.manifest").write_text("file appendonly.aof.1.incr.aof seq 1 type i\n")
    log = logs / "appendonly.aof.1.incr.aof"
    log.write_bytes(content)
    return log


@pytest.mark.parametrize("torn", [command(b"MULTI") + command(b"SET", b"k", b"2"), command(b"MULTI") + command(b"SET", b"k", b"2")[:-4], b"*3\r\n$3\r\nSE"])
def test_the_torn_end_of_a_redis_log_is_cut_off_before_its_transaction(prefix, tmp_path, torn):
    whole = command(b"SELECT", b"0") + command(b"SET", b"k", b"1")
    log = write_log(tmp_path, whole + torn)
    status, said = tool(prefix / "share/clerk-sync/mend.sh", tmp_path)
    assert status == 0 and "is cut off" in said
    assert log.read_bytes() == whole
    assert tool(prefix / "share/clerk-sync/mend.sh", tmp_path) == (0, "")


def test_a_redis_log_that_is_damaged_before_its_end_is_left_alone(prefix, tmp_path):
    damaged = command(b"SELECT", b"0") + b"*3\r\n$XX\r\nSET\r\n" + command(b"SET", b"k", b"1") * 50
    log = write_log(tmp_path, damaged)
    assert tool(prefix / "share/clerk-sync/mend.sh", tmp_path)[0] == 0
    assert log.read_bytes() == damaged
