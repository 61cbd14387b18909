// Written by `npm run values` from src/core/rules/values.ts and schemas/: change those.

/** Fields of a visit and what they are called. */
export const VALUES = [
  ['entryPage', 'entry page'],
  ['exitPage', 'exit page'],
  ['referrer', 'referrer'],
  ['utmSource', 'utm source'],
  ['utmMedium', 'utm medium'],
  ['utmCampaign', 'utm campaign'],
  ['utmTerm', 'utm term'],
  ['utmContent', 'utm content'],
  ['deviceType', 'device type'],
  ['deviceBrand', 'device brand'],
  ['deviceModel', 'device model'],
  ['os', 'os'],
  ['browser', 'browser'],
  ['country', 'country'],
  ['region', 'region'],
  ['city', 'city'],
  ['language', 'language'],
];
