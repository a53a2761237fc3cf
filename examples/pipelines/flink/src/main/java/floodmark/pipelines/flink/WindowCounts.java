package floodmark.pipelines.flink;

import floodmark.pipelines.contract.Format;
import floodmark.pipelines.contract.Options;
import floodmark.pipelines.contract.Watch;
import java.time.Duration;
import java.util.Map;
import org.apache.flink.api.common.eventtime.WatermarkStrategy;
import org.apache.flink.configuration.Configuration;
import org.apache.flink.connector.base.DeliveryGuarantee;
import org.apache.flink.connector.kafka.sink.KafkaSink;
import org.apache.flink.connector.kafka.source.KafkaSource;
import org.apache.flink.connector.kafka.source.KafkaSourceBuilder;
import org.apache.flink.connector.kafka.source.enumerator.initializer.OffsetsInitializer;
import org.apache.flink.streaming.api.datastream.DataStream;
import org.apache.flink.streaming.api.environment.StreamExecutionEnvironment;
import org.apache.flink.streaming.api.windowing.assigners.EventTimeSessionWindows;
import org.apache.flink.streaming.api.windowing.assigners.TumblingEventTimeWindows;
import org.apache.flink.streaming.api.windowing.assigners.WindowAssigner;
import org.apache.flink.streaming.api.windowing.windows.TimeWindow;

/** Counts events by key in tumbling windows of event time, or in sessions, on a local Flink cluster. Flink drops and counts events behind the watermark. */
public final class WindowCounts {
    private WindowCounts() {}

    public static void main(String[] arguments) {
        Map<String, String> defaults = Options.defaults();
        defaults.put("bound-ms", "5000");
        defaults.put("allowed-lateness-ms", "0");
        defaults.put("session-gap-ms", "0");
        defaults.put("idleness-ms", "0");
        defaults.put("interval-ms", "200");
        Watch.main("flink", arguments, defaults, options -> new FlinkJob(build(options), options));
    }

    private static StreamExecutionEnvironment build(Options options) {
        StreamExecutionEnvironment environment = StreamExecutionEnvironment.createLocalEnvironment((int) options.number("parallelism"), configuration());
        environment.getConfig().setAutoWatermarkInterval(options.number("interval-ms"));
        Format format = Format.of(options);
        // The strategy goes into the source: each Kafka partition has its own watermark, and the slowest one counts.
        DataStream<Event> events = environment.fromSource(source(options, format), watermarks(options), "events");
        if (handsOn(options)) {
            events.map(event -> event.handedOn).returns(byte[].class).sinkTo(sink(options, "events-output")).name("handed on");
        }
        events.keyBy(event -> event.key)
                .window(windows(options))
                .allowedLateness(Duration.ofMillis(options.number("allowed-lateness-ms")))
                .aggregate(new Counting(), new Counting.Result(format))
                .name("windows")
                .sinkTo(sink(options, "output"))
                .name("results");
        return environment;
    }

    private static boolean handsOn(Options options) {
        return !options.text("events-output").equals(Options.NONE);
    }

    private static WindowAssigner<Object, TimeWindow> windows(Options options) {
        long gapMs = options.number("session-gap-ms");
        return gapMs > 0
                ? EventTimeSessionWindows.withGap(Duration.ofMillis(gapMs))
                : TumblingEventTimeWindows.of(Duration.ofMillis(options.number("window-ms")));
    }

    private static Configuration configuration() {
        Configuration configuration = new Configuration();
        configuration.setString("metrics.reporters", "watch");
        configuration.setString("metrics.reporter.watch.factory.class", Metrics.Factory.class.getName());
        return configuration;
    }

    private static KafkaSource<Event> source(Options options, Format format) {
        KafkaSourceBuilder<Event> source = KafkaSource.<Event>builder()
                .setBootstrapServers(options.text("brokers"))
                .setTopics(options.text("topic"))
                .setStartingOffsets(OffsetsInitializer.earliest())
                .setDeserializer(new EventReader(format, handsOn(options)));
        if (options.isLive()) {
            source.setProperty("partition.discovery.interval.ms", "-1"); // the topic's partitions are those of the start
        } else {
            source.setBounded(OffsetsInitializer.latest());
        }
        return source.build();
    }

    private static WatermarkStrategy<Event> watermarks(Options options) {
        WatermarkStrategy<Event> strategy = WatermarkStrategy.<Event>forBoundedOutOfOrderness(Duration.ofMillis(options.number("bound-ms")))
                .withTimestampAssigner((event, kafkaTimestamp) -> event.eventTimeMs);
        long idlenessMs = options.number("idleness-ms");
        return idlenessMs == 0 ? strategy : strategy.withIdleness(Duration.ofMillis(idlenessMs));
    }

    private static KafkaSink<byte[]> sink(Options options, String topic) {
        return KafkaSink.<byte[]>builder()
                .setBootstrapServers(options.text("brokers"))
                .setDeliveryGuarantee(DeliveryGuarantee.AT_LEAST_ONCE)
                .setRecordSerializer(new ResultWriter(options.text(topic)))
                .build();
    }
}
