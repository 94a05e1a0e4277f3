"""A deadline around calls of kafka-python that have none of their own."""

import threading
from collections.abc import Callable
from concurrent.futures import Future
from concurrent.futures import TimeoutError as FutureTimeoutError
from typing import TypeVar

from pipeline.errors import KafkaUnavailableError

T = TypeVar("T")


def call_with_deadline(what: str, timeout_s: float, call: Callable[[], T]) -> T:
    """Run `call` in a thread of its own and wait for it.

    Args:
        what: What is tried, for the error: 'creating topics'.
        timeout_s: How long to wait. The thread is a daemon and is left behind after that.
        call: The call.

    Raises:
        KafkaUnavailableError: It did not return in time.
        Exception: Whatever `call` raised.
    """
    future: Future[T] = Future()

    def run() -> None:
        try:
            future.set_result(call())
        except BaseException as error:
            future.set_exception(error)

    threading.Thread(target=run, name=f"deadline: {what}", daemon=True).start()
    try:
        return future.result(timeout_s)
    except FutureTimeoutError as error:
        if future.done():
            raise
        raise KafkaUnavailableError(
            f"Kafka did not answer within {timeout_s:g} s: {what}.",
            action="Check the broker with: flownar doctor",
        ) from error
