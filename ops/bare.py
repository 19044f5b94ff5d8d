"""The installation page on an empty Debian, line by line: `python -m ops.bare FOLDER`. For root, on Linux.

Makes a Debian in FOLDER by debootstrap, puts this version's release into it, and runs the commands of docs/debian.md
there: the packages in a chroot, the others where systemd has booted, as the first process of namespaces of its own,
in a network that has the loopback only. Only what a folder lacks is different: a second disk, which is one in memory,
a certificate, which is made here, and a mail server: there is none. The night's services are started by hand.

Then come the commands of the pages on backups, keys and upgrades: a backup by hand, another city key, the loss of the
database and the files, the restore, the former key forgotten, the rows signed. Prints the second at which each part
ended. Fails if a command does, if a service does not run, or if the doctor finds a fault other than the mail, or the
city, which is set up by pages.
"""

import re
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from ops import release
from ops.cluster import ROOT

DOCS = ROOT / "docs"
PAGE = DOCS / "debian.md"
PORTAL = "garant-web garant-worker garant-watch garant-releases garant-beat"
AUTHORITIES = Path("/usr/local/share/ca-certificates")
#: Before the page: what a machine has and a folder lacks.
MACHINE = """
mount -t proc proc /proc
mount -t tmpfs -o mode=1777 tmpfs /dev/shm
printf '#!/bin/sh\\nexit 101\\n' > /usr/sbin/policy-rc.d && chmod +x /usr/sbin/policy-rc.d
echo 127.0.0.1 localhost coffre.ville.example > /etc/hosts
"""
#: After the packages: the server that Debian's package made starts with the machine, on the usual port.
BEFORE_BOOT = """
rm /usr/sbin/policy-rc.d
sed -i 's/^port = .*/port = 5432/' /etc/postgresql/*/main/postgresql.conf
"""
#: Boots a folder as a machine. A root that was pivoted, unlike a chroot, lets services have users of their own.
BOOT = """
set -eu
group=$(findmnt --noheadings --output TARGET --types cgroup2 | head -n 1)/garant-bare
mkdir -p "$group"
echo $$ > "$group/cgroup.procs"
exec unshare --pid --mount --uts --ipc --cgroup --net --fork --kill-child bash -euc '
ip link set lo up
mount --make-rprivate /
mount --rbind "$1" "$1"
cd "$1"
mount -t proc proc proc
mount -t sysfs -o ro sysfs sys
mount -t cgroup2 cgroup2 sys/fs/cgroup
mount -t tmpfs -o mode=755 tmpfs run
mount -t tmpfs -o mode=1777 tmpfs tmp
mount -t tmpfs -o mode=1777 tmpfs dev/shm
mkdir -p srv/garant
mount -t tmpfs -o mode=755 tmpfs srv/garant
mkdir -p mnt/host
pivot_root . mnt/host
exec env -i container=folder PATH=/usr/sbin:/usr/bin sh -c "umount -l /mnt/host; exec /lib/systemd/systemd"
' boot "$1"
"""
CERTIFICATE = (
    "install -d /etc/ssl/garant && openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=$host"
    " -keyout /etc/ssl/garant/key.pem -out /etc/ssl/garant/fullchain.pem 2>/dev/null"
)
#: Instead of the page's last part: what the night does, then the doctor, once the scheduler has ticked.
NIGHT = f"""
sleep 75
systemctl start garant-backup garant-purge garant-verify garant-keystores
systemctl is-active {PORTAL}
"""
#: Between the commands of the other pages: what they say in words.
STOP = f"systemctl stop {PORTAL}\n"
LOSS = f"""
{STOP}runuser -u postgres -- dropdb garant
rm -rf /var/lib/garant/files
"""
START = f"""
systemctl start {PORTAL}
sleep 75
systemctl is-active {PORTAL}
systemctl start garant-backup
"""
FORMER = "former=$(garant-manage keys status | sed -n 's/^Current key: //p')\n"
DOCTOR = """
garant-manage doctor > /root/doctor.txt 2>&1 || true
cat /root/doctor.txt
grep -q '^ok ' /root/doctor.txt
if grep '^TODO' /root/doctor.txt | grep -v '^TODO \\(mail\\|city\\|who hears of faults\\):'; then exit 1; fi
"""
BOOT_SECONDS = 120


def blocks(page: Path = PAGE) -> list[str]:
    """Return the commands of a page, part by part."""
    return re.findall(r"```sh\n(.*?)```", page.read_text(), re.DOTALL)


def list_later_commands() -> list[str]:
    """Return the commands of the other pages, as they name them on Debian, in the order in which a town needs them.

    A key is forgotten once the last backup that needs it is gone: here, once the restored rows are under the new one.
    """
    backup, restore = (_write_for_debian(block) for block in blocks(DOCS / "backup.md")[:2])
    keys = _write_for_debian(blocks(DOCS / "keys.md")[-1]).splitlines(keepends=True)
    *changing, forget = keys
    named = _find_named("upgrade.md", "rows check", "rows sign", "verify_journal")
    upgrade = [_write_for_debian(f"{words}\n") for words in named]
    database = _remake_database()
    return [
        "".join([upgrade[0], backup]),
        "".join([FORMER, *changing]),
        "".join([LOSS, database, restore]),
        "".join([*changing[2:], changing[0], forget, STOP, *upgrade[1:], upgrade[0], START]),
    ]


