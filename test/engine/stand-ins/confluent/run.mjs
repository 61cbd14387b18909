import { spawn } from 'node:child_process';
import { readdirSync } from 'node:fs';
import http from 'node:http';

const jar = readdirSync('/opt/registry').find((name) => name.endsWith('-runner.jar'));
const registry = spawn(
  'java',
  ['-Xmx384m', '-XX:+UseSerialGC', '-XX:TieredStopAtLevel=1', '-jar', `/opt/registry/${jar}`],
  {
    stdio: 'inherit',
  },
);
registry.once('exit', (code) => process.exit(code ?? 1));
process.on('SIGTERM', () => registry.kill());
const { port } = new URL(process.env.SCHEMA_REGISTRY_LISTENERS);
http
  .createServer((request, response) => {
    const path = `/apis/ccompat/v7${request.url}`;
    const { method, headers } = request;
    const asked = http.request({ host: '127.0.0.1', port: 8080, path, method, headers }, (answer) => {
      response.writeHead(answer.statusCode, answer.headers);
      answer.pipe(response);
    });
    asked.on('error', () => response.writeHead(503).end());
    request.pipe(asked);
  })
  .listen(Number(port));
