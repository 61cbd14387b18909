import { expect } from '@jest/globals';
import type { RawRecord } from '../../../src/ports/record.ts';
import type { Answer } from '../../reference/reference.ts';
import { isRight } from '../../support/verdict/compare.ts';
import { verdictOn } from '../../support/verdict/index.ts';
import { PARTITIONS, type TestPipeline } from './pipeline.ts';

/** One at a time: each starts a few Java processes. */
let before: Promise<unknown> = Promise.resolve();

/**
 * Call once all visits have ended and all processors have; ends the output topics with a record of its own.
 * @param written how many records the input topic holds.
 * @returns the reference's answers, by partition.
 */
export async function expectRight(pipeline: TestPipeline, written: number): Promise<Answer<RawRecord>[]> {
  const mine = before.then(() => verdict(pipeline, written));
  before = mine.catch(() => {});
  return await mine;
}

async function verdict(pipeline: TestPipeline, written: number): Promise<Answer<RawRecord>[]> {
  const { parts, settings } = pipeline;
  const database = await pipeline.database();
  const { compared, folded } = await verdictOn({ parts, settings, database, partitions: PARTITIONS, written });
  expect(compared.flatMap(({ examples }) => examples)).toEqual([]);
  expect(compared.filter((each) => !isRight(each))).toEqual([]);
  return folded.map(({ answer }) => answer as Answer<RawRecord>);
}
