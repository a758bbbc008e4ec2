"""CMakePresets.json: what set-up makes of it, and what is written of it."""

import json
import re
import shutil
from pathlib import Path

import pins
import presets
import pytest
from steps import SetupError
from xnnpack import Build, prefix_path

ROOT = Path(__file__).parents[3]
FILE = json.loads((ROOT / "CMakePresets.json").read_text())
NAMES = [preset["name"] for preset in FILE["configurePresets"] if not preset.get("hidden")]
OTHERS = [name for name in NAMES if name != "default"]


@pytest.fixture(autouse=True)
def ndk(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A folder that looks like Android's NDK, and no settings from outside."""
    toolchain = tmp_path / "ndk" / "build" / "cmake" / "android.toolchain.cmake"
    toolchain.parent.mkdir(parents=True)
    toolchain.write_text("# Android's")
    monkeypatch.setenv("ANDROID_NDK", str(tmp_path / "ndk"))
    monkeypatch.setenv("XNNIR_CACHE", str(tmp_path / "cache"))
    monkeypatch.delenv("XNNPACK_SOURCE_DIR", raising=False)


@pytest.mark.parametrize("name", OTHERS)
def test_each_names_itself(name: str) -> None:
    """CMake finds XNNPACK by the name, and XNNPACK gets none of our own options."""
    preset = presets.load(name)
    assert preset.variables["XNNIR_PRESET"] == name
    assert preset.variables["XNNIR_BUILD_PYTHON"] == "OFF"
    assert not [argument for argument in preset.cmake_arguments() if "XNNIR" in argument]


def test_each_has_a_prefix_of_its_own() -> None:
    assert len({prefix_path(Build.of_preset(presets.load(name))) for name in OTHERS}) == len(OTHERS)


def test_what_is_nearer_wins() -> None:
    """`ios-arm64` says which SDK; its parents which system and processor."""
    variables = presets.load("ios-arm64").variables
    assert variables["CMAKE_OSX_SYSROOT"] == "iphoneos"
    assert variables["CMAKE_SYSTEM_NAME"] == "iOS"
    assert variables["XNNIR_BUILD_SHARED"] == "OFF"


def test_included_toolchain_files_count(tmp_path: Path) -> None:
    """A prefix is another when a file changes that its toolchain file includes."""
    (tmp_path / "one.cmake").write_text('include("${CMAKE_CURRENT_LIST_DIR}/two.cmake")')
    (tmp_path / "two.cmake").write_text("# before")
    preset = presets.Preset("name", tmp_path / "one.cmake", {})
    before = preset.identity()
    assert preset.identity() == before
    (tmp_path / "two.cmake").write_text("# after")
    assert preset.identity() != before


def test_checkouts_share_a_prefix(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    here = presets.load("linux-armv7").identity()
    shutil.copy(ROOT / "CMakePresets.json", tmp_path)
    shutil.copytree(ROOT / "cmake", tmp_path / "cmake")
    monkeypatch.setattr(presets, "ROOT", tmp_path)
    other = presets.load("linux-armv7")
    assert other.toolchain_file == tmp_path / "cmake" / "toolchains" / "linux-armv7.cmake"
    assert other.identity() == here


@pytest.mark.parametrize("name", ["linux-armv7", "android-armeabi-v7a", "ios-arm64", "windows-x86_64-msvc"])
def test_kleidiai_is_for_nobody(name: str) -> None:
    """It comes only by download, which XNNPACK's build would try on Arm."""
    build = Build.of_preset(presets.load(name))
    assert (pins.XNNPACK_ARM_FLAGS[0] in build.flags) == ("windows" not in name)


def test_errors_say_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(SetupError, match="no preset 'linux-vax'") as caught:
        presets.load("linux-vax")
    assert "linux-aarch64" in caught.value.hint
    monkeypatch.delenv("ANDROID_NDK")
    with pytest.raises(SetupError, match="ANDROID_NDK, which is not set"):
        presets.load("android-arm64-v8a")


def test_packages_are_of_presets_that_exist() -> None:
    assert set(pins.PRESET_PACKAGES) <= set(OTHERS)


def test_build_presets_are_the_same() -> None:
    assert [preset["name"] for preset in FILE["buildPresets"]] == NAMES


def test_the_page_has_all_of_them() -> None:
    """docs/platforms.md: its table has each preset, and its commands name none that is not there."""
    page = (ROOT / "docs" / "platforms.md").read_text()
    table = {
        name for row in re.findall(r"(?m)^\| (`[^|]*) \|", page) for name in re.findall(r"`([^`]+)`", row)
    }
    assert table == set(OTHERS)
    assert set(re.findall(r"--preset (\S+)", page)) <= set(OTHERS)
    for path in re.findall(r"`((?:core|cmake|runtime)/[\w/.-]+\.\w+)`", page):
        assert (ROOT / path).exists() or (ROOT / "runtime" / path).exists(), path
