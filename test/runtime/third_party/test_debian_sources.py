"""The machine's own Debian mirror is found in both styles of apt sources, and what is fetched is checked."""

import hashlib
import io
import tarfile
from pathlib import Path

import pytest
from debian_sources import (
    AptEntry,
    DebianSources,
    debian_mirror,
    parse_deb822_sources,
    parse_one_line_sources,
    unpack,
)
from hypothesis import given
from hypothesis import strategies as st
from pins import SourcePin
from steps import SetupError, Steps

words = st.from_regex(r"[a-z][a-z0-9]{0,8}", fullmatch=True)
uris = st.builds("{}://{}.example/{}".format, st.sampled_from(["http", "https", "mirror+file"]), words, words)
components = st.lists(words, min_size=1, max_size=3, unique=True).map(tuple)
keyrings = st.none() | words.map("/usr/share/keyrings/{}.gpg".format)
entries = st.builds(AptEntry, uris, words.map(lambda word: (word,)), components, keyrings)


@given(st.lists(entries, max_size=4))
def test_both_styles_say_the_same(written: list[AptEntry]) -> None:
    """An entry reads the same from a sources.list line and from a .sources stanza, comments or not."""
    lines = ["# a comment", ""]
    stanzas: list[str] = []
    for entry in written:
        options = f"[arch=amd64 signed-by={entry.signed_by}] " if entry.signed_by else ""
        lines.append(f"deb {options}{entry.uri} {entry.suites[0]} {' '.join(entry.components)} # why")
        stanza = f"# a comment\nTypes: deb\nURIs: {entry.uri}\nSuites:\n {entry.suites[0]}\n"
        stanza += f"Components: {' '.join(entry.components)}\n"
        stanzas.append(stanza + (f"Signed-By: {entry.signed_by}\n" if entry.signed_by else ""))
    assert parse_one_line_sources("\n".join(lines)) == written
    assert parse_deb822_sources("\n".join(stanzas)) == written


def test_the_mirror_is_debians_own(tmp_path: Path) -> None:
    """Other people's packages, security updates and disabled stanzas are no place to look for sources."""
    parts = tmp_path / "sources.list.d"
    parts.mkdir()
    (tmp_path / "sources.list").write_text("deb https://tools.example/apt stable contrib\n")
    (parts / "a.list").write_text("deb http://mirror.example/debian-security bookworm-security main\n")
    (parts / "b.sources").write_text(
        "Enabled: no\nURIs: http://off.example\nSuites: trixie\nComponents: main\n"
    )
    assert debian_mirror(tmp_path) is None
    (parts / "c.sources").write_text(
        "Types: deb\nURIs: http://mirror.example/debian\nSuites: bookworm bookworm-updates\nComponents: main\n"
    )
    found = debian_mirror(tmp_path)
    assert found is not None
    assert found.uri == "http://mirror.example/debian"


def make_tarball(path: Path, files: dict[str, bytes]) -> Path:
    """Packs files by name."""
    with tarfile.open(path, "w:xz") as archive:
        for name, content in files.items():
            member = tarfile.TarInfo(name)
            member.size = len(content)
            archive.addfile(member, io.BytesIO(content))
    return path


@pytest.mark.parametrize("top", ["", "XNNPACK-4ea82e5/"])
def test_tarballs_with_and_without_a_top_folder(tmp_path: Path, top: str) -> None:
    """Both kinds unpack to the same folder, over what an interrupted run left there."""
    tarball = make_tarball(tmp_path / "a.tar.xz", {f"{top}CMakeLists.txt": b"x", f"{top}src/a.c": b"y"})
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "stale").touch()
    unpack(tarball, tmp_path / "out")
    found = sorted(str(path.relative_to(tmp_path / "out")) for path in (tmp_path / "out").rglob("*.*"))
    assert found == ["CMakeLists.txt", "src/a.c"]
    assert not (tmp_path / "out" / "stale").exists()


class LocalSources(DebianSources):
    """Serves files from a folder in place of apt."""

    served: dict[str, bytes]

    def download(self, package: str) -> Path:
        """Writes the served file; fails as apt does when there is none."""
        if package not in self.served:
            raise SetupError(f"fetching the source package {package} failed", "hint")
        path = self.downloads / f"{package.replace('=', '_')}.orig.tar.xz"
        path.write_bytes(self.served[package])
        return path


def local_sources(folder: Path, served: dict[str, bytes]) -> LocalSources:
    """A LocalSources with its folder."""
    sources = LocalSources(folder, folder / "log", Steps(1))
    sources.served = served
    return sources


def test_only_the_pinned_content_is_taken(tmp_path: Path) -> None:
    """Other content is refused with both sums, and not kept; the right one is kept and not fetched twice."""
    pin = SourcePin("fxdiv", "1-1", hashlib.sha256(b"right").hexdigest())
    with pytest.raises(SetupError, match=f"expected SHA-256 {pin.sha256}, got") as error:
        local_sources(tmp_path, {"fxdiv=1-1": b"wrong"}).fetch(pin)
    assert "XNNPACK_ROOT" in error.value.hint
    kept = local_sources(tmp_path, {"fxdiv=1-1": b"right"}).fetch(pin)
    assert kept.read_bytes() == b"right"
    assert local_sources(tmp_path, {}).fetch(pin) == kept
    kept.write_bytes(b"damaged")
    assert local_sources(tmp_path, {"fxdiv=1-1": b"right"}).fetch(pin).read_bytes() == b"right"


def test_a_newer_version_will_do_only_where_the_pin_says_so(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """sid replaces versions; that one package may move on, and it is said."""
    served = {"cpuinfo": b"newer"}
    strict = SourcePin("cpuinfo", "1-1", "0" * 64)
    with pytest.raises(SetupError, match="cpuinfo=1-1"):
        local_sources(tmp_path, served).fetch(strict)
    lenient = SourcePin("cpuinfo", "1-1", "0" * 64, newer_will_do=True)
    assert local_sources(tmp_path, served).fetch(lenient).read_bytes() == b"newer"
    assert "cpuinfo 1-1 has gone from the mirror" in capsys.readouterr().out
