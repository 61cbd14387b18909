"""Prints each Visit Ended as a line of JSON, until Ctrl-C.

    pip install 'confluent-kafka[avro,schemaregistry]'
    python examples/consumer.py

KAFKA_BROKERS, SCHEMA_REGISTRY_URL and TIDEMARK_OUTPUT_TOPIC say where from.
"""

import json
import os

from confluent_kafka import Consumer
from confluent_kafka.schema_registry import SchemaRegistryClient
from confluent_kafka.schema_registry.avro import AvroDeserializer
from confluent_kafka.serialization import MessageField, SerializationContext

TOPIC = os.environ.get("TIDEMARK_OUTPUT_TOPIC", "session-ended")
BROKERS = os.environ.get("KAFKA_BROKERS", "localhost:9092")
REGISTRY = os.environ.get("SCHEMA_REGISTRY_URL", "http://localhost:8081")


def main() -> None:
    deserialize = AvroDeserializer(SchemaRegistryClient({"url": REGISTRY}))
    consumer = Consumer(
        {
            "bootstrap.servers": BROKERS,
            "group.id": "visit-ended-example",
            "auto.offset.reset": "earliest",
            # librdkafka's default, and what the guarantee needs: transactions that were aborted are not seen.
            "isolation.level": "read_committed",
        }
    )
    consumer.subscribe([TOPIC])
    try:
        while True:
            message = consumer.poll(1)
            if message is None:
                continue
            if message.error():
                raise SystemExit(str(message.error()))
            visit = deserialize(message.value(), SerializationContext(TOPIC, MessageField.VALUE))
            # The highest revision of a visit replaces the rest; one that is retracted takes the visit back.
            print(json.dumps(visit, default=lambda time: time.isoformat(timespec="milliseconds")), flush=True)
    except KeyboardInterrupt:
        pass
    finally:
        consumer.close()


if __name__ == "__main__":
    main()
