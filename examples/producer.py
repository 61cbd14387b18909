"""Writes track events as any producer would: Avro in the Confluent wire format, keyed by session id.

    pip install 'confluent-kafka[avro,schemaregistry]'
    python examples/producer.py

KAFKA_BROKERS, SCHEMA_REGISTRY_URL and TIDEMARK_INPUT_TOPIC say where to, examples/access.py how to get in. `tidemark
setup` has to have run before: it makes the topic and registers the schema.

Two visitors: one of the last three minutes who signs out, and one who has just come. On an otherwise quiet topic the
first one's visit ends 75 seconds later: out-of-orderness, arrival grace and clock margin. The second one's stays open.
"""

import os
import time
import uuid

import access
from confluent_kafka import Producer
from confluent_kafka.schema_registry import SchemaRegistryClient
from confluent_kafka.schema_registry.avro import AvroSerializer
from confluent_kafka.serialization import MessageField, SerializationContext

TOPIC = os.environ.get("TIDEMARK_INPUT_TOPIC", "tracks")

MINUTE = 60_000


def event(session_id: str, profile_id: str, type: str, occurred_at: int, path: str, **fields) -> dict:
    """One TrackEvent; fields that are left out have the schema's defaults. Times in ms since 1970."""
    context = {"page": {"path": path}, "extra": {}, **fields.pop("context", {})}
    return {
        "event_id": str(uuid.uuid4()),  # A resend carries the same id, and counts once.
        "session_id": session_id,
        "profile_id": profile_id,
        "source_id": "shop",
        "type": type,
        "occurred_at": occurred_at,
        "debug": False,
        "context": context,
        "properties": {},
        "traits": {},
        **fields,
    }


def main() -> None:
    # With the schema that `tidemark setup` registered. A schema of your own does as well, if TrackEvent can be read from it.
    serialize = AvroSerializer(
        SchemaRegistryClient(access.registry()),
        conf={"auto.register.schemas": False, "use.latest.version": True},
    )
    # All producers of a topic need the same partitioner: a session must stay in one partition. This is Java's.
    producer = Producer({**access.kafka(), "enable.idempotence": True, "partitioner": "murmur2_random"})

    now = int(time.time() * 1000)
    start = now - 3 * MINUTE
    leaving, coming = f"s-{uuid.uuid4()}", f"s-{uuid.uuid4()}"
    phone = {
        "device": {"type": "mobile", "brand": "Fairphone", "os": "Android", "browser": "Firefox"},
        "location": {"country": "NL", "city": "Utrecht"},
        "utm": {"source": "newsletter", "campaign": "autumn"},
    }
    events = [
        event(leaving, "p-ada", "page-view", start, "/", context=phone),
        event(leaving, "p-ada", "page-view", start + MINUTE, "/lamps", traits={"newsletter": True}),
        event(leaving, "p-ada", "product-click", start + 2 * MINUTE, "/lamps/7", properties={"price": 49.5}),
        event(leaving, "p-ada", "sign-out", now, "/lamps/7"),
        event(coming, "p-ben", "page-view", now, "/"),
    ]
    failures = []
    for each in events:
        producer.produce(
            TOPIC,
            key=each["session_id"],
            value=serialize(each, SerializationContext(TOPIC, MessageField.VALUE)),
            on_delivery=lambda error, _: failures.append(error) if error else None,
        )
    left = producer.flush(30)
    if failures or left:
        raise SystemExit(f"not delivered: {failures or left}")
    print(f"wrote {len(events)} events of sessions {leaving} and {coming}")


if __name__ == "__main__":
    main()
