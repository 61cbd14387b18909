/** Another schema that one refers to by the name of a type in it. */
export interface Reference {
  readonly name: string;
  readonly subject: string;
  readonly version: number;
}

type Fetch = (reference: Reference) => Promise<{ readonly schema: string; readonly references: readonly Reference[] }>;
type SchemaObject = { readonly [key: string]: unknown };

/**
 * Puts the definitions of the types that a schema refers to in place of their first use, so that its text stands alone:
 * it is kept in the database, away from the registry.
 * @param fetch gives a referenced schema; what it throws comes through.
 * @returns the schema as JSON text.
 */
export async function inlineReferences(
  schema: string,
  references: readonly Reference[],
  fetch: Fetch,
): Promise<string> {
  const definitions = new Map<string, unknown>();
  await collect(references, fetch, definitions);
  const place = (found: unknown, namespace: string): unknown => {
    if (typeof found === 'string') {
      const name = !found.includes('.') && definitions.has(`${namespace}.${found}`) ? `${namespace}.${found}` : found;
      if (!definitions.has(name)) return found;
      const definition = definitions.get(name);
      // From its first use on, a name is enough.
      definitions.delete(name);
      return place(definition, '');
    }
    if (Array.isArray(found)) return found.map((branch) => place(branch, namespace));
    if (typeof found !== 'object' || found === null) return found;
    const object = found as SchemaObject;
    const inside = namespaceOf(object, namespace);
    const out: { [key: string]: unknown } = { ...object };
    if (namespace === '' && inside === '' && typeof object.name === 'string') out.namespace = '';
    for (const key of ['type', 'items', 'values']) if (key in object) out[key] = place(object[key], inside);
    if (Array.isArray(object.fields)) {
      out.fields = object.fields.map((field: SchemaObject) => ({ ...field, type: place(field.type, inside) }));
    }
    return out;
  };
  return JSON.stringify(place(JSON.parse(schema), ''));
}

async function collect(
  references: readonly Reference[],
  fetch: Fetch,
  definitions: Map<string, unknown>,
): Promise<void> {
  for (const reference of references) {
    if (definitions.has(reference.name)) continue;
    definitions.set(reference.name, null);
    const { schema, references: further } = await fetch(reference);
    definitions.set(reference.name, JSON.parse(schema));
    await collect(further, fetch, definitions);
  }
}

/** The name space in which the types inside a definition are named. */
function namespaceOf(object: SchemaObject, enclosing: string): string {
  const { name, namespace } = object;
  if (typeof name !== 'string') return enclosing;
  if (name.includes('.')) return name.slice(0, name.lastIndexOf('.'));
  return typeof namespace === 'string' ? namespace : enclosing;
}
