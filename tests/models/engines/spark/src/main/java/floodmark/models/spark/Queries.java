package floodmark.models.spark;

import static org.apache.spark.sql.functions.coalesce;
import static org.apache.spark.sql.functions.col;
import static org.apache.spark.sql.functions.collect_list;
import static org.apache.spark.sql.functions.lit;
import static org.apache.spark.sql.functions.session_window;
import static org.apache.spark.sql.functions.window;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import floodmark.models.lines.Answer;
import floodmark.models.lines.Folder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Timestamp;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Encoders;
import org.apache.spark.sql.ForeachWriter;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.RowFactory;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.sql.execution.streaming.runtime.MemoryStream;
import org.apache.spark.sql.execution.streaming.runtime.StreamExecution;
import org.apache.spark.sql.execution.streaming.runtime.StreamingQueryWrapper;
import org.apache.spark.sql.streaming.StreamingQuery;
import org.apache.spark.sql.streaming.StreamingQueryProgress;
import org.apache.spark.sql.types.DataTypes;
import org.apache.spark.sql.types.StructType;
import scala.Option;
import scala.jdk.javaapi.CollectionConverters;

/** Runs each stream through a query and records which records are in each window, or got through. */
final class Queries {
    private static final StructType RECORD = new StructType()
            .add("number", DataTypes.IntegerType)
            .add("time", DataTypes.TimestampType)
            .add("key", DataTypes.StringType);
    /** A record that closes windows and does not belong to the stream. */
    private static final int SENTINEL = -1;
    /** Further than any window, gap and delay. */
    private static final long FAR_MS = 1_000_000;
    /** The most queries at once. */
    private static final int MOST_RUNNING = 4;
    /** What each query writes, by its number: a writer is copied, and the copies find it by that number. */
    private static final Map<Integer, Results> WRITTEN = new ConcurrentHashMap<>();

    private final SparkSession spark;
    private final Path folder;
    private int queries;
    private final Map<JsonNode, Running> running = new HashMap<>();

    Queries(SparkSession spark, Path folder) {
        this.spark = spark;
        this.folder = folder;
    }

    Answer answer(JsonNode settings, JsonNode rows) throws Exception {
        boolean isPlain = true;
        for (JsonNode row : rows) {
            isPlain &= row.path("time").asLong(1) > 0;
        }
        JsonNode kind = ((ObjectNode) settings.deepCopy()).without("partitions");
        if (!isPlain) {
            Running alone = new Running(kind);
            try {
                return alone.answer(rows);
            } finally {
                alone.stop();
            }
        }
        Running shared = running.get(kind);
        if (shared == null) {
            if (running.size() == MOST_RUNNING) {
                stop();
            }
            shared = new Running(kind);
            running.put(kind, shared);
        }
        return shared.answer(rows);
    }

    void stop() throws Exception {
        for (Running one : running.values()) {
            one.stop();
        }
        running.clear();
    }

    /**
     * A query, which starts slowly: streams with the same settings share one, each so long after the previous one that nothing is left of that, and
     * that its watermark is as far away as at the start. Only the watermark's first value, 0, differs: a stream with such times has its own query.
     */
    private final class Running {
        private final JsonNode settings;
        private final MemoryStream<Row> stream;
        private final StreamingQuery query;
        private final Path checkpoint;
        private final boolean isAppended;
        /** A batch without data follows each that moved the watermark. */
        private final boolean isQuiet;
        private final int number = queries++;
        private long base;
        private long lastBatch = -1;

        Running(JsonNode settings) throws Exception {
            this.settings = settings;
            spark.conf().set("spark.sql.streaming.statefulOperator.allowMultiple", settings.path("allow_multiple").asBoolean(true));
            isQuiet = settings.path("quiet_stream").asBoolean();
            spark.conf().set("spark.sql.streaming.noDataMicroBatches.enabled", isQuiet);
            stream = MemoryStream.apply(number, spark, Option.empty(), Encoders.row(RECORD));
            Dataset<Row> read = stream.toDF()
                    .select(col("number"), col("time"), coalesce(col("key"), lit("")).as("key"))
                    .withWatermark("time", settings.get("bound_ms").longValue() + " milliseconds");
            String mode = settings.get("output_mode").textValue();
            isAppended = mode.equals("append");
            checkpoint = Files.createTempDirectory(folder, "checkpoint");
            query = query(read, settings).writeStream().outputMode(mode).foreach(new Note(number))
                    .option("checkpointLocation", checkpoint.toString()).start();
        }

        Answer answer(JsonNode rows) {
            Results results = new Results(isAppended, base);
            WRITTEN.put(number, results);
            long last = batches(query, stream, rows, base);
            long dropped = dropped();
            boolean isWindowed = !settings.get("window").get("kind").textValue().equals("none");
            if (isAppended && isWindowed) {
                last = close(last);
                dropped();
            }
            Answer answer = results.answer(rows, isWindowed);
            answer.addMetric(dropped);
            // Aligned like the windows.
            long grid = FAR_MS * settings.get("window").path("hop_ms").asLong(1);
            base = (last / grid + 2) * grid;
            return answer;
        }

        /** The batch after one that is far ahead writes what is still open. */
        private long close(long last) {
            long ahead = last;
            for (int times = isQuiet ? 2 : 1; times <= 2; times++) {
                ahead += FAR_MS;
                end(query, stream, new HashMap<>(Map.of(0, List.of(record(SENTINEL, ahead, "")))));
            }
            return ahead;
        }

