package floodmark.models.flinksql;

import java.util.Map;
import java.util.Properties;
import java.util.concurrent.ConcurrentHashMap;
import org.apache.flink.metrics.Counter;
import org.apache.flink.metrics.Metric;
import org.apache.flink.metrics.MetricConfig;
import org.apache.flink.metrics.MetricGroup;
import org.apache.flink.metrics.reporter.MetricReporter;
import org.apache.flink.metrics.reporter.MetricReporterFactory;

/** Keeps the counters of late records, which end with their job. */
public final class Late implements MetricReporter {
    private static final Map<Counter, Boolean> COUNTERS = new ConcurrentHashMap<>();

    /** Of the jobs since the last reset. */
    static long dropped() {
        return COUNTERS.keySet().stream().mapToLong(Counter::getCount).sum();
    }

    static void forget() {
        COUNTERS.clear();
    }

    @Override
    public void open(MetricConfig configuration) {}

    @Override
    public void close() {}

    @Override
    public void notifyOfAddedMetric(Metric metric, String name, MetricGroup group) {
        if (name.equals("numLateRecordsDropped")) {
            COUNTERS.put((Counter) metric, true);
        }
    }

    @Override
    public void notifyOfRemovedMetric(Metric metric, String name, MetricGroup group) {}

    /** As Flink asks for it. */
    public static final class Factory implements MetricReporterFactory {
        @Override
        public MetricReporter createMetricReporter(Properties properties) {
            return new Late();
        }
    }
}
