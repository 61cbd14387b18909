import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { Browser, Locator } from 'playwright-core';
import { freePorts } from '../../src/local/ports.ts';
import { PARTITIONS, TestPipeline, withOutput } from '../e2e/support/pipeline.ts';
import type { Program } from '../e2e/support/program.ts';
import { plainEvent } from '../e2e/support/traffic.ts';
import { describeReal, stack } from '../support/stack.ts';
import { until } from '../support/until.ts';
import { findings } from './support/axe.ts';
import { launch, type Watched, watched, whyNoBrowser } from './support/chromium.ts';
import { faintWords, overflow } from './support/looks.ts';

/** What an attacker would write to find out whether the console runs scripts from data. */
const SCRIPT = '<script>alert(1)</script>';
const SESSION = `a/b%2F#?&"'<img src=x onerror=alert(2)>\u{1f600}é`;
const PROFILE = `"><svg onload=alert(3)>'\u{1f600}`;
/** A time as the console shows it: with its day if that is not today. */
const CLOCK = '(\\d\\d-\\d\\d )?\\d\\d:\\d\\d:\\d\\d';
const PAGE = `/<iframe srcdoc="<script>alert(4)</script>">\u202e`;
const context = { page: { url: null, path: PAGE, title: null, referrer: `javascript:alert(5)` } };

const describeBrowser = (name: string, tests: () => void) =>
  whyNoBrowser === null ? describeReal(name, tests) : describe.skip(`${name} (skipped: ${whyNoBrowser})`, tests);

