package floodmark.models.flinksql;

import com.fasterxml.jackson.databind.JsonNode;
import floodmark.models.flink.Event;
import floodmark.models.flink.Step;
import floodmark.models.lines.Answer;
import floodmark.models.lines.Lines;
import java.time.LocalDateTime;
import java.time.ZoneOffset;
import java.util.List;
import java.util.Set;
import java.util.stream.Stream;
import org.apache.flink.api.common.typeinfo.Types;
import org.apache.flink.configuration.Configuration;
import org.apache.flink.runtime.minicluster.MiniCluster;
import org.apache.flink.runtime.minicluster.MiniClusterConfiguration;
import org.apache.flink.streaming.api.datastream.DataStream;
import org.apache.flink.streaming.api.environment.StreamExecutionEnvironment;
import org.apache.flink.table.api.DataTypes;
import org.apache.flink.table.api.Schema;
import org.apache.flink.table.api.bridge.java.StreamTableEnvironment;
import org.apache.flink.test.util.MiniClusterPipelineExecutorServiceLoader;
import org.apache.flink.types.Row;
import org.apache.flink.util.CloseableIterator;

/** Flink SQL itself, on a small cluster in this process: a job for each stream. */
public final class FlinkSqlEngine {
    private static final String EVENTS = "events";

    private final MiniCluster cluster;

    private FlinkSqlEngine(MiniCluster cluster) {
        this.cluster = cluster;
    }

    public static void main(String[] arguments) throws Exception {
        try (MiniCluster cluster = new MiniCluster(new MiniClusterConfiguration.Builder()
                .setConfiguration(configurationOfCluster())
                .setNumTaskManagers(1)
                .setNumSlotsPerTaskManager(1)
                .withRandomPorts()
                .build())) {
            cluster.start();
            Lines.serve(new FlinkSqlEngine(cluster)::answer);
        }
        System.exit(0); // The cluster's threads are not all daemons.
    }

    private Answer answer(JsonNode settings, JsonNode rows) throws Exception {
        Late.forget();
        StreamExecutionEnvironment environment = new StreamExecutionEnvironment(
                new MiniClusterPipelineExecutorServiceLoader(cluster), configuration(settings), null);
        environment.setParallelism(1);
        StreamTableEnvironment tables = StreamTableEnvironment.create(environment);
        createEvents(environment, tables, settings, rows);
        Answer answer = new Answer();
        try (CloseableIterator<Row> results = tables.executeSql(query(settings.get("window"))).collect()) {
            while (results.hasNext()) {
                note(results.next(), answer);
            }
        }
        answer.addMetric(Late.dropped());
        return answer;
    }

    private static Configuration configurationOfCluster() {
        Configuration configuration = new Configuration();
        configuration.setString("metrics.reporters", "late");
        configuration.setString("metrics.reporter.late.factory.class", Late.Factory.class.getName());
        configuration.setString("taskmanager.memory.managed.size", "64m");
        configuration.setString("taskmanager.memory.network.min", "32m");
        configuration.setString("taskmanager.memory.network.max", "32m");
        configuration.setString("rest.port", "0");
        return configuration;
    }

    private static Configuration configuration(JsonNode settings) {
        Configuration configuration = new Configuration();
        configuration.setString("pipeline.auto-watermark-interval", "0ms"); // A watermark after each record, where the table makes them.
        configuration.setString("table.local-time-zone", "UTC");
        configuration.setString("table.optimizer.agg-phase-strategy", settings.path("phases").asText("AUTO"));
        return MiniClusterPipelineExecutorServiceLoader.updateConfigurationForMiniCluster(configuration, Set.of(), Set.of());
    }

    private static void createEvents(StreamExecutionEnvironment environment, StreamTableEnvironment tables, JsonNode settings, JsonNode rows) {
        List<Step> steps = Step.of(rows);
        Schema.Builder schema = Schema.newBuilder().column("row", "INT").column("key", "STRING").column("timeMs", "BIGINT");
        DataStream<Event> events;
        if (settings.path("per_record").asBoolean()) {
            events = environment.fromData(Types.POJO(Event.class), steps.stream().filter(step -> step.event != null).map(step -> step.event).toArray(Event[]::new));
            schema.columnByExpression("ts", "TO_TIMESTAMP_LTZ(timeMs, 3)").watermark("ts", "ts - " + interval(settings, "bound_ms"));
        } else {
            events = environment.fromData(Types.POJO(Step.class), steps.toArray(Step[]::new))
                    .transform("play", Types.POJO(Event.class), new Player(settings.toString(), rows.toString()));
            schema.columnByMetadata("ts", DataTypes.TIMESTAMP_LTZ(3), "rowtime").watermark("ts", "SOURCE_WATERMARK()");
        }
        tables.createTemporaryView(EVENTS, events, schema.build());
    }

    private static String interval(JsonNode of, String name) {
        long ms = of.get(name).longValue();
        return "INTERVAL '%d.%03d' SECOND(3, 3)".formatted(ms / 1000, ms % 1000);
    }

    private static String query(JsonNode window) {
        String windows = switch (window.get("kind").textValue()) {
            case "tumbling" -> "TUMBLE(TABLE events, DESCRIPTOR(ts), " + interval(window, "size_ms") + ")";
            case "hopping" -> "HOP(TABLE events, DESCRIPTOR(ts), " + interval(window, "hop_ms") + ", " + interval(window, "size_ms") + ")";
            case "session" -> "SESSION(TABLE events PARTITION BY `key`, DESCRIPTOR(ts), " + interval(window, "gap_ms") + ")";
            default -> throw new IllegalArgumentException("no such windows: " + window);
        };
        return "SELECT `key`, window_start, window_end, LISTAGG(CAST(`row` AS STRING), ' ') FROM TABLE(" + windows + ") GROUP BY `key`, window_start, window_end";
    }

    private static void note(Row result, Answer answer) {
        List<Integer> rows = Stream.of(((String) result.getField(3)).split(" ")).map(Integer::valueOf).toList();
        answer.put((String) result.getField(0), ms(result.getField(1)), ms(result.getField(2)), rows);
    }

    private static long ms(Object time) {
        return ((LocalDateTime) time).toInstant(ZoneOffset.UTC).toEpochMilli();
    }
}
