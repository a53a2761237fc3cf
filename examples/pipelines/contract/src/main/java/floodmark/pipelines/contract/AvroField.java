package floodmark.pipelines.contract;

import java.util.Optional;
import org.apache.avro.LogicalType;
import org.apache.avro.LogicalTypes;
import org.apache.avro.Schema;
import org.apache.avro.generic.IndexedRecord;

/** A field's value, and the schema that says what it means. */
record AvroField(Schema schema, Object value) {
    /** The field at a JSON pointer; empty if the record has no such field, or nothing stands there. */
    static Optional<AvroField> at(IndexedRecord record, String pointer) {
        if (record == null) return Optional.empty();
        AvroField field = new AvroField(record.getSchema(), record);
        for (String name : pointer.substring(1).split("/")) {
            if (!(field.value instanceof IndexedRecord parent)) return Optional.empty();
            Schema.Field child = parent.getSchema().getField(name);
            if (child == null) return Optional.empty();
            field = new AvroField(notNull(child.schema()), parent.get(child.pos()));
        }
        return Optional.of(field).filter(found -> found.value != null);
    }

    /** An optional field is a union with null. */
    private static Schema notNull(Schema schema) {
        if (!schema.isUnion()) return schema;
        return schema.getTypes().stream().filter(type -> type.getType() != Schema.Type.NULL).findFirst().orElse(schema);
    }

    String text() {
        return value.toString();
    }

    /** A time in microseconds since 1970, of a timestamp or of a plain number in the given unit; null if it is none. */
    Long us(long plainUnitUs) {
        if (!(value instanceof Long time)) return null;
        LogicalType type = schema.getLogicalType();
        if (type instanceof LogicalTypes.TimestampMicros) return time;
        if (type instanceof LogicalTypes.TimestampMillis) return Math.multiplyExact(time, 1_000L);
        return type == null ? Math.multiplyExact(time, plainUnitUs) : null;
    }
}
