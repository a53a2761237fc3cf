package floodmark.models.beam;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.apache.beam.sdk.io.kafka.CustomTimestampPolicyWithLimitedDelay;
import org.apache.beam.sdk.io.kafka.KafkaRecord;
import org.apache.beam.sdk.io.kafka.KafkaTimestampType;
import org.apache.beam.sdk.io.kafka.TimestampPolicy;
import org.apache.beam.sdk.transforms.windowing.BoundedWindow;
import org.apache.beam.sdk.values.KV;
import org.apache.kafka.common.header.internals.RecordHeaders;
import org.joda.time.DateTimeUtils;
import org.joda.time.Duration;
import org.joda.time.Instant;

/** KafkaIO's own timestamp policy, for each partition, at given times; the source's watermark is the minimum, as in KafkaUnboundedReader. */
final class Source {
    private final List<TimestampPolicy<String, Long>> policies = new ArrayList<>();
    private final boolean[] readToItsEnd;
    private Instant watermark = BoundedWindow.TIMESTAMP_MIN_VALUE;

    Source(int partitions, Duration delay) {
        for (int partition = 0; partition < partitions; partition++) {
            policies.add(new CustomTimestampPolicyWithLimitedDelay<>(record -> new Instant(record.getKV().getValue()), delay, Optional.empty()));
        }
        readToItsEnd = new boolean[partitions];
    }

    Instant read(int partition, long timeMs) {
        readToItsEnd[partition] = false;
        KafkaRecord<String, Long> record = new KafkaRecord<>("topic", partition, 0, timeMs, KafkaTimestampType.CREATE_TIME, new RecordHeaders(), KV.of("", timeMs));
        return policies.get(partition).getTimestampForRecord(context(partition, Instant.EPOCH), record);
    }

    void foundAtItsEnd(int partition) {
        readToItsEnd[partition] = true;
    }

    /** The watermark at a moment of the reader's clock. */
    Instant tick(long nowMs) {
        DateTimeUtils.setCurrentMillisFixed(nowMs);
        try {
            Instant least = BoundedWindow.TIMESTAMP_MAX_VALUE;
            for (int partition = 0; partition < policies.size(); partition++) {
                Instant own = policies.get(partition).getWatermark(context(partition, new Instant(nowMs)));
                least = own.isBefore(least) ? own : least;
                readToItsEnd[partition] = false;
            }
            watermark = least.isAfter(watermark) ? least : watermark;
            return watermark;
        } finally {
            DateTimeUtils.setCurrentMillisSystem();
        }
    }

    private TimestampPolicy.PartitionContext context(int partition, Instant now) {
        boolean isAtItsEnd = readToItsEnd[partition];
        return new TimestampPolicy.PartitionContext() {
            @Override
            public long getMessageBacklog() {
                return isAtItsEnd ? 0 : 1;
            }

            @Override
            public Instant getBacklogCheckTime() {
                return now;
            }
        };
    }
}
