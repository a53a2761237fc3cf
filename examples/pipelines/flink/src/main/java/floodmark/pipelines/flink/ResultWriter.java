package floodmark.pipelines.flink;

import org.apache.flink.connector.kafka.sink.KafkaRecordSerializationSchema;
import org.apache.kafka.clients.producer.ProducerRecord;

/**
 * Turns results into Kafka records without a timestamp: the producer then sets the current time. Flink's own builder would take the end of the
 * window, and brokers refuse a timestamp more than an hour ahead, as one event with a wrong clock makes it.
 */
final class ResultWriter implements KafkaRecordSerializationSchema<byte[]> {
    private final String topic;

    ResultWriter(String topic) {
        this.topic = topic;
    }

    @Override
    public ProducerRecord<byte[], byte[]> serialize(byte[] result, KafkaSinkContext context, Long eventTimeMs) {
        return new ProducerRecord<>(topic, result);
    }
}
