"""Errors of the runtime: the C++ status codes as exceptions."""

from enum import IntEnum


class StatusCode(IntEnum):
    """What went wrong. The numbers are those of ExecuTorch's runtime."""

    OK = 0x00
    INTERNAL = 0x01
    INVALID_STATE = 0x02
    NOT_SUPPORTED = 0x10
    NOT_IMPLEMENTED = 0x11
    INVALID_ARGUMENT = 0x12
    INVALID_TYPE = 0x13
    OPERATOR_MISSING = 0x14
    NOT_FOUND = 0x20
    MEMORY_ALLOCATION_FAILED = 0x21
    ACCESS_FAILED = 0x22
    INVALID_PROGRAM = 0x23
    INVALID_EXTERNAL_DATA = 0x24
    OUT_OF_RESOURCES = 0x25
    DELEGATE_INVALID_COMPATIBILITY = 0x30
    DELEGATE_MEMORY_ALLOCATION_FAILED = 0x31
    DELEGATE_INVALID_HANDLE = 0x32


class StatusError(RuntimeError):
    """
    A program that cannot be loaded or run, or a call that does not fit it.

    The message says what was expected and what was found; `code` says which kind of failure it is.
    """

    code: StatusCode
    """Which kind of failure it is."""

    def __init__(self, code: StatusCode, message: str) -> None:
        super().__init__(message)
        self.code = code

    def __reduce__(self) -> tuple[type["StatusError"], tuple[StatusCode, str]]:
        """Exceptions travel between processes with both arguments."""
        return type(self), (self.code, str(self))


class MethodNotFoundError(StatusError, KeyError):
    """The program has no method of that name; the message lists those that it has."""

    # KeyError prints the representation of its argument.
    __str__ = RuntimeError.__str__


def error_for(code: int, message: str) -> StatusError:
    """The exception for a C++ status. Called by the compiled module."""
    return StatusError(StatusCode(code), message)
