"""Chaos: processes killed, services restarted, networks cut while cameras are narrated; then the truth.

run.py           all of it, from first to last
settings.py      what is run, and where
system.py        Kafka, Redis, Ray and the topology: up, hurt and down
proxy.py         a network that can be cut, on loopback; link.py: one connection through it
schedule.py      which fault happens when; driver.py keeps to it, faults.py does them
camera_acts.py   what cameras do, and do wrong; cameras.py and frame_sender.py do it
follow.py        what was narrated, and when partitions committed, seen live
moments.py       how it goes
calm.py          the same frames again, without faults
checker/         what the topics say about all that; knows nothing of the pipeline
recovery.py      how fast it recovered
memory.py        what memory it took
report.py        the result; screen.py shows it, keep.py keeps it
"""
