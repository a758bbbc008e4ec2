"""Fetches source packages of Debian from the mirror that this machine already uses."""

import hashlib
import os
import re
import shutil
import tarfile
from dataclasses import dataclass
from pathlib import Path

from pins import DEBIAN_SUITES, SourcePin
from steps import SetupError, Steps, run_logged

KEYRING = "/usr/share/keyrings/debian-archive-keyring.gpg"
OFFLINE_HINT = (
    "see that the machine's apt sources work, or give XNNPACK by hand: "
    "XNNPACK_ROOT=<prefix with include/ and lib/>, "
    "or XNNPACK_SOURCE_DIR=<source folder, with pthreadpool, cpuinfo, FP16 and FXdiv beside it>"
)


@dataclass(frozen=True)
class AptEntry:
    """One source of packages: an address with the suites and the keyring it is used with."""

    uri: str
    suites: tuple[str, ...]
    components: tuple[str, ...]
    signed_by: str | None


def parse_one_line_sources(text: str) -> list[AptEntry]:
    """Entries of a sources.list: `deb [option=value ...] URI SUITE COMPONENT...`."""
    entries: list[AptEntry] = []
    for line in text.splitlines():
        match = re.match(r"\s*deb(?:-src)?\s+(?:\[([^\]]*)\]\s+)?(\S+)\s+(\S+)\s+([^#]*)", line)
        if match is None:
            continue
        options, uri, suite, components = match.groups()
        signed_by = re.search(r"signed-by=(\S+)", options or "")
        entries.append(
            AptEntry(uri, (suite,), tuple(components.split()), signed_by.group(1) if signed_by else None)
        )
    return entries


def parse_deb822_sources(text: str) -> list[AptEntry]:
    """Entries of a .sources file: stanzas of `Field: value`, with values that go on in indented lines."""
    entries: list[AptEntry] = []
    for stanza in re.split(r"\n\s*\n", re.sub(r"(?m)^#.*\n?", "", text)):
        unfolded = re.sub(r"\n[ \t]+", " ", stanza)
        fields = {
            name.strip().lower(): value.strip()
            for name, colon, value in (line.partition(":") for line in unfolded.splitlines())
            if colon
        }
        if fields.get("enabled", "yes").lower() in ("no", "false"):
            continue
        signed_by = fields.get("signed-by", "")
        for uri in fields.get("uris", "").split():
            entries.append(
                AptEntry(
                    uri,
                    tuple(fields.get("suites", "").split()),
                    tuple(fields.get("components", "").split()),
                    # A key can also stand in the file itself, which a file of our own cannot point at.
                    signed_by if signed_by.startswith("/") else None,
                )
            )
    return entries


def debian_mirror(apt_folder: Path) -> AptEntry | None:
    """The machine's mirror of Debian itself: not of its security updates, nor of anybody else's packages."""
    entries: list[AptEntry] = []
    for path in [apt_folder / "sources.list", *sorted((apt_folder / "sources.list.d").glob("*.list"))]:
        if path.is_file():
            entries += parse_one_line_sources(path.read_text(errors="replace"))
    for path in sorted((apt_folder / "sources.list.d").glob("*.sources")):
        entries += parse_deb822_sources(path.read_text(errors="replace"))
    releases = {*DEBIAN_SUITES, "bullseye", "forky", "stable", "testing", "unstable"}
    for entry in entries:
        ours = any(suite in releases for suite in entry.suites) and "main" in entry.components
        if ours and "security" not in entry.uri:
            return entry
    return None


