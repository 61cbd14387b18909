// Written by `npm run values` from src/core/rules/values.ts and schemas/: change those.

/** Integers of a record; two of them are one time. */
export const RECORD = 36;
