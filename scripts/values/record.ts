import { BLOCKS, CHOICES, FLAGS, INTEGERS, MORE_REFS, TIMES } from '../../src/core/memory/visit-layout.ts';
import { constant, GROUPS, typeOf, VALUES } from './names.ts';

/** `core/memory/record-size.gen.ts`: how much memory each visit's record takes. */
export function recordSizeFile(): string {
  return `
/** Integers of a record; two of them are one time. */
export const RECORD = ${layout().record};
`;
}

/** `core/memory/visit-fields.gen.ts`: where in its record each field of a visit is. */
export function recordFile(): string {
  const { references, integers, flags, blocks, halves, choices } = layout();
  return `
import type { Utm } from '../rules/event.ts';
import type { EndReason, Seal } from '../rules/span.ts';
import { NO_EVENT, type EventRefs } from './event-refs.ts';
import type { StoredIn } from './visit-layout.ts';
import type { Block } from './visit-table.ts';

${blocks.map(({ name, at: first, doc }) => `/** ${doc} */\nexport const ${name} = ${first};`).join('\n')}
/** Refs of values. */
export const VALUES = ${references.length};
/** The first of them, which take half an integer each. */
export const FIRST_VALUE = ${halves};

${TIMES.map(({ name }, i) => `const ${constant(name)} = ${i};`).join('\n')}
${integers.map((field) => `const ${constant(field.name)} = ${field.at};`).join('\n')}
const FLAGS = ${flags};
${FLAGS.map(({ name }, i) => `const IS_${constant(name)} = ${1 << i};`).join('\n')}
${choices.map(({ name, shift }) => `const ${constant(name)}_SHIFT = ${shift};`).join('\n')}
${choices.map(({ name, type, of }) => `const ${constant(name)}S: readonly (${type} | null)[] = ${JSON.stringify(of)};`).join('\n')}
/** In place of a ref: there is none. */
export const NONE = 0xffff;
/** In place of a ref: it is in \`wideRefs\`, too large for its place. */
const WIDE = 0xfffe;

/** What a visit holds: its values, and its numbers in a record of a \`VisitTable\`. */
export abstract class VisitFields {
  /** Where its numbers are. */
  protected block: Block;
  /** Where its record begins there, in integers. */
  protected at: number;

${VALUES.map((value) => `  ${value.name}: ${typeOf(value)} = null;`).join('\n')}

  protected constructor(block: Block, at: number) {
    this.block = block;
    this.at = at;
  }

${TIMES.map(time).join('\n')}
${integers.map(integer).join('\n')}
${FLAGS.map(flag).join('\n')}
${choices.map(choice).join('\n')}
  // ------------------------------------------------------------------------- the events that its values come from

  /** Reads the refs below; they are \`NO_EVENT\` where there is no value. */
  get refs(): EventRefs {
    return this.block.refs;
  }

${references.map(reference).join('\n')}
  /** One of the refs, by its number from 0 to \`VALUES\` - 1. */
  protected valueRef(value: number): number {
    const ref = this.block.halves[this.at * 2 + FIRST_VALUE + value]!;
    if (ref < WIDE) return ref;
    return ref === NONE ? NO_EVENT : this.wideRefs[value]!;
  }

  protected setValueRef(value: number, ref: number): void {
    const at = this.at * 2 + FIRST_VALUE + value;
    if (ref < WIDE) {
      this.block.halves[at] = ref === NO_EVENT ? NONE : ref;
    } else {
      this.block.halves[at] = WIDE;
      this.wideRefs[value] = ref;
    }
  }

  /** Refs that are too large for their place, by their value. */
  protected abstract get wideRefs(): Int32Array;
}
`;
}

/** Where each field is. @throws where there is no room. */
function layout() {
  const references = [...GROUPS.map(({ name, values }) => ({ name, doc: docOf(name, values) })), ...MORE_REFS];
  let at = TIMES.length * 2;
  const integers = INTEGERS.map((field) => ({ ...field, at: at++ }));
  const flags = at++;
  const blocks = BLOCKS.map((block) => {
    at += block.integers;
    return { ...block, at: at - block.integers };
  });
  const halves = at * 2;
  const used = at + Math.ceil(references.length / 2);
  // A time has to lie at an even place.
  const record = used + (used % 2);
  const choices = CHOICES.map((choice, i) => ({ ...choice, shift: FLAGS.length + i * 3 }));
  for (const { name, of } of choices) if (of.length > 8) throw new Error(`${name} needs more than its three bits`);
  if (FLAGS.length + choices.length * 3 > 31) throw new Error('flags and choices need more than one integer');
  return { references, integers, flags, blocks, halves, choices, record };
}

function docOf(name: string, values: readonly { readonly label: string }[]): string {
  return `The event of its ${values.map(({ label }) => label).join(' and ')}.`.replace(`its ${name}.`, `its ${name}.`);
}

const doc = (text: string): string => (text === '' ? '' : `/** ${text} */\n`);

function time({ name, doc: text, isNullable }: (typeof TIMES)[number]): string {
  const place = `this.block.times[(this.at >> 1) + ${constant(name)}]`;
  if (isNullable)
    return `${doc(text)}get ${name}(): number | null {
    const t = ${place}!;
    return Number.isNaN(t) ? null : t;
  }

  set ${name}(t: number | null) {
    ${place} = t ?? Number.NaN;
  }
`;
  return `${doc(text)}get ${name}(): number {
    return ${place}!;
  }

  set ${name}(t: number) {
    ${place} = t;
  }
`;
}

function integer({ name, doc: text, plus, isProtected }: (typeof INTEGERS)[number]): string {
  const place = `this.block.integers[this.at + ${constant(name)}]`;
  const visible = isProtected ? 'protected ' : '';
  return `${doc(text)}${visible}get ${name}(): number {
    return ${place}!${plus === undefined ? '' : ` - ${plus}`};
  }

  ${visible}set ${name}(value: number) {
    ${place} = value${plus === undefined ? '' : ` + ${plus}`};
  }
`;
}

function flag({ name, doc: text }: (typeof FLAGS)[number]): string {
  return `${doc(text)}get ${name}(): boolean {
    return (this.block.integers[this.at + FLAGS]! & IS_${constant(name)}) !== 0;
  }

  set ${name}(is: boolean) {
    if (is) this.block.integers[this.at + FLAGS]! |= IS_${constant(name)};
    else this.block.integers[this.at + FLAGS]! &= ~IS_${constant(name)};
  }
`;
}

function choice({ name, type, doc: text }: (typeof CHOICES)[number]): string {
  const list = `${constant(name)}S`;
  const shift = `${constant(name)}_SHIFT`;
  return `${doc(text)}get ${name}(): ${type} | null {
    return ${list}[(this.block.integers[this.at + FLAGS]! >> ${shift}) & 7]!;
  }

  set ${name}(${name}: ${type} | null) {
    const flags = this.block.integers[this.at + FLAGS]!;
    this.block.integers[this.at + FLAGS] = (flags & ~(7 << ${shift})) | (${list}.indexOf(${name}) << ${shift});
  }
`;
}

function reference({ name, doc: text }: { readonly name: string; readonly doc: string }, i: number): string {
  return `${doc(text)}get ${name}Ref(): number {
    return this.valueRef(${i});
  }

  set ${name}Ref(ref: number) {
    this.setValueRef(${i}, ref);
  }
`;
}
