// Writes docs/METRICS.md from the metrics' declaration.
import { writeFileSync } from 'node:fs';
import { metricsMarkdown } from '../src/metrics/docs.ts';

writeFileSync(new URL('../docs/METRICS.md', import.meta.url), metricsMarkdown());
