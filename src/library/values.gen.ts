// Written by `npm run values` from src/core/rules/values.ts and schemas/: change those.

import type { VisitValues } from '../core/rules/visit-values.gen.ts';

/** What an event says of where it happened. null and what is left out say nothing. */
export interface EventContext {
  readonly page?:
    | {
        readonly url?: string | null | undefined;
        readonly path?: string | null | undefined;
        readonly title?: string | null | undefined;
        readonly referrer?: string | null | undefined;
      }
    | null
    | undefined;
  readonly utm?:
    | {
        readonly source?: string | null | undefined;
        readonly medium?: string | null | undefined;
        readonly campaign?: string | null | undefined;
        readonly term?: string | null | undefined;
        readonly content?: string | null | undefined;
      }
    | null
    | undefined;
  readonly device?:
    | {
        readonly type?: string | null | undefined;
        readonly brand?: string | null | undefined;
        readonly model?: string | null | undefined;
        readonly os?: string | null | undefined;
        readonly browser?: string | null | undefined;
        readonly screen?: string | null | undefined;
      }
    | null
    | undefined;
  readonly location?:
    | {
        readonly country?: string | null | undefined;
        readonly region?: string | null | undefined;
        readonly city?: string | null | undefined;
        readonly timezone?: string | null | undefined;
      }
    | null
    | undefined;
  readonly ip?: string | null | undefined;
  readonly user_agent?: string | null | undefined;
  readonly language?: string | null | undefined;
  readonly extra?: { readonly [key: string]: string } | null | undefined;
}

/** What a visit says of its events, ids apart, as the view `visits` has it. */
export interface ColumnValues {
  readonly entry_page: string | null;
  readonly exit_page: string | null;
  readonly referrer: string | null;
  readonly utm_source: string | null;
  readonly utm_medium: string | null;
  readonly utm_campaign: string | null;
  readonly utm_term: string | null;
  readonly utm_content: string | null;
  readonly device_type: string | null;
  readonly device_brand: string | null;
  readonly device_model: string | null;
  readonly os: string | null;
  readonly browser: string | null;
  readonly country: string | null;
  readonly region: string | null;
  readonly city: string | null;
  readonly language: string | null;
}

/** The same as the message has it. */
export interface MessageValues {
  readonly entry_page: string | null;
  readonly exit_page: string | null;
  readonly referrer: string | null;
  readonly utm: {
    readonly source: string | null;
    readonly medium: string | null;
    readonly campaign: string | null;
    readonly term: string | null;
    readonly content: string | null;
  } | null;
  readonly device_type: string | null;
  readonly device_brand: string | null;
  readonly device_model: string | null;
  readonly os: string | null;
  readonly browser: string | null;
  readonly country: string | null;
  readonly region: string | null;
  readonly city: string | null;
  readonly language: string | null;
}

export function columnValues(values: VisitValues): ColumnValues {
  return {
    entry_page: values.entryPage,
    exit_page: values.exitPage,
    referrer: values.referrer,
    utm_source: values.utm?.[0] ?? null,
    utm_medium: values.utm?.[1] ?? null,
    utm_campaign: values.utm?.[2] ?? null,
    utm_term: values.utm?.[3] ?? null,
    utm_content: values.utm?.[4] ?? null,
    device_type: values.named[0] ?? null,
    device_brand: values.named[1] ?? null,
    device_model: values.named[2] ?? null,
    os: values.named[3] ?? null,
    browser: values.named[4] ?? null,
    country: values.named[5] ?? null,
    region: values.named[6] ?? null,
    city: values.named[7] ?? null,
    language: values.named[8] ?? null,
  };
}

export function messageValues(values: VisitValues): MessageValues {
  return {
    entry_page: values.entryPage,
    exit_page: values.exitPage,
    referrer: values.referrer,
    utm: values.utm && {
      source: values.utm[0],
      medium: values.utm[1],
      campaign: values.utm[2],
      term: values.utm[3],
      content: values.utm[4],
    },
    device_type: values.named[0] ?? null,
    device_brand: values.named[1] ?? null,
    device_model: values.named[2] ?? null,
    os: values.named[3] ?? null,
    browser: values.named[4] ?? null,
    country: values.named[5] ?? null,
    region: values.named[6] ?? null,
    city: values.named[7] ?? null,
    language: values.named[8] ?? null,
  };
}
