"""What the API can say no with: a message and an HTTP status, in Toxiproxy's words."""

from __future__ import annotations


class ApiError(Exception):
    """One refused request."""

    def __init__(self, message: str, status: int) -> None:
        super().__init__(message)
        self.message, self.status = message, status


def bad_request(detail: str) -> ApiError:
    """The body is not JSON, or not the JSON that is wanted."""
    return ApiError(f"bad request body: {detail}", 400)


def missing(field: str) -> ApiError:
    """A field without which nothing can be made is absent or empty."""
    return ApiError(f"missing required field: {field}", 400)


def invalid_stream() -> ApiError:
    """A toxic lies on one of two streams."""
    return ApiError("stream was invalid, can be either upstream or downstream", 400)


def invalid_type() -> ApiError:
    """No such toxic."""
    return ApiError("invalid toxic type", 400)


def proxy_not_found() -> ApiError:
    """No proxy of that name."""
    return ApiError("proxy not found", 404)


def proxy_exists() -> ApiError:
    """A proxy of that name is there already."""
    return ApiError("proxy already exists", 409)


def toxic_not_found() -> ApiError:
    """No toxic of that name on this proxy."""
    return ApiError("toxic not found", 404)


def toxic_exists() -> ApiError:
    """A toxic of that name is there already, on either stream."""
    return ApiError("toxic already exists", 409)
