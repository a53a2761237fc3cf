package floodmark.models.flink;

import com.fasterxml.jackson.databind.JsonNode;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;
import org.apache.flink.api.common.eventtime.WatermarkGenerator;
import org.apache.flink.api.common.eventtime.WatermarkOutput;
import org.apache.flink.api.common.eventtime.WatermarkStrategy;
import org.apache.flink.api.connector.source.ReaderOutput;
import org.apache.flink.api.connector.source.SourceOutput;
import org.apache.flink.runtime.metrics.groups.TaskIOMetricGroup;
import org.apache.flink.runtime.metrics.groups.UnregisteredMetricGroups;
import org.apache.flink.streaming.api.operators.source.TimestampsAndWatermarks;
import org.apache.flink.streaming.api.watermark.Watermark;
import org.apache.flink.streaming.runtime.streamrecord.StreamRecord;
import org.apache.flink.streaming.runtime.tasks.TestProcessingTimeService;
import org.apache.flink.streaming.runtime.watermarkstatus.StatusWatermarkValve;
import org.apache.flink.streaming.runtime.watermarkstatus.WatermarkStatus;
import org.apache.flink.util.clock.ManualClock;

/**
 * The source's tasks, as FLIP-27 sources have them: a watermark generator for each split, joined in the task. Partition p belongs to task p mod n, as the Kafka
 * source assigns them. After them comes the valve that joins the tasks. Nothing waits in a network buffer.
 */
public final class Sources {
    private final ManualClock clock = new ManualClock(TimeUnit.HOURS.toNanos(1)); // An idleness timer takes 0 for "not started".
    private final long startedNanos = clock.relativeTimeNanos();
    private final List<TimestampsAndWatermarks<Event>> tasks = new ArrayList<>();
    private final Map<Integer, SourceOutput<Event>> splits = new TreeMap<>();

    /** The partitions are those in the rows. */
    public Sources(JsonNode settings, JsonNode rows, ToWindows windows) {
        int count = settings.path("source_tasks").asInt(1);
        StatusWatermarkValve valve = new StatusWatermarkValve(count);
        List<ReaderOutput<Event>> outputs = new ArrayList<>();
        for (int task = 0; task < count; task++) {
            TimestampsAndWatermarks<Event> watermarks = watermarks(settings);
            tasks.add(watermarks);
            outputs.add(watermarks.createMainOutput(new Channel(task, valve, windows), new Unwatched()));
        }
        for (JsonNode row : rows) {
            if (row.has("partition")) {
                int partition = row.get("partition").intValue();
                splits.computeIfAbsent(partition, number -> outputs.get(number % count).createOutputForSplit("partition " + number));
            }
        }
    }

    private TimestampsAndWatermarks<Event> watermarks(JsonNode settings) {
        TaskIOMetricGroup metrics = UnregisteredMetricGroups.createUnregisteredTaskMetricGroup().getIOMetricGroup();
        return TimestampsAndWatermarks.createProgressiveEventTimeLogic(
                strategy(settings), metrics, new TestProcessingTimeService(), 0, clock, clock, metrics);
    }

    private static WatermarkStrategy<Event> strategy(JsonNode settings) {
        long boundMs = settings.get("bound_ms").longValue();
        // SQL's is a millisecond ahead: `WATERMARK FOR ts AS ts - INTERVAL …`.
        long lessMs = settings.path("sql").asBoolean() ? boundMs : boundMs + 1;
        boolean perRecord = settings.path("per_record").asBoolean();
        WatermarkStrategy<Event> strategy = perRecord || settings.path("sql").asBoolean()
                ? WatermarkStrategy.forGenerator(context -> new Newest(lessMs, perRecord))
                : WatermarkStrategy.forBoundedOutOfOrderness(Duration.ofMillis(boundMs));
        WatermarkStrategy<Event> timed = strategy.withTimestampAssigner((event, before) -> event.timeMs);
        return settings.has("idleness_ms") ? timed.withIdleness(Duration.ofMillis(settings.get("idleness_ms").longValue())) : timed;
    }

    public void take(Step step) {
        if (step.event == null) {
            tick(step.tickMs);
        } else {
            splits.get(step.partition).collect(step.event);
        }
    }

    /** The periodic watermark is due in every task, one after another. */
    private void tick(long nowMs) {
        long nanos = startedNanos + TimeUnit.MILLISECONDS.toNanos(nowMs) - clock.relativeTimeNanos();
        clock.advanceTime(nanos, TimeUnit.NANOSECONDS);
        for (TimestampsAndWatermarks<Event> task : tasks) {
            task.emitImmediateWatermark(nowMs);
        }
    }

    /** The newest event time minus an offset: after each record, or at ticks only. */
    private static final class Newest implements WatermarkGenerator<Event> {
        private final long lessMs;
        private final boolean perRecord;
        private long newestMs;

        Newest(long lessMs, boolean perRecord) {
            this.lessMs = lessMs;
            this.perRecord = perRecord;
            this.newestMs = Long.MIN_VALUE + lessMs;
        }

        @Override
        public void onEvent(Event event, long timeMs, WatermarkOutput output) {
            newestMs = Math.max(newestMs, timeMs);
            if (perRecord) {
                onPeriodicEmit(output);
            }
        }

        @Override
        public void onPeriodicEmit(WatermarkOutput output) {
            output.emitWatermark(new org.apache.flink.api.common.eventtime.Watermark(newestMs - lessMs));
        }
    }

    /** One task's path to the windows. */
    private static final class Channel extends ToWindows {
        private final int task;
        private final StatusWatermarkValve valve;
        private final ToWindows windows;

        Channel(int task, StatusWatermarkValve valve, ToWindows windows) {
            this.task = task;
            this.valve = valve;
            this.windows = windows;
        }

        @Override
        public void emitRecord(StreamRecord<Event> record) throws Exception {
            windows.emitRecord(record);
        }

        @Override
        public void emitWatermark(Watermark watermark) throws Exception {
            valve.inputWatermark(watermark, task, windows);
        }

        @Override
        public void emitWatermarkStatus(WatermarkStatus status) throws Exception {
            valve.inputWatermarkStatus(status, task, windows);
        }
    }

    private static final class Unwatched implements TimestampsAndWatermarks.WatermarkUpdateListener {
        @Override
        public void updateIdle(boolean isIdle) {}

        @Override
        public void updateCurrentEffectiveWatermark(long watermark) {}

        @Override
        public void updateCurrentSplitWatermark(String split, long watermark) {}

        @Override
        public void updateCurrentSplitIdle(String split, boolean isIdle) {}

        @Override
        public void splitFinished(String split) {}
    }
}