def _find_named(page: str, *commands: str) -> list[str]:
    """Return the commands that a page names in its sentences, with what it says of their role."""
    text = (DOCS / page).read_text()
    found = []
    for command in commands:
        assert (said := re.search(rf"`(?:python manage\.py )?({command})`[^`.]*(?:`([A-Z_]+)`)?", text)), command
        found.append(f"manage.py {command}" + ("  # as the owner" if said[2] else ""))
    return found


def _write_for_debian(block: str) -> str:
    """Return commands as docs/upgrade.md says that they are on Debian, with this machine's names."""
    lines = []
    for line in block.splitlines():
        command, _comment, role = line.partition("#")
        owner = " --owner" if "as the owner" in role or " restore " in command else ""
        command = command.strip().replace("manage.py", f"garant-manage{owner}")
        lines.append(command.replace("/backups/", "/var/backups/garant/").replace("OLD_NAME", '"$former"'))
    return "\n".join(lines) + "\n"


def _remake_database() -> str:
    """Return the page's commands that make the database, for roles that are there."""
    [roles] = [part for part in blocks() if "CREATE DATABASE" in part]
    start = roles.index("runuser -u postgres")
    return re.sub(r"^CREATE ROLE .*\n", "", roles[start:], flags=re.MULTILINE)


def main() -> int:
    folder = Path(sys.argv[1]).resolve()
    began = time.monotonic()
    _prepare(folder)
    variables, *parts = blocks()
    assert f"garant-{release.version_of(ROOT)}.tar.gz" in variables, "the page names another version"
    parts[-1:] = [NIGHT + DOCTOR, *list_later_commands(), DOCTOR]
    # One shell keeps the variables of the parts that follow.
    packages = f"set -eu\n{MACHINE}{variables}{_script(1, parts[0])}{BEFORE_BOOT}"
    installation = f"set -eu\ncd /\n{variables}" + "".join(
        _script(rank, part) for rank, part in enumerate(parts[1:], 2)
    )
    try:
        if code := _run(["chroot", str(folder)], packages):
            return code
        with _booted(folder) as machine:
            return _run(machine, installation)
    finally:
        print(f"{time.monotonic() - began:.0f} s in all")
        _end(folder)


def _script(rank: int, part: str) -> str:
    """Return the commands of one part, after what it needs, and before the line that says when it ended."""
    needed = {6: CERTIFICATE}.get(rank, "")
    return f'\n{needed}\n{part}\necho "== part {rank}: $(cut -d. -f1 /proc/uptime)" >&2\n'


def _prepare(folder: Path) -> None:
    """Make the Debian, unless it is there, with the release.

    It trusts the authorities that were added to this machine, such as that of a proxy between it and the packages.
    """
    if not (folder / "etc" / "debian_version").exists():
        words = ["debootstrap", "--variant=minbase", "--include=systemd,dbus", "trixie", str(folder)]
        subprocess.run(words, check=True, stdout=subprocess.DEVNULL)
    if AUTHORITIES.is_dir():
        shutil.copytree(AUTHORITIES, folder / AUTHORITIES.relative_to("/"), dirs_exist_ok=True)
    made = release.write(ROOT)
    (folder / "root" / made.name).write_bytes(made.read_bytes())


@contextmanager
def _booted(folder: Path) -> Iterator[list[str]]:
    """Boot the folder. Yield the words that run a command in it."""
    with subprocess.Popen(["bash", "-c", BOOT, "boot", str(folder)]) as outer:
        try:
            deadline = time.monotonic() + BOOT_SECONDS
            while not _is_up(enter := _entering(outer.pid)):
                assert outer.poll() is None and time.monotonic() < deadline, "systemd does not boot in this folder"
                time.sleep(0.5)
            yield enter
        finally:
            outer.kill()


def _entering(outer: int) -> list[str]:
    """Return the words that enter the namespaces of the machine that this process started, none if it is not there."""
    (*_others, child) = ["", *Path(f"/proc/{outer}/task/{outer}/children").read_text().split()]
    spaces = ("--mount", "--pid", "--uts", "--ipc", "--net", "--cgroup", "--root")
    return ["nsenter", f"--target={child}", *spaces] if child else []


def _is_up(enter: list[str]) -> bool:
    if not enter:
        return False
    words = [*enter, "systemctl", "is-system-running"]
    said = subprocess.run(words, capture_output=True, text=True, check=False).stdout.strip()
    # Degraded: a folder has no kernel modules to load.
    return said in {"running", "degraded"}


def _end(folder: Path) -> None:
    """Unmount what the packages needed. The folder itself stays, to be looked at."""
    for mounted in ("proc", "dev/shm"):
        subprocess.run(["umount", "-l", str(folder / mounted)], check=False)


def _run(where: list[str], script: str) -> int:
    return subprocess.run([*where, "/bin/bash", "-c", script], check=False).returncode


if __name__ == "__main__":
    sys.exit(main())
