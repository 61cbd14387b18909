"""Keeps the visits of `session-ended` in a SQLite file, each as its latest revision says, until Ctrl-C.

    pip install -r examples/requirements.txt
    python examples/consumer.py visits.db
    sqlite3 visits.db 'SELECT entry_page, count(*) FROM visits GROUP BY 1'

KAFKA_BROKERS, SCHEMA_REGISTRY_URL and TIDEMARK_OUTPUT_TOPIC say where from, examples/access.py how to get in. With
--until-end it stops where the topic ends.

Each message counts once, across restarts and crashes: the rows and the position in the topic are in one transaction, and
the position is taken from there. What is read again all the same changes nothing, because
only a higher revision replaces a row.
"""

import argparse
import os
import signal
import sqlite3
from contextlib import closing
from datetime import datetime, timedelta, timezone

import access
from confluent_kafka import OFFSET_BEGINNING, Consumer, KafkaError, TopicPartition
from confluent_kafka.schema_registry import SchemaRegistryClient
from confluent_kafka.schema_registry.avro import AvroDeserializer
from confluent_kafka.serialization import MessageField, SerializationContext

TOPIC = os.environ.get("TIDEMARK_OUTPUT_TOPIC", "session-ended")

# A retracted visit keeps its row, so that no older revision can bring it back; the view leaves it out. Times in ms.
TABLES = """
CREATE TABLE IF NOT EXISTS latest_revision (
  visit_id TEXT PRIMARY KEY, revision INTEGER NOT NULL, retracted INTEGER NOT NULL, merged_into TEXT,
  session_id TEXT NOT NULL, profile_id TEXT, reason TEXT NOT NULL, started_at INTEGER NOT NULL, ended_at INTEGER NOT NULL,
  event_count INTEGER NOT NULL, page_view_count INTEGER NOT NULL, entry_page TEXT, exit_page TEXT, utm_campaign TEXT
);
CREATE TABLE IF NOT EXISTS position (partition INTEGER PRIMARY KEY, next_offset INTEGER NOT NULL);
CREATE VIEW IF NOT EXISTS visits AS SELECT * FROM latest_revision WHERE NOT retracted;
"""

COLUMNS = (
    "visit_id revision retracted merged_into session_id profile_id reason started_at ended_at "
    "event_count page_view_count entry_page exit_page utm_campaign"
).split()

KEEP = f"""
INSERT INTO latest_revision ({", ".join(COLUMNS)}) VALUES ({", ".join(f":{column}" for column in COLUMNS)})
ON CONFLICT (visit_id) DO UPDATE SET {", ".join(f"{column} = excluded.{column}" for column in COLUMNS[1:])}
WHERE excluded.revision > latest_revision.revision
"""

EPOCH = datetime(1970, 1, 1, tzinfo=timezone.utc)


def row(visit: dict) -> dict:
    """A Visit Ended as the table has it."""
    values = {**visit, "utm_campaign": (visit["utm"] or {}).get("campaign")}
    for name in ("started_at", "ended_at"):
        values[name] = (visit[name] - EPOCH) // timedelta(milliseconds=1)
    return {column: values[column] for column in COLUMNS}


def consume(db: sqlite3.Connection, until_end: bool) -> None:
    deserialize = AvroDeserializer(SchemaRegistryClient(access.registry()))
    consumer = Consumer(
        {
            **access.kafka(),
            "group.id": "visits-example",  # Has to be there; nothing is kept under it.
            "enable.auto.commit": False,
            "auto.offset.reset": "earliest",
            # librdkafka's default, and what the guarantee needs: transactions that were aborted are not seen.
            "isolation.level": "read_committed",
            "enable.partition.eof": until_end,
        }
    )
    # All partitions, without a group: one file has one reader, and the file knows where it was.
    positions = dict(db.execute("SELECT partition, next_offset FROM position"))
    unread = set(consumer.list_topics(TOPIC, timeout=30).topics[TOPIC].partitions)
    if not unread:
        raise SystemExit(f"topic {TOPIC} is not there: `tidemark setup` makes it")
    consumer.assign([TopicPartition(TOPIC, each, positions.get(each, OFFSET_BEGINNING)) for each in unread])
    try:
        while True:
            messages = consumer.consume(num_messages=500, timeout=1)
            with db:  # One transaction.
                for message in messages:
                    if message.error() is None:
                        visit = deserialize(message.value(), SerializationContext(TOPIC, MessageField.VALUE))
                        db.execute(KEEP, row(visit))
                        db.execute("REPLACE INTO position VALUES (?, ?)", (message.partition(), message.offset() + 1))
                    elif message.error().code() == KafkaError._PARTITION_EOF:
                        unread.discard(message.partition())
                    else:
                        raise SystemExit(f"cannot read {TOPIC}: {message.error()}")
            if until_end and messages and not unread:
                return
    except KeyboardInterrupt:
        pass
    finally:
        consumer.close()


def main() -> None:
    parser = argparse.ArgumentParser(description="Keeps the visits of session-ended in a SQLite file.")
    parser.add_argument("file", nargs="?", default="visits.db")
    parser.add_argument("--until-end", action="store_true", help="stop where the topic ends")
    arguments = parser.parse_args()
    # As Ctrl-C.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    with closing(sqlite3.connect(arguments.file)) as db:
        db.executescript(TABLES)
        consume(db, arguments.until_end)
        print("visits:", db.execute("SELECT count(*) FROM visits").fetchone()[0])


if __name__ == "__main__":
    main()
