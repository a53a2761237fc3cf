package floodmark.pipelines.contract;

import java.util.Map;

/** A running pipeline, as {@link Watch} sees it. */
public interface Engine {
    String name();

    String version();

    /** Whether every partition is assigned and the windows are running, so that nothing sent from now on is missed. */
    boolean isReady();

    /** Whether it has ended: a backlog is counted to its last record. Throws if the engine failed. */
    boolean hasEnded() throws Exception;

    /** The engine's own name of its late-record metric. */
    String lateMetric();

    /** That metric, part by part (subtasks, tasks), the highest value seen of each; empty before the engine has registered it. */
    Map<String, Long> lateRecords();

    long recordsRead();

    /** Records without an event time, which no window counts. */
    long recordsUnreadable();

    /** The longest time from a record's writing to its reading, in milliseconds, by the clocks of broker or producer and of this machine. */
    long maxLagMs();

    /** Stops it normally: what was read is counted and written. Returns when that is done. */
    void stop() throws Exception;
}
