package floodmark.pipelines.contract;

import java.io.ByteArrayOutputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.Serializable;
import org.apache.avro.Schema;
import org.apache.avro.generic.GenericDatumWriter;
import org.apache.avro.generic.IndexedRecord;
import org.apache.avro.io.BinaryEncoder;
import org.apache.avro.io.EncoderFactory;

/** Writes a topic's records in Confluent's wire format, in a schema of the pipeline's own that is registered with the first record. */
final class AvroWriter implements Serializable {
    private final Registry registry;
    private final String subject;
    private final Schema schema;
    private Integer id;

    AvroWriter(Registry registry, String topic, String resource) {
        this.registry = registry;
        this.subject = topic + "-value";
        this.schema = schema(resource);
    }

    private static Schema schema(String resource) {
        try (InputStream text = AvroWriter.class.getResourceAsStream("/" + resource)) {
            return new Schema.Parser().parse(text);
        } catch (IOException impossible) {
            throw new IllegalStateException("the schema " + resource + " could not be read", impossible);
        }
    }

    Schema schema() {
        return schema;
    }

    byte[] write(IndexedRecord record) {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        try {
            DataOutputStream frame = new DataOutputStream(bytes);
            frame.writeByte(0);
            frame.writeInt(id());
            BinaryEncoder encoder = EncoderFactory.get().binaryEncoder(bytes, null);
            new GenericDatumWriter<IndexedRecord>(schema).write(record, encoder);
            encoder.flush();
        } catch (IOException impossible) {
            throw new IllegalStateException("a result could not be written as Avro", impossible);
        }
        return bytes.toByteArray();
    }

    private synchronized int id() {
        if (id == null) id = registry.register(subject, schema);
        return id;
    }
}
