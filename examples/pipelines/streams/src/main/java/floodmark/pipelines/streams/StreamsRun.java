package floodmark.pipelines.streams;

import floodmark.pipelines.contract.Engine;
import floodmark.pipelines.contract.Folders;
import floodmark.pipelines.contract.Options;
import java.nio.file.Path;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.stream.Collectors;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.OffsetSpec;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.utils.AppInfoParser;
import org.apache.kafka.streams.KafkaStreams;
import org.apache.kafka.streams.TaskMetadata;
import org.apache.kafka.streams.errors.StreamsUncaughtExceptionHandler.StreamThreadExceptionResponse;

/** A running Kafka Streams program, and its metrics. */
final class StreamsRun implements Engine {
    private static final String LATE = "dropped-records-total";

    private final KafkaStreams streams;
    private final Path state;
    private final Options options;
    /** Where each partition ended when the program started: the end of a backlog. */
    private final Map<TopicPartition, Long> ends;
    private final Map<String, Long> late = new TreeMap<>();
    private volatile Throwable failure;

    StreamsRun(KafkaStreams streams, Path state, Options options) throws Exception {
        this.streams = streams;
        this.state = state;
        this.options = options;
        this.ends = ends(options);
        streams.setUncaughtExceptionHandler(thrown -> {
            failure = thrown;
            return StreamThreadExceptionResponse.SHUTDOWN_CLIENT;
        });
        streams.start();
    }

    private static Map<TopicPartition, Long> ends(Options options) throws Exception {
        String topic = options.text("topic");
        try (Admin admin = Admin.create(Map.of("bootstrap.servers", options.text("brokers")))) {
            Map<TopicPartition, OffsetSpec> latest = admin.describeTopics(List.of(topic)).allTopicNames().get().get(topic).partitions().stream()
                    .collect(Collectors.toMap(partition -> new TopicPartition(topic, partition.partition()), partition -> OffsetSpec.latest()));
            return admin.listOffsets(latest).all().get().entrySet().stream()
                    .collect(Collectors.toMap(Map.Entry::getKey, end -> end.getValue().offset()));
        }
    }

    @Override
    public String name() {
        return "streams";
    }

    @Override
    public String version() {
        return AppInfoParser.getVersion();
    }

    @Override
    public boolean isReady() {
        return streams.state() == KafkaStreams.State.RUNNING && tasks().stream().mapToInt(task -> task.topicPartitions().size()).sum() == ends.size();
    }

    /** What is committed is counted: a task commits what it has fully processed. */
    @Override
    public boolean hasEnded() {
        lateRecords(); // while the tasks still exist
        if (failure != null || streams.state() == KafkaStreams.State.ERROR) throw new IllegalStateException("Kafka Streams stopped with an error", failure);
        if (options.isLive()) return false;
        Map<TopicPartition, Long> committed = new HashMap<>();
        for (TaskMetadata task : tasks()) committed.putAll(task.committedOffsets());
        return ends.entrySet().stream().allMatch(end -> end.getValue() == 0 || committed.getOrDefault(end.getKey(), -1L) >= end.getValue());
    }

    private Set<TaskMetadata> tasks() {
        return streams.metadataForLocalThreads().stream().flatMap(thread -> thread.activeTasks().stream()).collect(Collectors.toSet());
    }

    @Override
    public String lateMetric() {
        return LATE;
    }

    /** By thread and task; a task's metric goes when the task is closed or moves to another thread, and its last value is kept here. */
    @Override
    public Map<String, Long> lateRecords() {
        streams.metrics().forEach((name, metric) -> {
            if (name.name().equals(LATE) && name.group().equals("stream-task-metrics")) {
                String thread = name.tags().get("thread-id");
                String part = "task " + name.tags().get("task-id") + ", thread " + thread.substring(thread.lastIndexOf('-') + 1);
                late.merge(part, ((Number) metric.metricValue()).longValue(), Math::max);
            }
        });
        return late;
    }

    @Override
    public long recordsRead() {
        return EventTime.READ.get();
    }

    @Override
    public long recordsUnreadable() {
        return EventTime.UNREADABLE.get();
    }

    @Override
    public long maxLagMs() {
        return EventTime.MAX_LAG_MS.get();
    }

    /** Processed means committed here too, so that the metric is read after the last record and before the tasks close. */
    @Override
    public void stop() throws Exception {
        long before;
        do {
            before = recordsRead();
            Thread.sleep(1_500); // more than a commit interval
        } while (recordsRead() != before);
        lateRecords();
        streams.close(Duration.ofSeconds(20));
        Folders.delete(state);
    }
}
