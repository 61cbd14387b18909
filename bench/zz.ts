import { catchUp } from './run/catch-up.ts';
import { Ground } from './run/ground.ts';
import { inputOf } from './run/input.ts';
import { DEFAULT_SHAPE } from './workload/shape.ts';

const g = await Ground.make(console.error);
try {
  const input = await inputOf(g, { ...DEFAULT_SHAPE, events: 200_000 }, console.error);
  console.log(await catchUp(g, input, { root: '.' }));
} finally {
  await g.end();
}
