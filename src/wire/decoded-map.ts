/** A value of `properties` and `traits`. */
export type Scalar = null | boolean | number | string;

/** A map, as an object or as pairs; of pairs with the same key the last counts. */
export type DecodedMap<T> = { readonly [key: string]: T } | readonly (readonly [key: string, value: T])[];

/** The pairs of a map. */
export function pairsOf<T>(map: DecodedMap<T>): readonly (readonly [key: string, value: T])[] {
  return Array.isArray(map) ? map : Object.entries(map as { readonly [key: string]: T });
}
