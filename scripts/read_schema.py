"""Decodes a topic's records by the schemas of a registry, with Confluent's client. scripts/read-schema gives it what it needs."""

import argparse
import base64
import datetime
import decimal
import itertools
import json
import pathlib
import sys
import tempfile

import grpc_tools
from confluent_kafka import Consumer, KafkaError, TopicPartition
from confluent_kafka.schema_registry import SchemaRegistryClient, dual_schema_id_deserializer
from confluent_kafka.schema_registry.avro import AvroDeserializer
from confluent_kafka.schema_registry.json_schema import JSONDeserializer
from confluent_kafka.schema_registry.serde import SchemaId
from confluent_kafka.serialization import MessageField, SerializationContext
from google.protobuf import descriptor_pb2, descriptor_pool, json_format, message_factory, unknown_fields
from grpc_tools import protoc

SILENCE_LIMIT_S = 30
BY_TOPIC = {"subject.name.strategy.type": "TOPIC"}
EPOCH = datetime.datetime(1970, 1, 1, tzinfo=datetime.timezone.utc)


class Decoder:
    """Decodes each record by the schema that it names; without a registry, as JSON."""

    def __init__(self, url):
        self.client = SchemaRegistryClient({"url": url}) if url else None
        self.schemas = {}
        self.messages = {}
        if self.client:
            self.avro = AvroDeserializer(self.client, conf=BY_TOPIC)
            self.json = JSONDeserializer(None, schema_registry_client=self.client, conf=BY_TOPIC)

    def decode(self, record):
        if not self.client:
            return json.loads(record.value())
        context = SerializationContext(record.topic(), MessageField.VALUE, record.headers())
        named = SchemaId("AVRO")
        dual_schema_id_deserializer(record.value(), context, named)
        schema = self.schema(named)
        if schema.schema_type == "PROTOBUF":
            return self.protobuf(record.value(), context, schema)
        return (self.json if schema.schema_type == "JSON" else self.avro)(record.value(), context)

    def schema(self, named):
        key = named.id if named.id is not None else str(named.guid)
        if key not in self.schemas:
            self.schemas[key] = self.client.get_schema(named.id) if named.id is not None else self.client.get_schema_by_guid(key)
        return self.schemas[key]

    def protobuf(self, payload, context, schema):
        """Confluent's deserializer needs a compiled class, and which one stands in the record: after the frame it is Google's library that decodes."""
        named = SchemaId("PROTOBUF")
        rest = dual_schema_id_deserializer(payload, context, named)
        which = (schema.schema_str, tuple(named.message_indexes or [0]))
        if which not in self.messages:
            self.messages[which] = None  # is not tried again
            self.messages[which] = compiled(self.client, schema, which[1])
        if not self.messages[which]:
            raise ValueError("its schema cannot be compiled")
        message = self.messages[which]()
        message.ParseFromString(rest.read())
        if len(unknown_fields.UnknownFieldSet(message)):
            raise ValueError("there are fields that the schema does not know")
        return json_format.MessageToDict(message, preserving_proto_field_name=True)


def compiled(client, schema, indexes):
    """The class of a message in a .proto file, as protoc compiles it with what it imports."""
    with tempfile.TemporaryDirectory() as folder:
        write(client, schema, folder, "main.proto")
        described = folder + "/described"
        included = str(pathlib.Path(grpc_tools.__file__).parent / "_proto")
        if protoc.main(["protoc", "-I" + folder, "-I" + included, "--include_imports", "--descriptor_set_out=" + described, "main.proto"]):
            raise ValueError("protoc does not compile the registry's schema")
        files = descriptor_pb2.FileDescriptorSet.FromString(pathlib.Path(described).read_bytes())
    pool = descriptor_pool.DescriptorPool()
    for file in files.file:
        pool.Add(file)
    messages, name = files.file[-1].message_type, files.file[-1].package
    for index in indexes:
        name += "." + messages[index].name
        messages = messages[index].nested_type
    return message_factory.GetMessageClass(pool.FindMessageTypeByName(name.strip(".")))


def write(client, schema, folder, name):
    path = pathlib.Path(folder, name)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(schema.schema_str)
    for reference in schema.references or []:
        write(client, client.get_version(reference.subject, reference.version).schema, folder, reference.name)


