/** What the reference says of the two, besides their settings. */
export const sourceGuarantees = `Every epoch reads exact ranges of offsets, which are stored before anything is read: an epoch that is
repeated reads the same messages. Only committed messages are read. Those of transactions that were aborted are passed over; one
that is open holds back what stands behind it. A partition is read by one subtask, in its order; partitions that are added while a
job runs are read from their first message. A BATCH job ends at what was there when it began; with \`positions: CONTINUE\` the next
execution goes on from there. Messages that are gone before they were read, and a topic that was made anew, are errors.

A message without a value (a tombstone), and one of the JSON value \`null\`, is a record without values. A value that cannot be read is a bad record, with its topic,
partition and offset; so is a message whose key or headers are asked for and are not UTF-8. Of headers of the same name the last
counts. Numbers of JSON are read digit by digit into BIGINT and DECIMAL; beside a DECIMAL of more than 15 digits, fractions of more
than 15 digits become text within columns of type JSON.

Limits: one topic a source; no more subtasks than partitions are at work; messages of the format before Kafka 0.11 are refused.
Examples, which the tests run: \`examples/orders-to-kafka.yaml\`, \`examples/orders-from-kafka.yaml\`.`

export const sinkGuarantees = `EXACTLY_ONCE: the messages of an epoch and its mark are one transaction, with a transactional id for
each subtask of the sink. Whoever reads committed messages only (\`isolation.level=read_committed\`) sees every record once, whatever
was killed or restarted; other readers also see what was aborted. Marks are kept in the compacted topic \`etl-sink-progress\`, which
the first job makes: the user needs the right to create it, or somebody creates it before, compacted. A lineage that has written
nothing for 30 days cannot go on. A transaction is open as long as an epoch takes, at most 10 minutes (less where
\`transaction.max.timeout.ms\` is smaller), and readers of committed messages wait for its end: \`checkpoint.interval\` bounds what they
wait. After a crash that nothing takes up it stays open for that time.

AT_LEAST_ONCE (\`delivery\` of the job): no transactions and no marks; messages are visible at once, and come again when an epoch is
repeated.

Keys find their partition as with Kafka's own Java producer. JSON has every number with all its digits; NULL is \`null\`, times are
text as DuckDB writes it, lists and structs are JSON, NaN and infinity are text. A record that the topic does not take, as it is too
large or has no key where the topic is compacted, is a bad record; the others are written.`
