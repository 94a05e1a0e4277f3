"""The private names of kafka-python that deadlines and pauses need, all in this file.

`commit_transaction`, `abort_transaction` and `close` of kafka-python 3.0 wait without a deadline. What they
do inside can be done step by step with one. `missing_names` tells, and a test checks, that the names still
exist.
"""

from typing import Any

from kafka import KafkaProducer
from kafka.consumer.fetcher import Fetcher
from kafka.errors import KafkaConnectionError
from kafka.producer.sender import Sender
from kafka.producer.transaction_manager import TransactionalRequestResult, TransactionManager

_NAMES: tuple[tuple[type, str], ...] = (
    (TransactionManager, "begin_commit"),
    (TransactionManager, "begin_abort"),
    (TransactionManager, "last_error"),
    (TransactionalRequestResult, "wait"),
    (Sender, "wakeup"),
    (Sender, "force_close"),
    (Sender, "join"),
    (KafkaProducer, "_unregister_cleanup"),
)


def missing_names(producer: Any) -> list[str]:
    """Names used here that this version of kafka-python does not have; `producer` is a transactional one."""
    missing = [f"{owner.__name__}.{name}" for owner, name in _NAMES if not hasattr(owner, name)]
    instances = [("_sender", Sender), ("_transaction_manager", TransactionManager), ("_closed", bool)]
    missing += [name for name, kind in instances if not isinstance(getattr(producer, name, None), kind)]
    has_client = "_sender" in missing or hasattr(getattr(producer._sender, "_client", None), "await_ready")
    return missing if has_client else [*missing, "_sender._client.await_ready"]


def missing_consumer_names(consumer: Any) -> list[str]:
    """Names used here that a consumer of this version of kafka-python does not have."""
    if not isinstance(getattr(consumer, "_fetcher", None), Fetcher):
        return ["_fetcher"]
    return [] if hasattr(consumer._fetcher, "_next_partition_records") else ["_next_partition_records"]


def clear_used_up_batch(consumer: Any) -> None:
    """Make room for the records of a partition that was resumed.

    While a partition is paused, kafka-python puts its fetched records aside, and brings them back only when
    no other partition's batch is in line. But it leaves a batch in line whose last record was returned: then
    the resumed partition is never read again.
    """
    fetcher = consumer._fetcher
    if not fetcher._next_partition_records:
        fetcher._next_partition_records = None


def keep_requests_of_transactions(producer: Any) -> None:
    """Send a transaction's requests again that found their coordinator down, instead of losing them.

    kafka-python looks for the coordinator again when it can't be reached, but forgets the request that it
    wanted to send if that showed as an error and not as "not ready". Then the transaction waits for an answer
    to what was never sent, long after the broker is back.
    """
    client = producer._sender._client
    await_ready = client.await_ready

    def await_ready_or_not(*args: Any, **kwargs: Any) -> bool:
        try:
            return bool(await_ready(*args, **kwargs))
        except KafkaConnectionError:
            return False

    client.await_ready = await_ready_or_not


def end_transaction(producer: Any, *, commit: bool, timeout_s: float) -> bool:
    """Commit or abort the open transaction.

    Returns:
        False if no answer came within `timeout_s`.

    Raises:
        kafka.errors.KafkaError: The broker refused, or the producer was in an error state before.
    """
    manager = producer._transaction_manager
    result = manager.begin_commit() if commit else manager.begin_abort()
    producer._sender.wakeup()
    return bool(result.wait(timeout_ms=max(timeout_s, 0.0) * 1000))


def last_error(producer: Any) -> Exception | None:
    """The error that put the producer into its error state, or None."""
    error = producer._transaction_manager.last_error
    return error if isinstance(error, Exception) else None


def force_close(producer: Any, timeout_s: float) -> bool:
    """Stop the producer at once: nothing more is sent, and what is in flight fails.

    `KafkaProducer.close` would first flush, which waits for good on a broker that does not answer.

    Returns:
        False if its thread still runs after `timeout_s` (it is a daemon and ends by itself).
    """
    producer._unregister_cleanup()
    producer._closed = True
    producer._sender.force_close()
    producer._sender.join(timeout_s)
    return not producer._sender.is_alive()
