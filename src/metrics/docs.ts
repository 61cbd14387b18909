import { markdownTable } from '../settings/docs.ts';
import { METRICS, SECTIONS } from './declaration.ts';
import { type DeclaredMetric, labelsOf, TYPES } from './kinds.ts';

/** docs/METRICS.md, whole. */
export function metricsMarkdown(): string {
  const sections = SECTIONS.map(
    ({ title, metrics }) =>
      `## ${title}\n\n${markdownTable(['name', 'type', 'labels', 'what it is'], metrics.map(row))}`,
  );
  return [INTRODUCTION, ...sections, PROCESS].join('\n');
}

const INTRODUCTION = `# Metrics

<!-- Made by \`npm run docs:metrics\` from src/metrics/declaration.ts: change that. -->

\`tidemark run\` serves these at \`/metrics\`, in Prometheus' text format: on port 9464 of 127.0.0.1 unless \`http.port\` and
\`http.host\` say otherwise. With \`http.token\` set, Prometheus needs it as \`authorization.credentials\`. The names stay.

- Units are seconds, bytes, records and messages. Labels have the values that are named here; \`partition\` is the number of
  an input partition. No label holds an id or a text of users' data.
- Each instance shows the partitions that it has. What is told of a partition is what is committed, not what is only folded.
- Counters with the label \`partition\` come from the committed state, except for \`tidemark_misplaced_records_total\`:
  they count from the first record that was ever folded, go on after a restart and wherever the partition goes, and never go
  back. So sum their \`rate\` or \`increase\`, not their values: for the moment of a move two instances show them. All others
  count from the start of the process.
- With \`input.format\` \`avro\` and \`json\` a record is one event, so \`tidemark_events_total\` says by \`outcome\` where records
  went. With \`tracardi\` it counts the events in them.
- What is not known yet is not shown, such as the clocks of a partition without a record.

The [dashboard](../deploy/grafana/tidemark.json) shows all of them in the order in which one asks. What to do
when an answer looks wrong is in [OPERATIONS.md](OPERATIONS.md#alerts), with the [alerts](../deploy/prometheus/alerts.yml).
`;

/** How many series there are for each partition. */
const SERIES = METRICS.reduce((sum, metric) => {
  if (metric.kind === 'folded' || metric.kind === 'read') return sum + metric.series.length;
  return sum + (labelsOf(metric).some(([, values]) => values === null) ? 1 : 0);
}, 0);

const PROCESS = `\`process_*\` and \`nodejs_*\` are those that prom-client gives for any Node.js program: among them
\`process_cpu_seconds_total\`, \`process_resident_memory_bytes\` and \`process_start_time_seconds\`, which are of the whole
process. Those of heap, event loop and garbage collection are of the thread that answers here, which folds nothing.

An instance shows ${SERIES} series for each partition that it has, and about 200 of its own.
`;

function row(metric: DeclaredMetric): string[] {
  const labels = labelsOf(metric).map(([name, values]) => {
    const listed = (values ?? []).map((value) => `\`${value}\``).join(', ');
    return listed === '' ? `\`${name}\`` : `\`${name}\`: ${listed}`;
  });
  return [`\`${metric.name}\``, TYPES[metric.kind], labels.join('; '), metric.help];
}
