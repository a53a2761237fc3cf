package floodmark.instruments.streams;

import java.util.concurrent.locks.LockSupport;

/**
 * Spends service times, one after the other. It keeps when it is free as a number: what it sleeps too long for one event, and what Kafka Streams
 * itself takes, comes off the next ones, so that it serves its rate.
 */
final class Server {
    /** An idle server catches up with so much of the time in which nothing had come. */
    private static final long SLACK_NS = 20_000_000;

    private final boolean isBusy;
    private long freeAtNs = System.nanoTime();

    Server(boolean isBusy) {
        this.isBusy = isBusy;
    }

    void spend(long serviceNs) {
        freeAtNs = Math.max(freeAtNs, System.nanoTime() - SLACK_NS) + serviceNs;
        for (long leftNs = freeAtNs - System.nanoTime(); leftNs > 0; leftNs = freeAtNs - System.nanoTime()) {
            if (isBusy) Thread.onSpinWait();
            else LockSupport.parkNanos(leftNs);
        }
    }
}
