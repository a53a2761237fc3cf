package floodmark.pipelines.flink;

import floodmark.pipelines.contract.Engine;
import floodmark.pipelines.contract.Folders;
import floodmark.pipelines.contract.Options;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import org.apache.flink.api.common.JobExecutionResult;
import org.apache.flink.core.execution.JobClient;
import org.apache.flink.core.execution.SavepointFormatType;
import org.apache.flink.runtime.util.EnvironmentInformation;
import org.apache.flink.streaming.api.environment.StreamExecutionEnvironment;
import org.apache.kafka.clients.admin.Admin;

/** The job, and what Flink's metrics say about it. */
final class FlinkJob implements Engine {
    private static final String LATE = "numLateRecordsDropped";

    private final JobClient job;
    private final CompletableFuture<JobExecutionResult> result;
    private final long parallelism;
    private final int partitions;

    FlinkJob(StreamExecutionEnvironment environment, Options options) throws Exception {
        this.parallelism = options.number("parallelism");
        String topic = options.text("topic");
        try (Admin admin = Admin.create(Map.of("bootstrap.servers", options.text("brokers")))) {
            this.partitions = admin.describeTopics(List.of(topic)).allTopicNames().get().get(topic).partitions().size();
        }
        this.job = environment.executeAsync("window counts");
        this.result = job.getJobExecutionResult();
    }

    @Override
    public String name() {
        return "flink";
    }

    @Override
    public String version() {
        return EnvironmentInformation.getVersion();
    }

    @Override
    public boolean isReady() {
        return lateRecords().size() == parallelism && Metrics.partitionsAssigned() == partitions;
    }

    @Override
    public boolean hasEnded() throws Exception {
        // Not the job's status: the local cluster ends with the job, and then cannot be asked.
        if (!result.isDone()) return false;
        result.get(); // throws the job's failure
        return true;
    }

    @Override
    public String lateMetric() {
        return LATE;
    }

    @Override
    public Map<String, Long> lateRecords() {
        return Metrics.values(LATE);
    }

    @Override
    public long recordsRead() {
        return Metrics.sum(EventReader.READ);
    }

    @Override
    public long recordsUnreadable() {
        return Metrics.sum(EventReader.UNREADABLE);
    }

    @Override
    public long maxLagMs() {
        return EventReader.MAX_LAG_MS.get();
    }

    /** Ends event time, so that every open window fires and its result is written: a cancelled job would leave them out. */
    @Override
    public void stop() throws Exception {
        if (hasEnded()) return;
        Path savepoints = Files.createTempDirectory("flink-stop");
        try {
            job.stopWithSavepoint(true, savepoints.toUri().toString(), SavepointFormatType.CANONICAL).get();
            result.get();
        } finally {
            Folders.delete(savepoints);
        }
    }
}