def at(value, pointer):
    for part in pointer.strip("/").split("/"):
        value = value.get(part) if isinstance(value, dict) else None
    return value


def as_json(value):
    if isinstance(value, datetime.datetime):
        return (value - EPOCH) // datetime.timedelta(milliseconds=1)
    if isinstance(value, decimal.Decimal):
        return str(value)
    return base64.b64encode(value).decode() if isinstance(value, bytes) else str(value)


def open_ends(consumer, brokers, topic):
    """The first and the end offset of each partition that holds something."""
    known = consumer.list_topics(topic, timeout=15).topics[topic]
    if known.error:
        raise SystemExit("read-schema: there is no topic '%s' at %s" % (topic, brokers))
    ends = {partition: consumer.get_watermark_offsets(TopicPartition(topic, partition), timeout=15) for partition in known.partitions}
    return {partition: (low, high) for partition, (low, high) in ends.items() if low < high}


def batches(consumer, ends):
    """Batches of records and marks of ends, until each partition was read to its end."""
    silent = 0
    while ends:
        batch = consumer.consume(1_000, timeout=1)
        silent = 0 if batch else silent + 1
        if silent > SILENCE_LIMIT_S:
            raise SystemExit("read-schema: no record for %d s before the topic's end" % SILENCE_LIMIT_S)
        yield from batch


def records(brokers, topic):
    """All records up to the ends of the partitions at the start. Positions tell the end: offsets have gaps."""
    consumer = Consumer({"bootstrap.servers": brokers, "group.id": "read-schema", "enable.auto.commit": False, "enable.partition.eof": True,
                         "auto.offset.reset": "error"})
    ends = open_ends(consumer, brokers, topic)
    consumer.assign([TopicPartition(topic, partition, low) for partition, (low, _) in ends.items()])
    for record in batches(consumer, ends):
        error, end = record.error(), ends.get(record.partition(), (0, 0))[1]
        if error and error.code() != KafkaError._PARTITION_EOF:
            raise SystemExit("read-schema: %s" % error)
        if not error and record.offset() < end:
            yield record
        if record.offset() + (0 if error else 1) >= end:
            ends.pop(record.partition(), None)
    consumer.close()


class Tally:
    """What was read, and what it says."""

    def __init__(self, pointer):
        self.pointer = pointer
        self.read = self.decoded = self.tombstones = self.without_id = 0
        self.error = None
        self.ids = set()

    def take(self, record, decoder):
        """The decoded record; nothing if it cannot be decoded."""
        self.read += 1
        if record.value() is None:
            self.tombstones += 1
            return None
        try:
            value = decoder.decode(record)
        except Exception as reason:  # each kind of damage has its own
            self.error = self.error or "partition %d, offset %d: %s" % (record.partition(), record.offset(), reason)
            return None
        self.decoded += 1
        found = at(value, self.pointer)
        self.without_id += found is None
        if found is not None:
            self.ids.add(str(found))
        return value

    def line(self, topic, schemas):
        return json.dumps({"topic": topic, "records": self.read, "decoded": self.decoded, "tombstones": self.tombstones,
                           "undecodable": self.read - self.decoded - self.tombstones, "error": self.error, "without_id": self.without_id, "distinct": len(self.ids), "schemas": schemas})


def options():
    parser = argparse.ArgumentParser(prog="read-schema")
    parser.add_argument("topic")
    parser.add_argument("--brokers", default="127.0.0.1:9092")
    parser.add_argument("--registry")
    parser.add_argument("--id", default="/id")
    parser.add_argument("--records", type=int)
    parser.add_argument("--print", action="store_true")
    return parser.parse_args()


def main():
    asked = options()
    decoder, tally = Decoder(asked.registry), Tally(asked.id)
    for record in itertools.islice(records(asked.brokers, asked.topic), asked.records):
        value = tally.take(record, decoder)
        if asked.print and value is not None:
            print(json.dumps(value, default=as_json))
    if not asked.print:
        print(tally.line(asked.topic, {str(key): schema.schema_type for key, schema in decoder.schemas.items()}))
    elif tally.error:
        print("read-schema: " + tally.error, file=sys.stderr)
    sys.exit(1 if tally.error else 0)


if __name__ == "__main__":
    main()
