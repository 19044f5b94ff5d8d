"""The installation page on an empty Debian, line by line: `python -m ops.bare FOLDER`. For root, on Linux.

Makes a Debian in FOLDER by debootstrap, puts this version's release into it, and runs the commands of docs/debian.md
there, in a network of its own once the packages are there. Only what a folder lacks is different: systemd, whose
services are started by their own `ExecStart`; a certificate, which is made here; a mail server: there is none. Prints
the second at which each part ended. Fails if a command does, or if the doctor finds a fault other than the mail.
"""

import re
import shlex
import shutil
import subprocess
import sys
import time
import tomllib
from pathlib import Path

from ops.cluster import ROOT

PAGE = ROOT / "docs" / "debian.md"
NETWORK = "garant-bare"
UNITS = ROOT / "ops" / "systemd"
AUTHORITIES = Path("/usr/local/share/ca-certificates")
#: Before the page: what a machine has and a folder lacks.
MACHINE = """
mount -t proc proc /proc
mount -t tmpfs -o mode=1777 tmpfs /dev/shm
printf '#!/bin/sh\\nexit 101\\n' > /usr/sbin/policy-rc.d && chmod +x /usr/sbin/policy-rc.d
echo 127.0.0.1 localhost coffre.ville.example > /etc/hosts
"""
#: Between the packages and the roles: the server that Debian's package starts on a machine.
DATABASE = "sed -i 's/^port = .*/port = 5432/' /etc/postgresql/*/main/postgresql.conf && service postgresql start"
CERTIFICATE = (
    "install -d /etc/ssl/garant && openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=$host"
    " -keyout /etc/ssl/garant/key.pem -out /etc/ssl/garant/fullchain.pem 2>/dev/null"
)
#: Instead of the page's last part: the night's first backup, then the doctor, once the scheduler has ticked.
NIGHT = "sleep 75\n"
DOCTOR = """
garant-manage doctor > /root/doctor.txt 2>&1 || true
cat /root/doctor.txt
grep -q '^ok ' /root/doctor.txt
if grep '^TODO' /root/doctor.txt | grep -v '^TODO mail:'; then exit 1; fi
"""


def blocks() -> list[str]:
    """Return the commands of the page, part by part."""
    return re.findall(r"```sh\n(.*?)```", PAGE.read_text(), re.DOTALL)


def main() -> int:
    folder = Path(sys.argv[1]).resolve()
    began = time.monotonic()
    _prepare(folder)
    variables, *parts = blocks()
    version = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"]
    assert f"garant-{version}.tar.gz" in variables, "the page names another version"
    parts[-1] = NIGHT + _started("garant-backup").rstrip("&)") + ")\n" + DOCTOR
    # A network of its own begins after the packages. One shell keeps the variables of the parts that follow.
    packages = f"set -eu\n{MACHINE}{variables}{_script(1, parts[0])}"
    installation = f"set -eu\n{variables}" + "".join(_script(rank, part) for rank, part in enumerate(parts[1:], 2))
    try:
        return _run(folder, packages, network=False) or _run(folder, installation, network=True)
    finally:
        print(f"{time.monotonic() - began:.0f} s in all")
        _end(folder)


def _script(rank: int, part: str) -> str:
    """Return the commands of one part, after what it needs, and before the line that says when it ended."""
    needed = {2: DATABASE, 6: CERTIFICATE}.get(rank, "")
    return f'\n{needed}\n{_without_systemd(part)}\necho "== part {rank}: $(cut -d. -f1 /proc/uptime)" >&2\n'


def _prepare(folder: Path) -> None:
    """Make the Debian, unless it is there, with the release and a network that has the loopback only.

    It trusts the authorities that were added to this machine, such as that of a proxy between it and the packages.
    """
    if not (folder / "etc" / "debian_version").exists():
        subprocess.run(
            ["debootstrap", "--variant=minbase", "trixie", str(folder)], check=True, stdout=subprocess.DEVNULL
        )
    if AUTHORITIES.is_dir():
        shutil.copytree(AUTHORITIES, folder / AUTHORITIES.relative_to("/"), dirs_exist_ok=True)
    subprocess.run([sys.executable, "-m", "ops.release"], cwd=ROOT, check=True)
    for file in (ROOT / "var" / "release").iterdir():
        (folder / "root" / file.name).write_bytes(file.read_bytes())
    subprocess.run(["ip", "netns", "add", NETWORK], check=False, stderr=subprocess.DEVNULL)
    subprocess.run(["ip", "netns", "exec", NETWORK, "ip", "link", "set", "lo", "up"], check=True)


def _end(folder: Path) -> None:
    """End what runs in the folder. The folder itself stays, to be looked at."""
    found = subprocess.run(
        ["ip", "netns", "pids", NETWORK], capture_output=True, text=True, check=False
    ).stdout.split()
    subprocess.run(["kill", "-9", *found], check=False, stderr=subprocess.DEVNULL)
    for mounted in ("proc", "dev/shm"):
        subprocess.run(["umount", "-l", str(folder / mounted)], check=False)
    subprocess.run(["ip", "netns", "delete", NETWORK], check=False)


def _without_systemd(part: str) -> str:
    """Replace the commands of systemd by what they do: run each service as its unit says. Timers are left out."""
    lines = []
    for line in part.splitlines():
        words = shlex.split(line, comments=True)
        if not words or words[0] != "systemctl":
            lines.append(line)
        elif words[1] == "enable" and "timer" not in line:
            lines += [_started(name) for name in words[3:]]
        elif words[1] == "reload":
            lines.append(words[2])
    return "\n".join(lines)


def _started(name: str) -> str:
    """Return the command that starts a unit in the background, as its user, with its files of variables."""
    unit = (UNITS / f"{name}.service").read_text()
    (command,) = re.findall(r"^ExecStart=(.*)$", unit, re.MULTILINE)
    command = command.replace("%%", "%").replace("$$", "$")
    files = " ".join(f". {file};" for file in re.findall(r"^EnvironmentFile=(.*)$", unit, re.MULTILINE))
    more = " ".join(re.findall(r"^Environment=(.*)$", unit, re.MULTILINE))
    inner = f"set -a; {files} set +a; cd /opt/garant; HOME=/var/lib/garant {more} exec runuser -u garant -- {command}"
    return f"(sh -c {shlex.quote(inner)} > /var/log/{name}.log 2>&1 &)"


def _run(folder: Path, script: str, *, network: bool) -> int:
    apart = ["ip", "netns", "exec", NETWORK] if network else []
    return subprocess.run([*apart, "chroot", str(folder), "/bin/bash", "-c", script], check=False).returncode


if __name__ == "__main__":
    sys.exit(main())
