"""What a server answers: its errors as ours, and what is asked again.

By tenacity 9.2 (Apache-2.0, October 2026), which is pure Python.
"""

from collections.abc import Callable
from typing import Any

import httpx2
from tenacity import RetryCallState, Retrying, retry_if_exception, stop_after_attempt, wait_random_exponential

from mmsearch.errors import Busy, MMSearchError, StoreUnavailable
from mmsearch.schemas import error_of

GATEWAY_FAILED = (502, 503, 504)
ATTEMPTS = 4
LONGEST_PAUSE_S = 2.0


def patient(promising: Callable[[BaseException], bool]) -> Retrying:
    """Tries again a few times, after growing pauses, while the errors are promising."""
    growing = wait_random_exponential(multiplier=0.2, max=LONGEST_PAUSE_S)

    def pause(state: RetryCallState) -> float:
        error = state.outcome.exception() if state.outcome else None
        return growing(state) + (error.pause_s if isinstance(error, Busy) else 0)

    return Retrying(retry=retry_if_exception(promising), stop=stop_after_attempt(ATTEMPTS), wait=pause, reraise=True)


def may_work_later(error: BaseException) -> bool:
    """The error says so."""
    return isinstance(error, MMSearchError) and error.retryable


def was_not_done(error: BaseException) -> bool:
    """The server refused, or never heard of it."""
    lost = isinstance(error.__cause__, httpx2.HTTPError) and not isinstance(error.__cause__, httpx2.ConnectError)
    return may_work_later(error) and not lost


def raise_error(answer: httpx2.Response) -> None:
    """Raises what the server says went wrong, as the class that it was there."""
    if answer.is_success:
        return
    answer.read()
    try:
        error = error_of(answer.json())
    except (ValueError, KeyError, TypeError):
        kind = StoreUnavailable if answer.status_code in GATEWAY_FAILED else MMSearchError
        error = kind(f"{answer.url} answers {answer.status_code}: that is no mmsearch server, or one behind another")
    raise error


def json_of(answer: httpx2.Response) -> Any:
    """What the answer says. Raises MMSearchError."""
    try:
        return answer.json()
    except ValueError as error:
        raise MMSearchError(f"{answer.url} does not answer in JSON: that is no mmsearch server") from error
