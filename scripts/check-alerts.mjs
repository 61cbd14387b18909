// Checks the alert rules in deploy/ and the names of our metrics, and runs the rules' tests, with promtool: Debian's package
// `prometheus` has it.
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { parse } from 'yaml';
import { Metrics } from '../src/metrics/index.ts';

const root = fileURLToPath(new URL('..', import.meta.url));
const RULES = 'deploy/prometheus/alerts.yml';
const TESTS = 'test/deploy/alerts.yml';

promtool(['check', 'rules', RULES]);
promtool(['test', 'rules', TESTS]);
// `--syntax-only` leaves out whether the file with the token is there.
promtool(['check', 'config', '--syntax-only', 'deploy/prometheus/prometheus.yml']);
// The names of prom-client's own metrics are not ours to change.
const metrics = new Metrics({ version: '0', reports: () => [], process: false });
promtool(['check', 'metrics'], await metrics.text());

const read = (path) => parse(readFileSync(new URL(`../${path}`, import.meta.url), 'utf8'));
const alerts = read(RULES).groups.flatMap(({ rules }) => rules.map(({ alert }) => alert));
const untested = alerts.filter((alert) => !read(TESTS).tests.some((test) => fires(test, alert)));
if (untested.length > 0) fail(1, `no test in ${TESTS} sees these fire: ${untested.join(', ')}`);
console.log(`${alerts.length} alerts, each seen to fire and to be silent`);

/** Whether a test expects the alert to fire: every test compares all that fire, and the first expects none. */
function fires({ promql_expr_test }, alert) {
  return promql_expr_test.some(({ exp_samples }) =>
    exp_samples.some(({ labels }) => labels.includes(`alertname="${alert}"`)),
  );
}

function promtool(args, input = '') {
  const { error, status } = spawnSync('promtool', args, { cwd: root, input, stdio: ['pipe', 'inherit', 'inherit'] });
  if (error?.code === 'ENOENT') {
    fail(3, 'promtool is not there: install the package `prometheus` (apt-get install prometheus), or put it on PATH');
  }
  if (error) throw error;
  if (status !== 0) process.exit(1);
}

function fail(code, message) {
  console.error(`check-alerts: ${message}`);
  process.exit(code);
}
