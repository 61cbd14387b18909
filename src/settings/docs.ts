import { KEYS, RESERVED, SETTINGS } from './declaration.ts';
import { type AnySetting, isDerived } from './setting.ts';

/** docs/SETTINGS.md, whole. */
export function settingsMarkdown(): string {
  return `${INTRODUCTION}
## Settings

${markdownTable(
  ['key', 'environment', 'type', 'default', 'what it is', 'changing it'],
  KEYS.map((key) => row(key, SETTINGS[key])),
)}
## Other variables

${markdownTable(
  ['environment', 'what it is'],
  Object.entries(RESERVED).map(([name, doc]) => [`\`${name}\``, doc]),
)}`;
}

const INTRODUCTION = `# Settings

<!-- Made by \`npm run docs:settings\` from src/settings/declaration.ts: change that. -->

Defaults, then \`tidemark.yaml\`, then the environment, then flags: the later wins. \`tidemark config\` prints what is in
force and where each value came from; \`tidemark config --check\` only says whether it can be used.

- **File**: \`--config FILE\` or \`TIDEMARK_CONFIG\`, else \`tidemark.yaml\` in the working directory if there is one. Sections
  as maps, or keys with dots: \`visit: { gap: 20m }\` is \`visit.gap: 20m\`.
- **Editors** complete and check the file by [tidemark.schema.json](../schemas/tidemark.schema.json). With the YAML language
  server (VS Code, Neovim and others) the first line of the file names it, by a path from the file or an address:
  \`# yaml-language-server: $schema=./node_modules/tidemark/schemas/tidemark.schema.json\`. It judges the file alone; bounds of
  durations and sizes, and what belongs together, \`tidemark config --check\` knows.
- **Environment**: an empty variable is not set. Lists are written with commas between their items, or as JSON.
- **Flags**: \`--set visit.gap=20m\`, as often as needed; some settings have a flag of their own (\`--help\`).
- **Durations** are a number and a unit: \`500ms\`, \`10s\`, \`30m\`, \`24h\`, \`30d\`. **Bytes**: \`512KB\`, \`8MB\`, \`1GB\`, in powers of
  1,024.
- **Secrets** are never printed, passwords in a URL included. Each may stand in a file instead, which \`kafka.sasl.password_file\`
  or \`KAFKA_SASL_PASSWORD_FILE\` names for \`kafka.sasl.password\`, without the line break at its end: it is read at the start, and
  anew whenever the secret is needed, so that a secret that was changed in the file needs no restart. A URL with a password may
  stand in a file that \`DATABASE_URL_FILE\` or \`SCHEMA_REGISTRY_URL_FILE\` names, which is read at the start alone.
- Unknown keys and unknown variables that begin with \`TIDEMARK_\` are refused, with the nearest known name.

All settings are read at the start. "Changing it" says what holds where a state exists already: _replay_ is refused, with
what differs, until the value is set back or the log is folded anew into another \`database.schema\`, with another
\`kafka.group\` and other output topics; _in place_ takes effect at the next
start.
`;

function row(key: string, setting: AnySetting): string[] {
  const secret = setting.secret !== 'password' ? '' : `, or a file: \`${setting.env}_FILE\``;
  const flag = setting.flag === null ? '' : `, \`${setting.flag}\``;
  const change = typeof setting.change === 'string' ? setting.change : setting.change.note;
  return [
    `\`${key}\``,
    `\`${setting.env}\`${flag}${secret}`,
    setting.type.name,
    defaultOf(setting),
    setting.doc,
    change,
  ];
}

function defaultOf(setting: AnySetting): string {
  if (isDerived(setting.default)) return setting.default.text;
  const written = setting.type.format(setting.default);
  return written === '' ? '' : `\`${written}\``;
}

/** A Markdown table with aligned columns, as formatters write it. */
export function markdownTable(header: readonly string[], rows: readonly (readonly string[])[]): string {
  const cells = [header, ...rows].map((row) => row.map((cell) => cell.replaceAll('|', '\\|')));
  const widths = header.map((_, column) => Math.max(...cells.map((row) => row[column]!.length)));
  const line = (row: readonly string[]) => `| ${row.map((cell, i) => cell.padEnd(widths[i]!)).join(' | ')} |\n`;
  const rule = line(widths.map((width) => '-'.repeat(width)));
  return line(cells[0]!) + rule + cells.slice(1).map(line).join('');
}
