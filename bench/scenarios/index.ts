import type { Options } from '../options.ts';
import type { Ground } from '../run/ground.ts';
import { removeInputs } from '../run/input.ts';
import { runCatchUp } from './catch-up.ts';
import { runCompare } from './compare.ts';
import { runGrowth } from './growth.ts';
import { runLatency } from './latency.ts';
import { runLong } from './long.ts';
import type { Say } from './say.ts';
import { runWide } from './wide.ts';

/** @returns whether every answer was right, and nothing failed that the scenario watches. */
export async function runScenario(ground: Ground, options: Options, say: Say): Promise<boolean> {
  switch (options.scenario) {
    case 'catch-up':
      return await runCatchUp(ground, options, say);
    case 'wide':
      return await runWide(ground, options, say);
    case 'latency':
      return await runLatency(ground, options, say);
    case 'growth':
      return await runGrowth(ground, options, say);
    case 'long':
      return await runLong(ground, options, say);
    case 'compare':
      return await runCompare(ground, options, say);
    case 'clean':
      say(`removed: ${(await removeInputs(ground)).join(', ') || 'nothing was there'}`);
      return true;
  }
}
