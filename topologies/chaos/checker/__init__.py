"""The checker: reads the topics as any service would, and says what is lost, doubled, out of order or untold.

It imports nothing of the pipeline, so that a misunderstanding in there can't be repeated here: the wire
contract of the README is all that both share. `check` is a pure function over records; only `reader.py` knows
Kafka.

check.py       all checks in their order
records.py     what was read from a topic
frames.py      frame records: whose they are, how many frames, what was refused
lives.py       from a stream's beginning to its end
refusals.py    whether dead letters are for a reason
events.py      narrations, gaps, left-out frames, faults
tiling.py      every frame is covered once
order.py       numbers and positions of a stream's events grow
gaps.py        which gaps the frames have
told_gaps.py   whether they were told
rereading.py   a second reading equals the first
comparison.py  texts and times are those of a run without faults
verdict.py     what was found
reader.py      from Kafka to records
"""
