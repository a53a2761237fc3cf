"""Writes the records of a topic in the order in which Spark read them, batch by batch, as `floodmark watermark` reads them.

Standard input: the topic, as Kafka's console consumer prints it with partition, offset and key. Argument: the checkpoint of the query.
A batch is what lies between two files `offsets/N`, line 3: the end offset of each partition. Only batches that were committed count.
"""

import csv
import json
import os
import sys


def batches(checkpoint):
    """By batch number, the end offset of each partition."""
    number = 0
    while os.path.exists(os.path.join(checkpoint, "commits", str(number))):
        with open(os.path.join(checkpoint, "offsets", str(number))) as plan:
            ends = json.loads(plan.read().splitlines()[2])
        (partitions,) = ends.values()  # one topic
        yield {int(partition): end for partition, end in partitions.items()}
        number += 1


def records(lines):
    """For each partition, by offset: event time and key."""
    topic = {}
    for line in lines:
        partition, offset, key, payload = line.rstrip("\n").split("\t", 3)
        event = (json.loads(payload)["event_time"], key)
        topic.setdefault(int(partition.split(":")[1]), {})[int(offset.split(":")[1])] = event
    return topic


def main():
    topic, read = records(sys.stdin), {}
    out = csv.writer(sys.stdout)
    out.writerow(("kind", "partition", "time_ms", "key"))
    for ends in batches(sys.argv[1]):
        for partition, end in sorted(ends.items()):
            for offset in range(read.get(partition, 0), end):
                time_ms, key = topic[partition][offset]
                out.writerow(("event", partition, time_ms, key))
            read[partition] = end
        out.writerow(("batch", "", "", ""))


if __name__ == "__main__":
    main()
