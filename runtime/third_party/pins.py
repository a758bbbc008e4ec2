"""What set-up installs: versions, checksums, flags and system packages."""

from dataclasses import dataclass


@dataclass(frozen=True)
class SourcePin:
    """A Debian source package. `sha256` is of its .orig.tar.xz."""

    name: str
    version: str
    sha256: str
    # sid replaces versions: where the pinned one has gone, a newer one does.
    newer_will_do: bool = False

    @property
    def revision(self) -> str:
        """The upstream commit in the version: `4ea82e5` of `0.0~git20241108.4ea82e5-2`."""
        return self.version.rsplit("-", 1)[0].rsplit(".", 1)[-1]


XNNPACK = SourcePin(
    "xnnpack",
    "0.0~git20241108.4ea82e5-2",
    "90bde2caef0f880f627bab0dc805a86c4b8070cd98e3243db3046ab3f3be1a99",
)
DEPENDENCIES = (
    SourcePin(
        "pthreadpool",
        "0.0~git20240616.560c60d-1",
        "4cc3cbd933b28131d2a34edc54f76af9fb41bc490af5eae1a5bd3cd07ea90708",
    ),
    SourcePin(
        "cpuinfo",
        "0.0~git20250905.877328f-1",
        "557ca404a3836b9f335a3a06b65ff9fe9dbaaefab7fb5c0185f53d9f33615a10",
        newer_will_do=True,
    ),
    SourcePin(
        "fp16",
        "0.0~git20200514.4dfe081-5",
        "7d7782b37b74136e0e12593a2a93ccbe7db831f4374cc408e44623d9b708b54e",
    ),
    SourcePin(
        "fxdiv",
        "0.0~git20200417.b408327-4",
        "7953482badaf4cb34026c3487c257b8e4ab2df061c019bd6fabbbc12ad52c44b",
    ),
)
# bookworm for what has not changed since, trixie for XNNPACK, sid for what trixie's mirror lacks.
DEBIAN_SUITES = ("bookworm", "trixie", "sid")

XNNPACK_FLAGS = (
    "-DCMAKE_BUILD_TYPE=Release",
    "-DCMAKE_POSITION_INDEPENDENT_CODE=ON",
    "-DXNNPACK_LIBRARY_TYPE=static",
    "-DXNNPACK_BUILD_TESTS=OFF",
    "-DXNNPACK_BUILD_BENCHMARKS=OFF",
    "-DXNNPACK_BUILD_ALL_MICROKERNELS=OFF",
)
# clang's SLP vectoriser packs the row pointers of matrix kernels into a vector register and takes them out again one by
# one in the inner loop: a seventh of the speed of ResNet50 on AVX512. GCC has no such habit, and no such flag. XNNPACK
# sets -O2 behind these flags, which would take -fno-slp-vectorize back.
XNNPACK_CLANG_FLAGS = ("-DCMAKE_C_FLAGS=-mllvm -vectorize-slp=false",)
# KleidiAI, Arm's kernels, comes only by download.
XNNPACK_ARM_FLAGS = ("-DXNNPACK_ENABLE_KLEIDIAI=OFF",)


# Beside -DCMAKE_C_FLAGS, toolchain files could not set theirs: CMake adds the variable to those.
XNNPACK_CROSS_ENVIRONMENT = {"CFLAGS": "-mllvm -vectorize-slp=false"}


@dataclass(frozen=True)
class SystemPackage:
    """A Debian package, and the command, header or library that shows that it, or the like of it, is there."""

    name: str
    command: str | None = None
    header: str | None = None
    # A pattern below /usr/lib, for what is neither.
    library: str | None = None


SYSTEM_PACKAGES = (
    SystemPackage("clang-16", command="clang++-16"),
    SystemPackage("lld-16", command="ld.lld-16"),
    SystemPackage("clang-format-16", command="clang-format-16"),
    SystemPackage("cmake", command="cmake"),
    SystemPackage("make", command="make"),
    SystemPackage("patch", command="patch"),
    SystemPackage("ninja-build", command="ninja"),
    SystemPackage("libc6-dev", header="stdlib.h"),
    SystemPackage("libstdc++-12-dev", header="c++/12/string"),
    SystemPackage("flatbuffers-compiler", command="flatc"),
    SystemPackage("libflatbuffers-dev", header="flatbuffers/flatbuffers.h"),
    SystemPackage("libhwy-dev", header="hwy/highway.h"),
    SystemPackage("libxxhash-dev", header="xxhash.h"),
    SystemPackage("libcli11-dev", header="CLI/CLI.hpp"),
    SystemPackage("libgtest-dev", header="gtest/gtest.h"),
    SystemPackage("libgmock-dev", header="gmock/gmock.h"),
)

# Only for `make sanitize` and `make fuzz`.
SANITIZER_PACKAGES = (
    SystemPackage("libclang-rt-16-dev", library="llvm-16/lib/clang/16*/lib/*/libclang_rt.fuzzer*.a"),
    SystemPackage("llvm-16", command="llvm-symbolizer-16"),
)


def _cross(architecture: str, triple: str) -> tuple[SystemPackage, ...]:
    """Debian's headers and libraries for another machine, and what runs programs of it."""
    return (
        SystemPackage(
            f"libstdc++-12-dev-{architecture}-cross", library=f"gcc-cross/{triple}/12/libstdc++.so"
        ),
        SystemPackage("qemu-user-static", command="qemu-arm-static"),
    )


# By preset of CMakePresets.json, beside the others.
PRESET_PACKAGES = {
    "linux-aarch64": _cross("arm64", "aarch64-linux-gnu"),
    "linux-armv7": _cross("armhf", "arm-linux-gnueabihf"),
    "linux-armv6": _cross("armel", "arm-linux-gnueabi"),
    "linux-i686": _cross("i386", "i686-linux-gnu"),
    "windows-x86_64-mingw": (
        SystemPackage("g++-mingw-w64-x86-64-posix", library="gcc/x86_64-w64-mingw32/12-posix/libstdc++.a"),
        SystemPackage("wine64", library="wine/wine64"),
    ),
}
