/** A time up to now, in parts of one length. */
export interface TrendSpan {
  /** Name of the part for `date_trunc`; parts begin in UTC, so that everyone sees the same. */
  readonly part: 'minute' | 'hour' | 'day';
  readonly parts: number;
  /** Length of a part, ms. */
  readonly step: number;
}

export const SPANS = {
  minutes: { part: 'minute', parts: 60, step: 60_000 },
  hours: { part: 'hour', parts: 24, step: 3_600_000 },
  days: { part: 'day', parts: 30, step: 86_400_000 },
} as const satisfies Readonly<Record<string, TrendSpan>>;

export type SpanName = keyof typeof SPANS;

export function isSpan(name: string): name is SpanName {
  return Object.hasOwn(SPANS, name);
}

/** Rows of a list. Trends over time have at most a row for each part. */
const LIST_ROWS = 10;

export const TRENDS = [
  ...(['visits', 'events', 'setAside', 'duration', 'bounces'] as const),
  ...(['entryPages', 'campaigns', 'countries'] as const),
] as const;

/** The trends of a span: what was set aside is counted by the hour at the finest. */
export function trendsOf(span: SpanName): readonly TrendName[] {
  return span === 'minutes' ? TRENDS.filter((name) => name !== 'setAside') : TRENDS;
}

export type TrendName = (typeof TRENDS)[number];

/**
 * The query of a trend: the text that is run is the text that is shown, so it names the schema and has no parameters. It
 * reads only the views, which the reader role may.
 *
 * The first column is the beginning of a part or a text, the others are numbers.
 *
 * @param schema as `assertSchemaName` allows it
 */
export function trendSql(name: TrendName, span: SpanName, schema: string): string {
  return SQL[name]({ ...SPANS[span], schema: quoted(schema) });
}

interface SpanQuery extends TrendSpan {
  readonly schema: string;
}

const SQL: Readonly<Record<TrendName, (asked: SpanQuery) => string>> = {
  // An ended visit was written after its last event, or ahead of it by visit.future_tolerance (5 minutes, unless set): the
  // condition on updated_at leaves none out, and has an index, which ended_at has not.
  visits: (asked) => `WITH moment AS (
  SELECT started_at AS at, 1 AS begun, 0 AS ended
  FROM ${asked.schema}.visits
  WHERE NOT debug AND started_at >= ${since(asked)}
  UNION ALL
  SELECT ended_at, 0, 1
  FROM ${asked.schema}.visits
  WHERE NOT debug AND ended_at >= ${since(asked)}
    AND updated_at >= ${since(asked)} - interval '24 hours'
)
SELECT ${partOf('at', asked)}, sum(begun) AS begun, sum(ended) AS ended
FROM moment
${byPart(asked)}`,

  events: (asked) => `SELECT ${partOf('started_at', asked)},
       sum(event_count) AS events,
       sum(page_view_count) AS page_views
FROM ${asked.schema}.visits
WHERE NOT debug AND started_at >= ${since(asked)}
${byPart(asked)}`,

  setAside: (asked) => `SELECT ${partOf('hour', asked)},
       sum(count) FILTER (WHERE reason = 'late') AS late,
       sum(count) FILTER (WHERE reason <> 'late') AS dead_letters
FROM ${asked.schema}.set_aside
WHERE hour >= ${since(asked)}
${byPart(asked)}`,

  duration: (asked) => `SELECT ${partOf('started_at', asked)},
       extract(epoch FROM percentile_cont(0.5) WITHIN GROUP (ORDER BY duration)) AS median_seconds,
       extract(epoch FROM percentile_cont(0.9) WITHIN GROUP (ORDER BY duration)) AS p90_seconds
FROM ${asked.schema}.visits
WHERE NOT debug AND status = 'ended' AND started_at >= ${since(asked)}
${byPart(asked)}`,

  bounces: (asked) => `SELECT ${partOf('started_at', asked)},
       round(100.0 * count(*) FILTER (WHERE event_count = 1) / count(*), 1) AS percent,
       count(*) AS ended_visits
FROM ${asked.schema}.visits
WHERE NOT debug AND status = 'ended' AND started_at >= ${since(asked)}
${byPart(asked)}`,

  entryPages: (asked) => top('entry_page', asked),
  campaigns: (asked) => top('utm_campaign', asked),
  countries: (asked) => top('country', asked),
};

/** Where the first part begins. It does not use days: a day of an interval has 23 or 25 hours where clocks change. */
function since({ part, parts, step }: TrendSpan): string {
  const [unit, length] = part === 'minute' ? (['minutes', 60_000] as const) : (['hours', 3_600_000] as const);
  return `date_trunc('${part}', now(), 'UTC') - interval '${((parts - 1) * step) / length} ${unit}'`;
}

function partOf(column: string, { part }: TrendSpan): string {
  return `date_trunc('${part}', ${column}, 'UTC') AS ${part}_begin`;
}

function byPart({ part, parts }: TrendSpan): string {
  return `GROUP BY ${part}_begin\nORDER BY ${part}_begin\nLIMIT ${parts}`;
}

function top(column: string, asked: SpanQuery): string {
  return `SELECT ${column}, count(*) AS visits
FROM ${asked.schema}.visits
WHERE NOT debug AND ${column} IS NOT NULL AND started_at >= ${since(asked)}
GROUP BY ${column}
ORDER BY visits DESC, ${column}
LIMIT ${LIST_ROWS}`;
}

/** Quotes a name that may be a word of SQL; names that begin like ours are none. */
function quoted(schema: string): string {
  return schema.startsWith('tidemark') ? schema : `"${schema}"`;
}
