package floodmark.pipelines.flink;

import java.util.Map;
import java.util.Properties;
import java.util.concurrent.ConcurrentHashMap;
import java.util.stream.Collectors;
import org.apache.flink.metrics.Counter;
import org.apache.flink.metrics.Metric;
import org.apache.flink.metrics.MetricConfig;
import org.apache.flink.metrics.MetricGroup;
import org.apache.flink.metrics.reporter.MetricReporter;
import org.apache.flink.metrics.reporter.MetricReporterFactory;

/**
 * A reporter that keeps Flink's counters. Flink removes an operator's metrics when the operator ends; the counter itself keeps its
 * value, so that it can be read after the end of the job, when nothing changes it any more.
 */
public final class Metrics implements MetricReporter {
    /** Shared by the job's reporter and the program: the local cluster runs in this process. */
    private static final Map<String, Counter> COUNTERS = new ConcurrentHashMap<>();
    private static final Map<String, Boolean> PARTITIONS = new ConcurrentHashMap<>();

    /** The values of all counters with that name, by subtask. */
    static Map<String, Long> values(String name) {
        String end = "/" + name;
        return COUNTERS.entrySet().stream()
                .filter(counter -> counter.getKey().endsWith(end))
                .collect(Collectors.toMap(
                        counter -> counter.getKey().substring(0, counter.getKey().length() - end.length()), counter -> counter.getValue().getCount()));
    }

    static long sum(String name) {
        return values(name).values().stream().mapToLong(Long::longValue).sum();
    }

    /** How many partitions the source's readers were given so far: each registers its offset. */
    static int partitionsAssigned() {
        return PARTITIONS.size();
    }

    @Override
    public void notifyOfAddedMetric(Metric metric, String name, MetricGroup group) {
        Map<String, String> variables = group.getAllVariables();
        if (metric instanceof Counter counter && variables.containsKey("<operator_name>")) {
            // With the attempt's number: a restarted task counts from 0, and what it counted before still counts.
            String subtask = variables.get("<operator_name>") + "/" + variables.get("<subtask_index>") + "/" + variables.get("<task_attempt_num>");
            COUNTERS.putIfAbsent(subtask + "/" + name, counter);
        }
        if (name.equals("currentOffset") && variables.containsKey("<partition>")) {
            PARTITIONS.put(variables.get("<partition>"), true);
        }
    }

    @Override
    public void notifyOfRemovedMetric(Metric metric, String name, MetricGroup group) {}

    @Override
    public void open(MetricConfig config) {}

    @Override
    public void close() {}

    /** Found by Flink through META-INF/services. */
    public static final class Factory implements MetricReporterFactory {
        @Override
        public MetricReporter createMetricReporter(Properties properties) {
            return new Metrics();
        }
    }
}
