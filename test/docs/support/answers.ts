import type { Visit } from './facts.ts';
import {
  type Answer,
  byBytes,
  type Compare,
  counted,
  DAY,
  dayOf,
  distinct,
  durationOf,
  groups,
  hourFormat,
  inOrder,
  journeys,
  mean,
  percent,
  percentile,
  perDay,
  since,
  sum,
} from './reckoning.ts';

/**
 * What each query of docs/SQL.md should answer, by heading, in the order of the document.
 *
 * @param collate how the database compares texts.
 */
export function answers(collate: Compare = byBytes): Readonly<Record<string, Answer>> {
  const ordered = <T>(rows: readonly T[], ...by: ((row: T) => unknown)[]) => inOrder(collate, rows, by);
  return {
    'Visits a day': ({ visits, now }) => {
      // Today and the six dates before it.
      const dates = new Set(
        Array.from({ length: 7 }, (_, i) => new Date(Date.parse(dayOf(now)) - i * DAY).toISOString()),
      );
      const mine = counted(visits).filter(({ started_at }) => dates.has(new Date(dayOf(started_at)).toISOString()));
      return perDay(mine, (some) => ({
        visits: some.length,
        profiles: distinct(some.map(({ profile_id }) => profile_id)),
        page_views: sum(some, ({ page_view_count }) => page_view_count),
        still_open: some.filter(({ status }) => status === 'open').length,
      }));
    },

    'Visits by hour': ({ visits, now }) => {
      const hourOf = ({ started_at }: Visit) => Number(hourFormat.format(started_at));
      const rows = groups(since(counted(visits), now - 7 * DAY), hourOf).map((some) => ({
        hour: hourOf(some[0]!),
        visits: some.length,
      }));
      return ordered(rows, ({ hour }) => hour);
    },

    'Visits still open': ({ visits }) => {
      const open = counted(visits).filter(({ status }) => status === 'open');
      const rows = groups(open, ({ entry_page }) => entry_page).map((some) => ({
        entry_page: some[0]!.entry_page,
        visits: some.length,
        events: mean(some, ({ event_count }) => event_count),
        quiet_since: Math.min(...some.map(({ last_event_at }) => last_event_at)),
      }));
      return ordered(
        rows,
        (row) => -row.visits,
        ({ entry_page }) => entry_page,
      );
    },

    'Bounce rate': ({ visits, now }) => {
      const ended = since(counted(visits), now - 7 * DAY).filter(({ status }) => status === 'ended');
      const rows = groups(ended, ({ entry_page }) => entry_page).map((some) => {
        const bounces = some.filter(({ event_count }) => event_count === 1).length;
        const { entry_page } = some[0]!;
        return { entry_page, visits: some.length, bounces, percent: percent(bounces, some.length) };
      });
      return ordered(
        rows,
        (row) => -row.visits,
        ({ entry_page }) => entry_page,
      );
    },

    'Time on site': ({ visits, now }) => {
      const ended = since(counted(visits), now - 7 * DAY).filter(({ status }) => status === 'ended');
      const rows = groups(ended, ({ device_type }) => device_type).map((some) => {
        const [median, p90, p99] = [0.5, 0.9, 0.99].map((share) => percentile(some.map(durationOf), share));
        return { device_type: some[0]!.device_type, visits: some.length, median, p90, p99 };
      });
      return ordered(
        rows,
        (row) => -row.visits,
        ({ device_type }) => device_type,
      );
    },

    'Visits by device and country': ({ visits, now }) => {
      const mine = since(counted(visits), now - 7 * DAY);
      const devices = groups(mine, ({ device_type }) => device_type).map((some) => ({
        ...{ device_type: some[0]!.device_type, country: null, every_country: true, visits: some.length },
      }));
      const both = groups(mine, ({ device_type, country }) => [device_type, country]).map((some) => {
        const { device_type, country } = some[0]!;
        return { device_type, country, every_country: false, visits: some.length };
      });
      return ordered(
        [...devices, ...both],
        ({ device_type }) => device_type,
        ({ every_country }) => !every_country,
        (row) => -row.visits,
        ({ country }) => country,
      );
    },

    'Late and amended visits': ({ visits, now }) =>
      perDay(
        since(counted(visits), now - 7 * DAY).filter(({ revision }) => revision !== null),
        (some) => ({
          published: some.length,
          amended: some.filter(({ revision }) => revision! > 0).length,
          highest_revision: Math.max(...some.map(({ revision }) => revision!)),
          late_events: sum(some, ({ late_event_count }) => late_event_count),
        }),
      ),

    'Late and amended visits, 2': ({ revisions, now }) => {
      const recent = revisions.filter(({ decided_at }) => decided_at >= now - 7 * DAY);
      const rows = groups(recent, ({ visit_id }) => visit_id)
        .filter((some) => some.length > 1)
        .map((some) => {
          const inOrder = [...some].sort((a, b) => a.revision - b.revision);
          return {
            visit_id: inOrder[0]!.visit_id,
            revisions: inOrder.length,
            events_at_first: inOrder[0]!.event_count,
            events_at_last: inOrder.at(-1)!.event_count,
            retracted: inOrder.some(({ retracted }) => retracted),
          };
        });
      return ordered(rows, ({ visit_id }) => visit_id);
    },

    'Conversion by first-touch campaign': ({ visits, events, now }) => {
      const bought = new Set(events.filter(({ type }) => type === 'purchase').map(({ visit_id }) => visit_id));
      const mine = since(counted(visits), now - 30 * DAY).filter(({ profile_id }) => profile_id !== null);
      const profiles = groups(mine, ({ profile_id }) => profile_id).map((some) => ({
        campaign: ordered(
          [...some],
          (one) => one.started_at,
          (one) => one.visit_id,
        )[0]!.utm_campaign,
        buyer: some.some(({ visit_id }) => bought.has(visit_id)),
      }));
      const rows = groups(profiles, ({ campaign }) => campaign).map((some) => {
        const buyers = some.filter(({ buyer }) => buyer).length;
        return { campaign: some[0]!.campaign, profiles: some.length, buyers, percent: percent(buyers, some.length) };
      });
      return ordered(
        rows,
        (row) => -row.profiles,
        ({ campaign }) => campaign,
      );
    },

    'Returning profiles': ({ visits, now }) => {
      const known = counted(visits).filter(({ profile_id }) => profile_id !== null);
      const firstDay = new Map(
        groups(known, ({ profile_id }) => profile_id).map((some) => [
          some[0]!.profile_id,
          dayOf(Math.min(...some.map(({ started_at }) => started_at))),
        ]),
      );
      return perDay(since(known, now - 7 * DAY), (some) => {
        const day = dayOf(some[0]!.started_at);
        const seen = [...new Set(some.map(({ profile_id }) => profile_id))];
        return { profiles: seen.length, returning: seen.filter((profile) => firstDay.get(profile)! < day).length };
      });
    },

    'Sessions with several visits': ({ visits }) => {
      const sessions = groups(counted(visits), ({ session_id, opened_partition }) => [session_id, opened_partition]);
      const rows = groups(sessions, (some) => some.length).map((some) => ({
        visit_count: some[0]!.length,
        sessions: some.length,
        duration: Math.round(mean(some, (one) => sum(one, durationOf))),
        events: sum(some, (one) => sum(one, ({ event_count }) => event_count)),
      }));
      return ordered(rows, ({ visit_count }) => visit_count);
    },

    'Next pages': (facts) => {
      const steps = journeys(facts).flatMap((pages) =>
        pages.map((page, i) => ({ page, next_page: pages[i + 1] ?? null })),
      );
      const rows = groups(steps, (step) => step).map((some) => ({ ...some[0]!, times: some.length }));
      return ordered(
        rows,
        (row) => -row.times,
        ({ page }) => page,
        ({ next_page }) => next_page,
      ).slice(0, 20);
    },

    Journeys: (facts) => {
      const firsts = journeys(facts).map((pages) => (pages.length === 0 ? null : pages.slice(0, 3)));
      const rows = groups(firsts, (pages) => pages).map((some) => ({ pages: some[0]!, visits: some.length }));
      // Arrays compare item by item; a shorter one comes before its continuations.
      const page =
        (i: number) =>
        ({ pages }: { pages: (string | null)[] | null }) =>
          pages === null ? null : i < pages.length ? pages[i] : '';
      return ordered(rows, (row) => -row.visits, page(0), page(1), page(2)).slice(0, 20);
    },
  };
}
