"""Whether Kafka answers, found out by a thread of its own: clients only wait and say nothing."""

import logging
import threading

from pipeline.config import KafkaSettings
from pipeline.errors import BrokerError
from pipeline.kafka_io.admin import KafkaAdmin
from pipeline.messages.health import Dependency
from pipeline.state_log import StateLog

_log = logging.getLogger(__name__)

LOOK_EVERY_S = 2.0
"""How soon it is noticed that the broker is away or back."""

ANSWER_DEADLINE_S = 5.0
"""A broker that needs longer for its simplest answer is as good as away."""


class BrokerWatch:
    """Asks the brokers for their names, again and again.

    Args:
        kafka: Which Kafka.
    """

    def __init__(self, kafka: KafkaSettings) -> None:
        self._kafka = kafka
        self._state = StateLog("kafka", f"Kafka at {kafka.bootstrap_servers}", _log)
        self._closing = threading.Event()
        self._thread = threading.Thread(target=self._run, name="broker-watch", daemon=True)
        self._thread.start()

    def dependency(self) -> Dependency:
        """What there is to tell in a status."""
        return self._state.dependency()

    def close(self) -> None:
        """Look no more."""
        self._closing.set()
        self._thread.join(1.0)

    def _run(self) -> None:
        while not self._closing.is_set():
            try:
                with KafkaAdmin(self._kafka, timeout_s=ANSWER_DEADLINE_S) as admin:
                    self._look_on(admin)
            except BrokerError as error:
                self._state.down(error.message.rstrip("."))
            except Exception:
                _log.exception("looking at Kafka failed")
            self._closing.wait(LOOK_EVERY_S)

    def _look_on(self, admin: KafkaAdmin) -> None:
        while not self._closing.is_set():
            if admin.describe_cluster()["brokers"]:
                self._state.up()
            else:
                self._state.down("no broker has registered yet")
            self._closing.wait(LOOK_EVERY_S)