        /** Rows dropped since the last call. */
        private long dropped() {
            long dropped = 0;
            for (StreamingQueryProgress progress : query.recentProgress()) {
                // A trigger without a batch has the number of the next one.
                if (progress.batchId() > lastBatch && progress.numInputRows() > 0) {
                    lastBatch = progress.batchId();
                    for (var operator : progress.stateOperators()) {
                        dropped += operator.numRowsDroppedByWatermark();
                    }
                }
            }
            return dropped;
        }

        void stop() throws Exception {
            query.stop();
            WRITTEN.remove(number);
            Folder.delete(checkpoint);
        }
    }

    /** Rows of key, start, end (null without windows) and the numbers of the records. */
    private static Dataset<Row> query(Dataset<Row> read, JsonNode settings) {
        JsonNode of = settings.get("window");
        return switch (settings.get("operator").textValue()) {
            case "drop_duplicates" -> single(read.dropDuplicates(new String[] {"number", "time"}));
            case "drop_duplicates_within_watermark" -> single(read.dropDuplicatesWithinWatermark(new String[] {"number", "time"}));
            default -> switch (of.get("kind").textValue()) {
                case "none" -> gathered(read, "time", lit(null), lit(null));
                case "session" -> gathered(read.withColumn("window", session_window(col("time"), ms(of, "gap_ms"))), "window",
                        col("window.start"), col("window.end"));
                default -> gathered(read.withColumn("window", window(col("time"), ms(of, "size_ms"), ms(of, "hop_ms"))), "window",
                        col("window.start"), col("window.end"));
            };
        };
    }

    private static String ms(JsonNode of, String name) {
        return of.get(name).longValue() + " milliseconds";
    }

    private static Dataset<Row> gathered(Dataset<Row> read, String by, org.apache.spark.sql.Column start, org.apache.spark.sql.Column end) {
        return read.groupBy(col("key"), col(by)).agg(collect_list(col("number")).as("numbers"))
                .select(col("key"), start.cast("timestamp"), end.cast("timestamp"), col("numbers"));
    }

    private static Dataset<Row> single(Dataset<Row> read) {
        return read.select(col("key"), lit(null).cast("timestamp"), lit(null).cast("timestamp"), org.apache.spark.sql.functions.array(col("number")));
    }

    /** A batch is what lies between two ends of batches; within it, each partition of the stream is a partition of the input. */
    private static long batches(StreamingQuery query, MemoryStream<Row> stream, JsonNode rows, long base) {
        long last = base;
        Map<Integer, List<Row>> batch = new TreeMap<>();
        for (int index = 0; index < rows.size(); index++) {
            JsonNode row = rows.get(index);
            if (row.has("time")) {
                long time = base + row.get("time").longValue();
                last = Math.max(last, time);
                batch.computeIfAbsent(row.get("partition").intValue(), partition -> new ArrayList<>())
                        .add(record(index, time, row.path("key").textValue()));
            } else if (row.has("batch")) {
                end(query, stream, batch);
            }
        }
        end(query, stream, batch);
        return last;
    }

    private static Row record(int number, long timeMs, String key) {
        return RowFactory.create(number, new Timestamp(timeMs), key);
    }

    private static void end(StreamingQuery query, MemoryStream<Row> stream, Map<Integer, List<Row>> batch) {
        if (batch.isEmpty()) {
            return;
        }
        StreamExecution execution = ((StreamingQueryWrapper) query).streamingQuery();
        // No batch begins between one partition and the next.
        execution.awaitProgressLock().lock();
        try {
            batch.values().forEach(records -> stream.addData(CollectionConverters.asScala(records).toSeq()));
        } finally {
            execution.awaitProgressLock().unlock();
        }
        query.processAllAvailable();
        batch.clear();
    }

    /** Records each row that a batch writes. A separate batch for that (foreachBatch) would take as long again. */
    private static final class Note extends ForeachWriter<Row> {
        private final int query;

        Note(int query) {
            this.query = query;
        }

        @Override
        public boolean open(long partition, long epoch) {
            return true;
        }

        @Override
        public void process(Row row) {
            WRITTEN.get(query).add(row);
        }

        @Override
        public void close(Throwable failure) {}
    }

    /** The output of the batches. */
    private static final class Results {
        private record Window(String key, Long start, Long end) {}

        private final boolean isAppended;
        private final long base;
        private final Map<Window, List<Integer>> windows = new HashMap<>();

        Results(boolean isAppended, long base) {
            this.isAppended = isAppended;
            this.base = base;
        }

        /** Appended results are parts; an update replaces the previous result. Without windows everything is a part. */
        synchronized void add(Row row) {
            Window window = new Window(row.getString(0), ms(row.getTimestamp(1)), ms(row.getTimestamp(2)));
            List<Integer> numbers = row.getList(3);
            if (isAppended || window.start == null) {
                windows.computeIfAbsent(window, none -> new ArrayList<>()).addAll(numbers);
            } else {
                windows.put(window, numbers);
            }
        }

        private Long ms(Timestamp time) {
            return time == null ? null : time.getTime() - base;
        }

        synchronized Answer answer(JsonNode rows, boolean isWindowed) {
            Answer answer = new Answer();
            boolean[] passed = new boolean[rows.size()];
            windows.forEach((window, numbers) -> {
                List<Integer> own = numbers.stream().filter(number -> number != SENTINEL).toList();
                own.forEach(number -> passed[number] = true);
                if (isWindowed && !own.isEmpty()) {
                    answer.put(window.key, window.start, window.end, own);
                }
            });
            if (!isWindowed) {
                answer.withoutWindows();
                for (int index = 0; index < passed.length; index++) {
                    if (rows.get(index).has("time") && !passed[index]) {
                        answer.drop(index);
                    }
                }
            }
            return answer;
        }
    }
}
