from pipeline.cluster.remote_errors import describe
from pipeline.errors import BrokerError


def test_long_texts_become_one_line():
    assert describe(RuntimeError("\n first\n second")) == "RuntimeError: first"
    assert describe(TimeoutError()) == "TimeoutError"


def test_the_cause_in_the_other_process_is_told():
    error = RuntimeError("wrapped, with a traceback")
    error.cause = BrokerError("Kafka is away.", action="Start it.")
    assert describe(error) == "BrokerError: Kafka is away. Start it."