describeBrowser('the console in a browser', () => {
  let browser: Browser;
  let pipeline: TestPipeline;
  let program: Program;
  let origin: string;

  beforeAll(async () => {
    const [port] = await freePorts(1);
    origin = `http://127.0.0.1:${port}`;
    browser = await launch();
    // Visits end by a sign-out within seconds, and stay open without one.
    const rules = { TIDEMARK_VISIT_GAP: '1h', TIDEMARK_VISIT_MAX_AGE: '2h', TIDEMARK_VISIT_MAX_DURATION: '24h' };
    pipeline = new TestPipeline(stack(), 'console', { ...rules, TIDEMARK_HTTP_PORT: String(port) });
    await withOutput(pipeline, async () => {
      await pipeline.setUp();
      program = pipeline.run();
      await program.ready();
      await visit(SESSION, [
        { type: SCRIPT, profile_id: PROFILE, context, properties: { [SCRIPT]: SCRIPT } },
        { profile_id: null },
      ]);
      await visit(SESSION.toUpperCase(), [{ type: SCRIPT, profile_id: PROFILE, context }]);
      await signOut(SESSION);
      await ended(SESSION);
    });
  });

  afterAll(async () => {
    await browser?.close();
    await pipeline?.end();
  });

  const visit = async (session: string, events: Parameters<typeof plainEvent>[1][]) => {
    await (await pipeline.writer()).write(events.map((fields) => plainEvent(session, fields)));
  };
  const signOut = (session: string) => visit(session, [{ type: 'sign-out', profile_id: null }]);
  const ended = async (session: string) => {
    const database = await pipeline.database();
    const query = "SELECT FROM visits WHERE session_id = $1 AND status = 'ended'";
    await until('it has ended', async () => (await database.query(query, [session])).rows.length === 1);
  };
  const idOf = async (session: string): Promise<string> => {
    const { rows } = await (await pipeline.database()).query('SELECT visit_id FROM visits WHERE session_id = $1', [
      session,
    ]);
    return rows[0].visit_id;
  };
  const open = async (path: string, options = {}, at = origin): Promise<Watched> => {
    const opened = await watched(browser, at, options);
    await opened.page.goto(`${at}/${path}`);
    return opened;
  };
  const pages = async () => {
    const id = encodeURIComponent;
    return [
      ['', '.lane'],
      ['#/visits', 'tbody tr'],
      [`#/visit/${await idOf(SESSION)}`, '.why'],
      [`#/session/${id(SESSION)}`, 'tbody tr'],
      [`#/profile/${id(PROFILE)}`, 'tbody tr'],
      [`#/find/${id(SESSION.slice(0, 3))}`, '.why, .ids, .facts'],
      ['#/trends', 'svg.chart .values text'],
      ['#/trends/minutes', 'svg.chart .values text'],
      ['#/trends/days', 'svg.chart .values text'],
      ['#/dead-letters', '.commands'],
      ['#/settings', 'tbody tr'],
      ['#/nothing', '.empty'],
    ] as const;
  };
  const seen = (locator: Locator) => locator.first().waitFor({ state: 'visible' });

  test('what users wrote is shown as text on every page; nothing of it runs, and nothing leaves the page', async () => {
    const { page, wrong } = await open('');
    for (const [path, sign] of await pages()) {
      await page.goto(`${origin}/${path}`);
      await seen(page.locator(sign));
    }
    await page.goto(`${origin}/#/visit/${await idOf(SESSION)}`);
    await seen(page.locator('.why'));
    expect(await page.locator('td b').allTextContents()).toContain(SCRIPT);
    const text = await page.locator('main').textContent();
    for (const written of [PAGE, PROFILE, SESSION, JSON.stringify({ [SCRIPT]: SCRIPT })])
      expect(text).toContain(written);
    await page.goto(`${origin}/#/profile/${encodeURIComponent(PROFILE)}`);
    await seen(page.locator('tbody tr'));
    expect(await page.locator('h1').textContent()).toBe(`Profile ${PROFILE}`);
    expect(await page.locator('main :is(script, img, iframe, svg[onload], [onerror])').count()).toBe(0);
    expect(wrong).toEqual([]);
    await page.context().close();
  });

  test('the keyboard alone leads from a part of an id to a visit and the sentence why it ended', async () => {
    const { page, wrong } = await open('');
    await seen(page.locator('.lane'));
    await page.keyboard.press('/');
    // Two sessions begin like this, one of them in small letters.
    await page.keyboard.type(SESSION.slice(0, 1));
    await page.keyboard.press('Enter');
    await seen(page.locator('h1', { hasText: SESSION }));
    await tabTo(page, (focus) => focus.startsWith('a #/visit/'));
    await page.keyboard.press('Enter');
    await seen(page.locator('.why'));
    expect(await page.locator('.why').textContent()).toMatch(
      new RegExp(`^Ended at ${CLOCK}: by its event sign-out; a late event`),
    );
    expect(wrong).toEqual([]);
    await page.context().close();
  });

  test('arrow keys lead along the time axis to an open visit, and say there what it waits for', async () => {
    const { page } = await open('');
    await seen(page.locator('.axis .visit'));
    await tabTo(page, (focus) => focus.startsWith('g '));
    const says = page.locator('.says');
    expect(await says.textContent()).toMatch(/^Partition 0: /);
    for (let lane = 0; !(await says.textContent())?.startsWith('Open'); lane++) {
      if (lane > 5) throw new Error('no lane has an open visit');
      await page.keyboard.press('ArrowRight');
      if (!(await says.textContent())?.startsWith('Open')) await page.keyboard.press('ArrowDown');
    }
    expect(await says.textContent()).toMatch(
      new RegExp(
        `It ends when the watermark passes ${CLOCK} \\(its last event plus the gap of 1 h\\); if no more records come, at `,
      ),
    );
    await page.keyboard.press('Enter');
    await seen(page.locator('.why'));
    expect(await page.locator('.why').textContent()).toMatch(/^Open; ends at /);
    await page.context().close();
  });

  test('a visit is seen to open and to end, without a reload', async () => {
    const { page, wrong } = await open('');
    await seen(page.locator('.lane'));
    // Each partition has one, because nothing else is open in most of them.
    const sessions = Array.from({ length: PARTITIONS }, (_, partition) => ({
      partition,
      session: crypto.randomUUID(),
    }));
    const write = async (fields: Parameters<typeof plainEvent>[1]) => {
      const events = sessions.map(({ session, partition }) => ({ ...plainEvent(session, fields), partition }));
      await (await pipeline.writer()).write(events);
    };
    await write({});
    for (const { session } of sessions) {
      await until('it is in SQL', async () => (await idOf(session).catch(() => '')) !== '');
      await seen(page.locator(`.axis a[href="#/visit/${await idOf(session)}"] .bar:not(.ended)`));
    }
    await write({ type: 'sign-out' });
    for (const { session } of sessions) {
      await seen(page.locator(`.axis a[href="#/visit/${await idOf(session)}"] .bar.ended`));
      await seen(page.locator('td a', { hasText: session }));
    }
    expect(wrong).toEqual([]);
    await page.context().close();
  });

  test('a processor that is away makes what is shown stale, and the next one goes on with it', async () => {
    const { page } = await open('');
    await seen(page.locator('#state.live'));
    await program.stop();
    await seen(page.locator('#state.stale'));
    expect(await page.locator('#age').textContent()).toMatch(/^as of \d/);
    expect(await page.locator('#notice').textContent()).toMatch(/does not answer.*not current/);
    program = pipeline.run();
    await program.ready();
    await seen(page.locator('#state.live'));
    await seen(page.locator('#foot', { hasText: `:${program.pid} ` }));
    expect(await page.locator('#notice').textContent()).toBe('');
    await page.context().close();
  });

  test('a token that is set is asked for, kept for the tab, and a wrong one is refused', async () => {
    const [port] = await freePorts(1);
    const other = pipeline.run({ TIDEMARK_HTTP_TOKEN: 'right-token', TIDEMARK_HTTP_PORT: String(port) });
    await other.logs(/^listening$/);
    const at = `http://127.0.0.1:${port}`;
    const { page } = await open('', {}, at);
    await seen(page.locator('#token'));
    await page.keyboard.type('wrong-token');
    await page.keyboard.press('Enter');
    await seen(page.locator('form .bad', { hasText: 'not the one' }));
    await page.keyboard.type('right-token');
    await page.keyboard.press('Enter');
    await seen(page.locator('#state.live'));
    await page.reload();
    await seen(page.locator('#state.live'));
    expect(await page.locator('#token').count()).toBe(0);
    await page.context().close();
    await other.stop();
    await program.ready();
  });

  test.each(['light', 'dark'] as const)(
    'in %s, words can be told from what is behind them, on every page',
    async (colorScheme) => {
      const { page, wrong } = await open('', { colorScheme });
      for (const [path, sign] of await pages()) {
        await page.goto(`${origin}/${path}`);
        await seen(page.locator(sign));
        expect([path, await faintWords(page)]).toEqual([path, []]);
      }
      const ground = await page.evaluate<string>('getComputedStyle(document.documentElement).backgroundColor');
      const [red] = ground.match(/\d+/g)!.map(Number);
      expect(red! > 127 ? 'light' : 'dark').toBe(colorScheme);
      expect(wrong).toEqual([]);
      await page.context().close();
    },
  );

  test.each([
    ['light', 1280],
    ['dark', 390],
  ] as const)('in %s, %s px wide, axe finds nothing on any page', async (colorScheme, width) => {
    const { page, wrong } = await open('', { colorScheme, viewport: { width, height: 900 } });
    for (const [path, sign] of await pages()) {
      await page.goto(`${origin}/${path}`);
      await seen(page.locator(sign));
      await page.evaluate("for (const one of document.querySelectorAll('details')) one.open = true");
      expect([path, await findings(page)]).toEqual([path, []]);
    }
    expect(wrong).toEqual([]);
    await page.context().close();
  });

  test('trends show the visits that were written, to the keyboard too, and the SQL that gives them', async () => {
    const { page, wrong } = await open('#/trends');
    const trend = page.locator('.trend', { hasText: 'Visits begun and ended' });
    await seen(trend.locator('.bar'));
    await trend.locator('.chart-frame').focus();
    const told = async (key: string) => {
      await page.keyboard.press(key);
      return await trend.locator('.chart-frame').getAttribute('aria-valuetext');
    };
    // If the hour has changed since, the visits are in the one before.
    const last = [await told('End'), await told('ArrowLeft')];
    expect([...last, await told('Home')]).toEqual([
      expect.stringMatching(/^\d\d:00 so far: \d+ begun, \d+ ended$/),
      expect.stringMatching(/^\d\d:00: \d+ begun, \d+ ended$/),
      expect.stringMatching(/^\d\d:00: 0 begun, 0 ended$/),
    ]);
    expect(last.join()).toMatch(/: [1-9]\d* begun/);
    await trend.locator('summary', { hasText: 'SQL' }).click();
    const sql = (await trend.locator('.sql').textContent())!;
    const database = await pipeline.database();
    const rows = (await database.query(sql)).rows as { begun: string; ended: string }[];
    const sum = (of: 'begun' | 'ended') => rows.reduce((all, row) => all + Number(row[of]), 0);
    const { rows: there } = await database.query(
      `SELECT count(*) AS begun, count(*) FILTER (WHERE status = 'ended') AS ended FROM visits WHERE NOT debug`,
    );
    expect([sum('begun'), sum('ended')]).toEqual([Number(there[0].begun), Number(there[0].ended)]);
    await page.goto(`${origin}/#/trends/days`);
    await seen(
      page
        .locator('.trend', { hasText: 'Campaigns' })
        .locator('.empty', { hasText: 'No visit that began named a campaign in these 30 days.' }),
    );
    expect(wrong).toEqual([]);
    await page.context().close();
  });

  test('on a phone no page is wider than the phone', async () => {
    const { page } = await open('', { viewport: { width: 360, height: 740 } });
    for (const [path, sign] of await pages()) {
      await page.goto(`${origin}/${path}`);
      await seen(page.locator(sign));
      expect([path, await overflow(page)]).toEqual([path, 0]);
    }
    await page.context().close();
  });
});

/** Presses Tab until the focused element is the one meant, by its tag and where it leads. */
async function tabTo(page: Watched['page'], isMeant: (focus: string) => boolean): Promise<void> {
  for (let tries = 0; tries < 60; tries++) {
    await page.keyboard.press('Tab');
    const focus = await page.evaluate<string>(
      "document.activeElement.tagName.toLowerCase() + ' ' + (document.activeElement.getAttribute('href') ?? '')",
    );
    if (isMeant(focus)) return;
  }
  throw new Error('60 times Tab do not lead there');
}
