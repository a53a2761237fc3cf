import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonToken;
import java.io.IOException;
import java.time.Duration;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Properties;
import java.util.Set;
import java.util.UUID;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;

/**
 * Reads a topic from its beginning to its current end, with Kafka's own consumer, and counts the ids in its JSON records.
 * It shares no code with floodmark, so that it can disagree.
 */
public final class CountIds {
    private static final Duration SILENCE_LIMIT = Duration.ofSeconds(30);

    private final JsonFactory json = new JsonFactory();
    private final String field;
    private final UuidSet uuids = new UuidSet();
    private final Set<String> otherIds = new HashSet<>();
    private long records;
    private long unreadable;

    private CountIds(String field) {
        this.field = field;
    }

    public static void main(String[] args) {
        if (args.length != 4) {
            System.err.println("usage: java -cp 'libs/*' CountIds.java BOOTSTRAP TOPIC read_committed|read_uncommitted FIELD");
            System.exit(2);
        }
        try {
            System.out.println(new CountIds(args[3]).count(args[0], args[1], args[2]));
        } catch (KafkaException | IllegalStateException e) {
            System.err.println("count-ids: " + e.getMessage());
            System.exit(1);
        }
    }

    private String count(String bootstrap, String topic, String isolation) {
        Properties properties = new Properties();
        properties.putAll(Map.of(
                "bootstrap.servers", bootstrap,
                "isolation.level", isolation,
                "enable.auto.commit", "false",
                "auto.offset.reset", "none",
                "default.api.timeout.ms", "15000",
                "max.poll.records", "10000",
                "max.partition.fetch.bytes", "4194304"));
        try (KafkaConsumer<byte[], byte[]> consumer =
                new KafkaConsumer<>(properties, new ByteArrayDeserializer(), new ByteArrayDeserializer())) {
            List<TopicPartition> partitions = partitionsOf(consumer, topic);
            consumer.assign(partitions);
            consumer.seekToBeginning(partitions);
            readAll(consumer, consumer.endOffsets(partitions));
        }
        long distinct = uuids.size() + otherIds.size();
        return String.format("{\"topic\":\"%s\",\"isolation\":\"%s\",\"records\":%d,\"distinct\":%d,\"duplicates\":%d,\"unreadable\":%d}",
                topic, isolation, records, distinct, records - unreadable - distinct, unreadable);
    }

    private static List<TopicPartition> partitionsOf(KafkaConsumer<?, ?> consumer, String topic) {
        var known = consumer.listTopics().get(topic);
        if (known == null) {
            throw new IllegalStateException("there is no topic '" + topic + "'");
        }
        return known.stream().map(p -> new TopicPartition(topic, p.partition())).toList();
    }

    /** Positions, not records, show when the end is reached: transaction markers and compaction leave gaps. */
    private void readAll(KafkaConsumer<byte[], byte[]> consumer, Map<TopicPartition, Long> ends) {
        long lastProgress = System.nanoTime();
        long before = -1;
        while (ends.entrySet().stream().anyMatch(end -> consumer.position(end.getKey()) < end.getValue())) {
            for (ConsumerRecord<byte[], byte[]> record : consumer.poll(Duration.ofMillis(500))) {
                if (record.offset() < ends.get(new TopicPartition(record.topic(), record.partition()))) {
                    take(record.value());
                }
            }
            long position = ends.keySet().stream().mapToLong(consumer::position).sum();
            if (position != before) {
                before = position;
                lastProgress = System.nanoTime();
            } else if (System.nanoTime() - lastProgress > SILENCE_LIMIT.toNanos()) {
                throw new IllegalStateException("no record for " + SILENCE_LIMIT.toSeconds() + " s before the topic's end; read " + records);
            }
        }
    }

    private void take(byte[] payload) {
        records++;
        String id = idOf(payload);
        if (id == null) {
            unreadable++;
        } else if (!addAsUuid(id)) {
            otherIds.add(id);
        }
    }

    private boolean addAsUuid(String id) {
        if (id.length() != 36) {
            return false;
        }
        try {
            UUID uuid = UUID.fromString(id);
            uuids.add(uuid.getMostSignificantBits(), uuid.getLeastSignificantBits());
            return true;
        } catch (IllegalArgumentException e) {
            return false;
        }
    }

    /** The text of the top-level field, or null if the payload is not a complete JSON object with it: a truncated record is unreadable. */
    private String idOf(byte[] payload) {
        if (payload == null) {
            return null;
        }
        try (JsonParser parser = json.createParser(payload)) {
            if (parser.nextToken() != JsonToken.START_OBJECT) {
                return null;
            }
            String id = null;
            while (parser.nextToken() == JsonToken.FIELD_NAME) {
                boolean wanted = parser.currentName().equals(field);
                JsonToken value = parser.nextToken();
                if (wanted && value.isScalarValue()) {
                    id = parser.getText();
                }
                parser.skipChildren();
            }
            return parser.nextToken() == null ? id : null;
        } catch (IOException e) {
            return null;
        }
    }

    /** A hash set of 16-byte ids without an object for each, so that 50 million fit in 2 GiB. */
    private static final class UuidSet {
        private long[] slots = new long[1 << 17];
        private long size;
        private boolean hasZero;

        long size() {
            return size;
        }

        void add(long high, long low) {
            if (high == 0 && low == 0) { // two zeros mark a free slot
                size += hasZero ? 0 : 1;
                hasZero = true;
                return;
            }
            if (size * 2 > slots.length / 2) {
                grow();
            }
            if (insert(slots, high, low)) {
                size++;
            }
        }

        private void grow() {
            long[] larger = new long[Math.multiplyExact(slots.length, 2)];
            for (int at = 0; at < slots.length; at += 2) {
                if (slots[at] != 0 || slots[at + 1] != 0) {
                    insert(larger, slots[at], slots[at + 1]);
                }
            }
            slots = larger;
        }

        private static boolean insert(long[] slots, long high, long low) {
            long mixed = (high * 0x9E3779B97F4A7C15L) ^ low;
            mixed = (mixed ^ (mixed >>> 32)) * 0xD6E8FEB86659FD93L;
            int mask = slots.length / 2 - 1;
            int slot = (int) (mixed ^ (mixed >>> 32)) & mask;
            while (slots[2 * slot] != 0 || slots[2 * slot + 1] != 0) {
                if (slots[2 * slot] == high && slots[2 * slot + 1] == low) {
                    return false;
                }
                slot = (slot + 1) & mask;
            }
            slots[2 * slot] = high;
            slots[2 * slot + 1] = low;
            return true;
        }
    }
}
