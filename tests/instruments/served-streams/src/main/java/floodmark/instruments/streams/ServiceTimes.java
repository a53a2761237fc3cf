package floodmark.instruments.streams;

import java.util.SplittableRandom;

/** How long each event takes: exponential around a mean, and a function of the seed and of the event's place alone, so the same in every run. */
record ServiceTimes(long seed, double meanNs) {
    long ofNs(int partition, long offset) {
        double uniform = new SplittableRandom(seed ^ (((long) partition << 48) + offset) * 0x9E3779B97F4A7C15L).nextDouble();
        return Math.round(-Math.log1p(-uniform) * meanNs);
    }
}
