package floodmark.pipelines.contract;

import java.io.Serializable;

/** Where an event has its parts: JSON pointers, in Avro through the fields of records. */
record Places(String id, String eventTime, String sent) implements Serializable {
    static Places of(Options options) {
        return new Places(options.pointer("id"), options.pointer("event-time"), options.pointer("sent"));
    }
}
