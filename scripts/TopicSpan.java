import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Properties;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;

/**
 * How many offsets a topic holds, and the timestamps of its first and last records: with message.timestamp.type=LogAppendTime
 * that is the broker's own account of how long it took to arrive.
 */
public final class TopicSpan {
    private static final Duration LIMIT = Duration.ofSeconds(20);

    public static void main(String[] args) {
        if (args.length != 2) {
            System.err.println("usage: java -cp 'libs/*' TopicSpan.java BOOTSTRAP TOPIC");
            System.exit(2);
        }
        Properties properties = new Properties();
        properties.putAll(Map.of("bootstrap.servers", args[0], "auto.offset.reset", "none", "enable.auto.commit", "false"));
        try (KafkaConsumer<byte[], byte[]> consumer =
                new KafkaConsumer<>(properties, new ByteArrayDeserializer(), new ByteArrayDeserializer())) {
            System.out.println(span(consumer, args[1]));
        }
    }

    private static String span(KafkaConsumer<byte[], byte[]> consumer, String topic) {
        List<TopicPartition> all = consumer.partitionsFor(topic).stream().map(p -> new TopicPartition(topic, p.partition())).toList();
        Map<TopicPartition, Long> begins = consumer.beginningOffsets(all);
        Map<TopicPartition, Long> ends = consumer.endOffsets(all);
        List<TopicPartition> filled = all.stream().filter(p -> ends.get(p) > begins.get(p)).toList();
        long records = filled.stream().mapToLong(p -> ends.get(p) - begins.get(p)).sum();
        long first = filled.stream().mapToLong(p -> timestampAt(consumer, p, begins.get(p))).min().orElse(0);
        long last = filled.stream().mapToLong(p -> timestampAt(consumer, p, ends.get(p) - 1)).max().orElse(0);
        return String.format("{\"records\":%d,\"first_ms\":%d,\"last_ms\":%d}", records, first, last);
    }

    private static long timestampAt(KafkaConsumer<byte[], byte[]> consumer, TopicPartition partition, long offset) {
        consumer.assign(List.of(partition));
        consumer.seek(partition, offset);
        long begun = System.nanoTime();
        while (System.nanoTime() - begun < LIMIT.toNanos()) {
            for (ConsumerRecord<byte[], byte[]> record : consumer.poll(Duration.ofMillis(200))) {
                return record.timestamp();
            }
        }
        throw new IllegalStateException("nothing to read at " + partition + " offset " + offset);
    }
}
