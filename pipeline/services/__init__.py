"""The Kafka and Redis that `flownar up` starts on this machine, and `flownar down` stops."""
