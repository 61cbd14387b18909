#!/bin/sh
exec java -cp '/opt/kafka/libs/*' -XX:TieredStopAtLevel=1 org.apache.kafka.tools.BrokerApiVersionsCommand "$@"
