"""Exactly-once narrations: how a partition's outputs become true, and how its next owner goes on from there.

Kafka is the truth. Redis holds large immutable snapshots that a record in Kafka names. One Kafka transaction
is the moment at which anything becomes true. Readers with `read_committed` see every narration once, in
order, and never see it change; and so they see what else there is to tell of a stream: gaps, frames that were
left out, faults. All these are events of one kind here: they have one counter per stream and one order, and
the record that remembers that they were told commits with them.

A commit (`PartitionSession.commit`), and what if the process dies

1. Snapshots that were taken are put into Redis under new names, by a thread of its own: a slow store holds up
   no narration.
   Dies here: blobs without a name in any record. Nobody reads them; the next owner deletes them.
2. The ledger makes a plan: events and dead letters that were buffered, the changed records of streams,
   and the lowest record that is not inside a blob, in the dlq or past the end of its stream.
   Dies here: the same. All that was only buffered is made again from the frames.
3. A transaction begins, everything is sent, every acknowledgement is awaited.
   Dies here: the transaction is aborted by the next owner (or by the broker after its timeout). Until then
   `read_committed` readers of this partition wait; then they never see any of it. It is made again.
4. The transaction is committed.
   Dies here, or no answer comes: it is committed as a whole or not at all, and the next owner reads which.
   The session says OutcomeUnknownError, deletes nothing, and is never used again.
5. Blobs that the records do not name any more are deleted, and now and then those that a former owner put
   after it had lost the partition.
   Dies here: blobs without a name, as in step 1.

If the store has lost blobs (its data set is another one, it was away, or a look now and then finds them
missing), the states in them are written down again while they live, and their records name the new blobs.

A takeover (`recover`), and what if the process dies

1. The partition's checkpoints are read to the end. If a higher generation owns it, if they were written for
   another application or topic of frames, or if another model made the states in it, that is an error.
   Dies here: nothing happened.
2. A new producer with the partition's transactional id fences all older ones, and waits until what they left
   open is aborted or committed.
   Dies here: the older owner is fenced, its session dies, and the supervisor starts a new takeover.
3. The rest of the checkpoints is read: what the older owner committed meanwhile. From here on nobody else can
   change anything.
   Dies here: as in step 2.
4. The new owner is written, in a transaction of its own.
   Dies here: as in step 2, but older generations are now refused in step 1.
5. Each stream's blob is loaded; if it is lost, the one before it; if that is lost too, the stream begins anew
   after its last committed narration. That is a fault, and frames that Kafka deleted unread are a gap: both
   commit with the first plan, together with the records from which they do not follow again.
   Dies here: the next takeover does the same, and tells it if it was not told.
6. Blobs of older generations that no record names are deleted.
   Dies here: the next takeover deletes the rest.
7. Frames are read again from the lowest record that a stream still needs. Up to the last committed narration
   the journal decides, after it the model: committed text is never made a second time, because the state
   after it depends on it and float results may differ in the last bits. Frames that are committed as left out
   are left out again, all others up to there are shown; and settings change again where they had changed.
   Records of which nothing is needed any more are passed, so that the position comes to the end of the log.
   Dies here: nothing was committed yet; the next takeover begins at the same place.

Without any checkpoint, reading begins at the first frame that Kafka still has. Frames that Kafka deleted
before they were read are told in `RecoveredPartition.lost_frames`.

Nothing in this package knows Kafka, Redis or Ray: `pipeline.narrator.partition_takeover` has the real ports,
`tests/support` a model of them in which everything can fail.

| file | what it is |
|---|---|
| session.py, session_reports.py, burst.py | what the narrator calls, and one commit |
| session_events.py, event_ledger.py, left_out.py | what is told besides narrations |
| ledger.py, stream_books.py, stream_ledger.py, special_streams.py, positions.py | the bookkeeping: pure |
| storer.py, snapshot_ledger.py, snapshot_policy.py | which states are written down when, and where they go |
| plan.py, render.py | what a transaction contains, and its records |
| checkpoint_record.py, checkpoint_json.py, strict_json.py, blob.py | what is remembered, and how |
| recovery.py, recovered.py, checkpoint_log.py, restore.py | the takeover, and what it finds |
| other_models.py | states that another model made |
| deleted_frames.py, empty_memory.py | how a stream goes on when frames or its state are gone |
| ports.py, identity.py | what the protocol needs of the world, and who it acts for |
"""
