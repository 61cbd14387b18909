import { describe, expect, test } from '@jest/globals';
import { decidingDifferences, decidingSettings, explainDifferences, loadSettings } from '../../src/settings/index.ts';

const settings = (set: string[] = []) => loadSettings({ cwd: '/', flags: { set } }).settings;

describe('deciding settings', () => {
  test('survive JSON and differ from themselves in nothing', () => {
    const kept = JSON.parse(JSON.stringify(decidingSettings(settings(['input.start=2026-01-31T00:00:00Z']))));
    expect(decidingDifferences(kept, settings(['input.start=2026-01-31T00:00:00Z']))).toEqual([]);
  });

  test('the order of a list and other writings of a duration are no difference', () => {
    const kept = decidingSettings(settings(['visit.ending_types=a,b', 'visit.gap=60s']));
    expect(decidingDifferences(kept, settings(['visit.ending_types=b,a', 'visit.gap=1m']))).toEqual([]);
  });

  test('a changed one is named with both values, as they may be set again', () => {
    const kept = decidingSettings(settings());
    const differences = decidingDifferences(kept, settings(['visit.gap=20m', 'visit.page_view_types=a,b']));
    expect(differences).toEqual([
      { key: 'visit.gap', kept: '30m', now: '20m' },
      { key: 'visit.page_view_types', kept: 'page-view', now: 'a,b' },
    ]);
    expect(explainDifferences(differences)).toMatch(
      /visit\.gap was 30m and is now 20m[\s\S]*Set them back.*fold the log anew/,
    );
  });

  test('one that does not decide may change', () => {
    expect(decidingDifferences(decidingSettings(settings()), settings(['commit.interval=1s', 'http.port=0']))).toEqual(
      [],
    );
  });

  test('one that was not there when the state began had its default', () => {
    const { 'visit.gap': _, ...older } = decidingSettings(settings());
    expect(decidingDifferences(older, settings())).toEqual([]);
    expect(decidingDifferences(older, settings(['visit.gap=1m']))).toEqual([
      { key: 'visit.gap', kept: '30m', now: '60s' },
    ]);
  });

  test('one that this version does not know stops it', () => {
    const differences = decidingDifferences({ ...decidingSettings(settings()), 'visit.mood': 'calm' }, settings());
    expect(differences).toEqual([{ key: 'visit.mood', kept: '"calm"', now: null }]);
    expect(explainDifferences(differences)).toMatch(/run the version that wrote the state/);
  });
});
