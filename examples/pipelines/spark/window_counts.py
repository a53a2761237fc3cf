"""Counts events by key in tumbling windows of event time. Spark drops and counts events behind the watermark."""

import argparse
import json
import os
import signal
import sys
import tempfile
import time

from pyspark.sql import SparkSession, functions as f

LATE = "numRowsDroppedByWatermark"


def whole_number_above_0(text):
    number = int(text)
    if number <= 0:
        raise ValueError
    return number


def arguments():
    parser = argparse.ArgumentParser(prog="spark", description=__doc__, allow_abbrev=False)
    parser.add_argument("--brokers", default="127.0.0.1:9092")
    parser.add_argument("--topic", required=True)
    parser.add_argument("--output", required=True)
    parser.add_argument("--mode", choices=("backlog", "live"), default="backlog")
    parser.add_argument("--window-ms", type=whole_number_above_0, default=10_000)
    parser.add_argument("--bound-ms", type=int, default=5_000, help="the delay of withWatermark")
    parser.add_argument("--interval-ms", type=int, default=0, help="the least time between two batches of a live run; 0: one after the other")
    parser.add_argument("--parallelism", type=whole_number_above_0, default=1, help="threads, and partitions of the state")
    parser.add_argument("--max-offsets-per-trigger", type=whole_number_above_0, help="the most records of one batch")
    parser.add_argument("--output-mode", choices=("append", "update"), default="update")
    parser.add_argument("--checkpoint", help="an empty folder; offsets/N in it says what batch N read (default: a temporary one)")
    parser.add_argument("--metrics")
    parser.add_argument("--ready-file")
    parser.add_argument("--stop-file")
    parser.add_argument("--stop-after-idle-ms", type=int, default=0)
    return parser.parse_args()


def session(options):
    return (
        SparkSession.builder.appName("window counts")
        .master("local[%d]" % options.parallelism)
        .config("spark.driver.extraClassPath", os.environ["SPARK_KAFKA_JARS"] + "/*")
        .config("spark.driver.host", "127.0.0.1")
        .config("spark.driver.bindAddress", "127.0.0.1")
        .config("spark.ui.enabled", "false")
        .config("spark.ui.showConsoleProgress", "false")
        .config("spark.sql.shuffle.partitions", options.parallelism)
        .config("spark.sql.session.timeZone", "UTC")
        # Every batch's figures are kept until the end of the run.
        .config("spark.sql.streaming.numRecentProgressUpdates", 1_000_000)
        .config("spark.sql.streaming.minBatchesToRetain", 1_000_000)
        .getOrCreate()
    )


def start(spark, options):
    source = (
        spark.readStream.format("kafka")
        .option("kafka.bootstrap.servers", options.brokers)
        .option("subscribe", options.topic)
        .option("startingOffsets", "earliest")
    )
    if options.max_offsets_per_trigger:
        source = source.option("maxOffsetsPerTrigger", options.max_offsets_per_trigger)
    event_time_ms = f.get_json_object(f.col("value").cast("string"), "$.event_time").cast("long")
    events = source.load().select(f.col("key").cast("string").alias("key"), f.timestamp_millis(event_time_ms).alias("event_time"))
    counts = (
        events.withWatermark("event_time", "%d milliseconds" % options.bound_ms)
        .groupBy(f.window("event_time", "%d milliseconds" % options.window_ms), "key")
        .count()
    )
    result = f.to_json(
        f.struct(
            f.unix_millis("window.start").alias("window_start"),
            f.unix_millis("window.end").alias("window_end"),
            "key",
            "count",
        )
    )
    sink = (
        counts.select(f.col("key"), result.alias("value"))
        .writeStream.format("kafka")
        .option("kafka.bootstrap.servers", options.brokers)
        .option("topic", options.output)
        .option("checkpointLocation", options.checkpoint)
        .outputMode(options.output_mode)
    )
    if options.mode == "backlog":
        sink = sink.trigger(availableNow=True)  # to the ends of the partitions at the start
    elif options.interval_ms:
        sink = sink.trigger(processingTime="%d milliseconds" % options.interval_ms)
    return sink.start()


class Progress:
    """The batches so far, each once: Spark also reports when there was no data."""

    def __init__(self):
        self.batches = {}

    def take(self, query):
        for progress in query.recentProgress:
            progress = json.loads(progress.json)
            if progress["batchId"] in self.batches and not progress["numInputRows"] and not dropped(progress):
                continue
            self.batches[progress["batchId"]] = {
                "batch": progress["batchId"],
                "records_read": progress["numInputRows"],
                "dropped": dropped(progress),
                "watermark": progress.get("eventTime", {}).get("watermark"),
                "at": progress["timestamp"],
            }

    def records_read(self):
        return sum(batch["records_read"] for batch in self.batches.values())

    def write(self, options, spark, ended):
        if not options.metrics:
            return
        batches = [self.batches[number] for number in sorted(self.batches)]
        report = {
            "engine": "spark",
            "version": spark.version,
            "metric": LATE,
            "value": sum(batch["dropped"] for batch in batches) if batches else None,
            "parts": {"batch %d" % batch["batch"]: batch["dropped"] for batch in batches},
            "records_read": self.records_read(),
            "ended": ended,
            "checkpoint": options.checkpoint,
            "batches": batches,
        }
        with open(options.metrics + ".partial", "w") as out:
            json.dump(report, out, indent=2)
        os.replace(options.metrics + ".partial", options.metrics)


def dropped(progress):
    return sum(operator[LATE] for operator in progress["stateOperators"])


def watch(query, spark, options):
    """Runs to the end of the backlog, or until stopped."""
    progress, told, ready = Progress(), [], False
    signal.signal(signal.SIGTERM, lambda *_: told.append(True))
    read, read_at, written_at = 0, time.monotonic(), 0.0
    while query.isActive and not told:
        now = time.monotonic()
        if not ready and is_ready(query):
            ready = True
            if options.ready_file:
                open(options.ready_file, "w").close()
        if now - written_at >= 1:
            written_at = now
            progress.take(query)
            progress.write(options, spark, False)
            if progress.records_read() != read:
                read, read_at = progress.records_read(), now
            if options.mode == "live" and read and 0 < options.stop_after_idle_ms <= (now - read_at) * 1000:
                break
        if options.stop_file and os.path.exists(options.stop_file):
            break
        time.sleep(0.1)
    if query.isActive:
        query.processAllAvailable()
        query.stop()
    elif query.exception():
        raise query.exception()
    progress.take(query)
    progress.write(options, spark, True)


def is_ready(query):
    return query.status["message"].startswith(("Waiting for data", "Waiting for next trigger")) or bool(query.recentProgress)


def main():
    options = arguments()
    options.checkpoint = options.checkpoint or tempfile.mkdtemp(prefix="floodmark-spark-")
    spark = session(options)
    spark.sparkContext.setLogLevel("WARN")
    try:
        watch(start(spark, options), spark, options)
    finally:
        spark.stop()


if __name__ == "__main__":
    sys.exit(main())
