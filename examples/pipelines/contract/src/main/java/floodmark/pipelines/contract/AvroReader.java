package floodmark.pipelines.contract;

import java.io.IOException;
import java.io.Serializable;
import java.nio.ByteBuffer;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import org.apache.avro.Schema;
import org.apache.avro.generic.GenericDatumReader;
import org.apache.avro.generic.IndexedRecord;
import org.apache.avro.io.BinaryDecoder;
import org.apache.avro.io.DecoderFactory;

/** Reads records in Confluent's wire format: a zero byte, the schema's id in four bytes, the record. */
final class AvroReader implements Serializable {
    private static final int FRAME_BYTES = 5;

    private final Registry registry;
    /** By id; empty if the registry has none. Each is asked for once. */
    private final Map<Integer, Optional<Schema>> schemas = new ConcurrentHashMap<>();

    AvroReader(Registry registry) {
        this.registry = registry;
    }

    /** The record; empty if it cannot be decoded. A registry that does not answer is a failure of the pipeline, not of the record. */
    Optional<IndexedRecord> read(byte[] payload) {
        if (payload == null || payload.length < FRAME_BYTES || payload[0] != 0) return Optional.empty();
        int id = ByteBuffer.wrap(payload, 1, 4).getInt();
        return schemas.computeIfAbsent(id, registry::schema).flatMap(schema -> decode(schema, payload));
    }

    private static Optional<IndexedRecord> decode(Schema schema, byte[] payload) {
        BinaryDecoder decoder = DecoderFactory.get().binaryDecoder(payload, FRAME_BYTES, payload.length - FRAME_BYTES, null);
        try {
            Object record = new GenericDatumReader<>(schema).read(null, decoder);
            return decoder.isEnd() && record instanceof IndexedRecord whole ? Optional.of(whole) : Optional.empty();
        } catch (IOException | RuntimeException damaged) {
            return Optional.empty();
        }
    }
}