def sha256_of(path: Path) -> str:
    """Hexadecimal SHA-256 of a file."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


class DebianSources:
    """A private apt configuration with source packages only; leaves the machine's own untouched."""

    def __init__(self, downloads: Path, log: Path, steps: Steps):
        self.downloads = downloads
        self.log = log
        self.steps = steps
        self.options: list[str] | None = None

    def fetch(self, pin: SourcePin) -> Path:
        """The package's .orig.tar.xz, checked. Raises SetupError when there is none, or not the right one."""
        kept = self.downloads / f"{pin.name}-{pin.version}.orig.tar.xz"
        if kept.exists():
            if sha256_of(kept) == pin.sha256:
                return kept
            kept.unlink()
        try:
            fetched = self.download(f"{pin.name}={pin.version}")
        except SetupError:
            if not pin.newer_will_do:
                raise
            fetched = self.download(pin.name)
            self.steps.say(
                f"  {pin.name} {pin.version} has gone from the mirror; took {fetched.name}, "
                "which only apt has checked"
            )
            return fetched
        found = sha256_of(fetched)
        if found != pin.sha256:
            fetched.unlink()
            raise SetupError(
                f"{fetched.name}: expected SHA-256 {pin.sha256}, got {found}",
                f"run `make setup` again; if it stays so, the mirror serves another file: {OFFLINE_HINT}",
            )
        return fetched.rename(kept)

    def download(self, package: str) -> Path:
        """Runs `apt-get source` for `name` or `name=version` and returns the tarball."""
        if self.options is None:
            self.options = self.configure()
        folder = self.downloads / "incoming"
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        # --tar-only: mirrors may lack the .dsc and .debian.tar.xz files, which are not needed here.
        run_logged(
            ["apt-get", *self.options, "--tar-only", "source", package],
            cwd=folder,
            log=self.log,
            what=f"fetching the source package {package}",
            hint=OFFLINE_HINT,
        )
        tarballs = sorted(folder.glob("*.orig.tar.*"))
        if not tarballs:
            raise SetupError(f"apt-get source {package} left no .orig.tar file", OFFLINE_HINT, self.log)
        return tarballs[0].rename(self.downloads / tarballs[0].name)

    def configure(self) -> list[str]:
        """Writes the private configuration, fetches its lists, returns the options that select it."""
        entry = debian_mirror(Path("/etc/apt"))
        if entry is None or shutil.which("apt-get") is None:
            raise SetupError("XNNPACK's sources: this machine has no apt source for Debian", OFFLINE_HINT)
        root = self.downloads / "apt"
        folders = {name: root / name for name in ("sources", "lists", "cache")}
        for folder in folders.values():
            folder.mkdir(parents=True, exist_ok=True)
        (folders["lists"] / "partial").mkdir(exist_ok=True)
        (folders["cache"] / "archives" / "partial").mkdir(parents=True, exist_ok=True)
        signed_by = entry.signed_by or (KEYRING if os.path.exists(KEYRING) else None)
        stanza = f"Types: deb-src\nURIs: {entry.uri}\nSuites: {' '.join(DEBIAN_SUITES)}\nComponents: main\n"
        if signed_by is not None:
            stanza += f"Signed-By: {signed_by}\n"
        (folders["sources"] / "debian.sources").write_text(stanza)
        options = [
            *("-o", "Dir::Etc::SourceList=/dev/null"),
            *("-o", f"Dir::Etc::SourceParts={folders['sources']}"),
            *("-o", f"Dir::State::Lists={folders['lists']}"),
            *("-o", f"Dir::Cache={folders['cache']}"),
            # Without this, apt as root drops to a user who may not read the cache folder.
            *("-o", "APT::Sandbox::User=root"),
        ]
        run_logged(
            ["apt-get", *options, "update"],
            log=self.log,
            what="apt-get update for sources",
            hint=OFFLINE_HINT,
        )
        return options


def unpack(tarball: Path, folder: Path) -> None:
    """Unpacks into `folder`; one folder that holds everything is taken off."""
    partial = folder.with_name(folder.name + ".partial")
    shutil.rmtree(partial, ignore_errors=True)
    partial.mkdir(parents=True)
    with tarfile.open(tarball) as archive:
        # The filter keeps members inside the folder. Python 3.11.2 lacks it; there the checksum vouches.
        if hasattr(tarfile, "data_filter"):
            archive.extractall(partial, filter="data")
        else:
            archive.extractall(partial)
    entries = list(partial.iterdir())
    source = entries[0] if len(entries) == 1 and entries[0].is_dir() else partial
    shutil.rmtree(folder, ignore_errors=True)
    source.rename(folder)
    if source != partial:
        partial.rmdir()
