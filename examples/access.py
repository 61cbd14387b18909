"""How to reach brokers and registry: from the variables that tidemark itself takes, KAFKA_* and SCHEMA_REGISTRY_*."""

import os


def kafka() -> dict:
    """Settings of a confluent-kafka client: TLS and a login (PLAIN or SCRAM) where the variables ask for them."""
    env = os.environ
    mechanism = env.get("KAFKA_SASL_MECHANISM", "").upper()
    transport = "SSL" if env.get("KAFKA_TLS") == "true" else "PLAINTEXT"
    settings = {
        "bootstrap.servers": env.get("KAFKA_BROKERS", "localhost:9092"),
        "security.protocol": f"SASL_{transport}" if mechanism else transport,
        "ssl.ca.location": env.get("KAFKA_TLS_CA"),
        "sasl.mechanism": mechanism,
        "sasl.username": env.get("KAFKA_SASL_USERNAME"),
        "sasl.password": env.get("KAFKA_SASL_PASSWORD"),
    }
    return {name: value for name, value in settings.items() if value}


def registry() -> dict:
    """Settings of a SchemaRegistryClient."""
    env = os.environ
    settings = {
        "url": env.get("SCHEMA_REGISTRY_URL", "http://localhost:8081"),
        "ssl.ca.location": env.get("SCHEMA_REGISTRY_TLS_CA"),
    }
    if env.get("SCHEMA_REGISTRY_USERNAME"):
        settings["basic.auth.user.info"] = f'{env["SCHEMA_REGISTRY_USERNAME"]}:{env["SCHEMA_REGISTRY_PASSWORD"]}'
    return {name: value for name, value in settings.items() if value}
