/** Which part of the work a place in the code belongs to. Files that move need a new line here, and nothing else does. */

export const PHASES = [
  'fetch',
  'decode',
  'fold',
  'encode',
  'store',
  'publish',
  'gc',
  'sockets',
  'start',
  'other',
] as const;
export type Phase = (typeof PHASES)[number];

/** The first that matches counts. Paths are those of `dist/` and `node_modules/`, or names of Node's own modules. */
const RULES: readonly (readonly [Phase, RegExp])[] = [
  ['encode', /dist\/wire\/(outbox|envelope|visit-writer|put|tail)/],
  ['decode', /dist\/wire\//],
  ['decode', /dist\/processor\/schemas/],
  ['fold', /dist\/core\//],
  // What the rows of a commit are made of; what sends them is the store.
  ['encode', /dist\/postgres\/(arrays|batch|blocks|bytes|copy|fold-state|.*-row\.|.*encod|.*writer)/],
  ['store', /dist\/postgres\//],
  ['store', /node_modules\/(pg|pg-[a-z]+|postgres-[a-z]+)\//],
  ['publish', /dist\/processor\/publisher/],
  [
    'publish',
    /dist\/kafka\/(output|layout|requests|crc32c|end-txn|produce|transaction|kafkajs\/(one-batch|cluster-brokers|stable-offset)|.*batch-writer)/,
  ],
  ['publish', /node_modules\/kafkajs\/src\/producer\//],
  [
    'publish',
    /node_modules\/kafkajs\/src\/protocol\/requests\/(produce|addPartitions|addOffsets|endTxn|txn|initProducer)/,
  ],
  ['fetch', /dist\/kafka\//],
  ['fetch', /dist\/processor\/(inbox|record|size)/],
  [
    'fetch',
    /node_modules\/kafkajs\/src\/(consumer|protocol\/requests\/(fetch|listOffsets)|protocol\/(recordBatch|message))/,
  ],
];

/** Where nobody further up says more. */
const ELSE: readonly (readonly [Phase, RegExp])[] = [
  ['sockets', /node_modules\/kafkajs\/src\/network\//],
  ['sockets', /^node:(net|tls|stream|internal\/(streams?|stream_base|js_stream))/],
  ['start', /^node:internal\/(modules|bootstrap|main)/],
];

/** Of a function's file; null where its caller decides. */
export function phaseOf(name: string, url: string): Phase | null {
  return name === '(garbage collector)' ? 'gc' : first(RULES, url);
}

/** Of a function's file, where no caller's says which phase it is. */
export function phaseElse(url: string): Phase | null {
  return first(ELSE, url);
}

function first(rules: typeof RULES, url: string): Phase | null {
  return rules.find(([, pattern]) => pattern.test(url))?.[0] ?? null;
}
