/** The shop that simulated visitors walk through, and their devices. Likely values come first. */
export const PAGES = [
  '/',
  '/shop',
  '/shop/shoes',
  '/shop/jackets',
  '/shop/bags',
  '/product/trail-runner',
  '/product/rain-shell',
  '/product/day-pack',
  '/product/wool-socks',
  '/cart',
  '/search',
  '/stories',
  '/stories/autumn-in-the-alps',
  '/help/returns',
  '/help/sizes',
  '/account',
  '/checkout',
  '/about',
];

export const REFERRERS = [
  null,
  'https://search.example/',
  null,
  'https://news.example/outdoor',
  'https://social.example/',
  'https://mail.example/',
];

export const CAMPAIGNS = [
  null,
  null,
  null,
  { source: 'newsletter', medium: 'email', campaign: 'autumn', term: null, content: 'header' },
  { source: 'search', medium: 'cpc', campaign: 'brand', term: 'rain jacket', content: null },
];

export const DEVICES = [
  { type: 'mobile', brand: 'Apple', model: 'iPhone', os: 'iOS', browser: 'Safari', screen: '390x844' },
  { type: 'desktop', brand: null, model: null, os: 'Windows', browser: 'Chrome', screen: '1920x1080' },
  { type: 'mobile', brand: 'Samsung', model: 'Galaxy S', os: 'Android', browser: 'Chrome', screen: '412x915' },
  { type: 'desktop', brand: 'Apple', model: 'Mac', os: 'macOS', browser: 'Safari', screen: '1512x982' },
  { type: 'tablet', brand: 'Apple', model: 'iPad', os: 'iPadOS', browser: 'Safari', screen: '820x1180' },
  { type: 'desktop', brand: null, model: null, os: 'Linux', browser: 'Firefox', screen: '2560x1440' },
];

export const PLACES = [
  { country: 'DE', region: 'Berlin', city: 'Berlin', timezone: 'Europe/Berlin' },
  { country: 'FR', region: 'Île-de-France', city: 'Paris', timezone: 'Europe/Paris' },
  { country: 'PL', region: 'Mazowieckie', city: 'Warszawa', timezone: 'Europe/Warsaw' },
  { country: 'GB', region: 'Scotland', city: 'Glasgow', timezone: 'Europe/London' },
  { country: 'JP', region: '東京都', city: '東京', timezone: 'Asia/Tokyo' },
  { country: 'BR', region: 'São Paulo', city: 'São Paulo', timezone: 'America/Sao_Paulo' },
];

/** Event types other than page views. */
export const ACTIONS = ['product-click', 'product-click', 'search', 'add-to-cart', 'video-play', 'purchase'];

export const PLANS = ['free', 'plus', 'pro'];
