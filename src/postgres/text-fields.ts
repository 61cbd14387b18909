import { BoundedMap } from '../core/memory/bounded-map.ts';
import { ByteWriter } from './bytes.ts';

type Texts = readonly (string | null)[];

/**
 * Several columns of text as the fields of a binary COPY. Device, place and campaign are arrays that many visits share:
 * each is encoded once, and copied from then on.
 */
export function textFields(texts: Texts): Uint8Array {
  const known = written.get(texts);
  // A visit's own array may have changed since.
  if (known !== undefined && isSame(known.texts, texts)) return known.fields;
  const fields = encode(texts);
  written.set(texts, { texts: [...texts], fields });
  return fields;
}

const written = new BoundedMap<Texts, { readonly texts: Texts; readonly fields: Uint8Array }>(16_384);

function isSame(one: Texts, other: Texts): boolean {
  for (let i = 0; i < one.length; i += 1) if (one[i] !== other[i]) return false;
  return one.length === other.length;
}

function encode(texts: Texts): Uint8Array {
  const out = new ByteWriter();
  for (const text of texts) {
    const hole = out.hole();
    if (text === null) {
      out.set32(hole, NULL);
    } else {
      out.utf8(text);
      out.patch(hole);
    }
  }
  return Uint8Array.from(out.bytes());
}

const NULL = -1;
