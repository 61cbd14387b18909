import net from 'node:net';
import tls from 'node:tls';
import type { ISocketFactoryArgs } from 'kafkajs';

const KEEP_ALIVE = 60_000;

/** A socket to a broker, as KafkaJS makes them. @param plain where there is no TLS */
export function openSocket(
  { host, port, ssl, onConnect }: ISocketFactoryArgs,
  plain: (host: string, port: number, onConnect: () => void) => net.Socket = connectPlain,
): net.Socket {
  const socket = ssl
    ? tls.connect({ host, port, ...(net.isIP(host) ? {} : { servername: host }), ...ssl }, onConnect)
    : plain(host, port, onConnect);
  socket.setKeepAlive(true, KEEP_ALIVE);
  return socket;
}

function connectPlain(host: string, port: number, onConnect: () => void): net.Socket {
  return net.connect({ host, port }, onConnect);
}
