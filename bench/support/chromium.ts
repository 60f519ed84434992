import { existsSync } from 'node:fs';

const places = [
  '/usr/bin/chromium',
  '/usr/bin/chromium-browser',
  '/usr/bin/google-chrome',
  '/usr/bin/google-chrome-stable',
  '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome',
];

/** Where Chromium is installed on this machine: `CHROMIUM`, or a usual place; undefined where there is none. */
export const chromiumPath = [process.env.CHROMIUM, ...places].find((place) => place !== undefined && existsSync(place));
