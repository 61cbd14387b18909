// Written by `npm run values` from src/core/rules/values.ts and schemas/: change those.

/** What a visit says of its events, ids and the pages that lists show apart. */
export interface ShownValues {
  readonly referrer: string | null;
  readonly utmSource: string | null;
  readonly utmMedium: string | null;
  readonly utmCampaign: string | null;
  readonly utmTerm: string | null;
  readonly utmContent: string | null;
  readonly deviceType: string | null;
  readonly deviceBrand: string | null;
  readonly deviceModel: string | null;
  readonly os: string | null;
  readonly browser: string | null;
  readonly country: string | null;
  readonly region: string | null;
  readonly city: string | null;
  readonly language: string | null;
}

/** Columns of the view `visits`. */
export const VALUE_COLUMNS: { readonly [name in keyof ShownValues]: string } = {
  referrer: 'v.referrer',
  utmSource: 'v.utm_source',
  utmMedium: 'v.utm_medium',
  utmCampaign: 'v.utm_campaign',
  utmTerm: 'v.utm_term',
  utmContent: 'v.utm_content',
  deviceType: 'v.device_type',
  deviceBrand: 'v.device_brand',
  deviceModel: 'v.device_model',
  os: 'v.os',
  browser: 'v.browser',
  country: 'v.country',
  region: 'v.region',
  city: 'v.city',
  language: 'v.language',
};

/** What is shown in one line, by its label. */
export const SHOWN_TOGETHER: readonly (readonly [label: string, names: readonly (keyof ShownValues)[]])[] = [
  ['referrer', ['referrer']],
  ['campaign', ['utmSource', 'utmMedium', 'utmCampaign', 'utmTerm', 'utmContent']],
  ['device', ['deviceType', 'deviceBrand', 'deviceModel', 'os', 'browser']],
  ['place', ['country', 'region', 'city']],
  ['language', ['language']],
];
