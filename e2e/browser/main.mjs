// Drives authd's example of a sign-in page, and a hostile page, in Chromium, and writes
// what came of it into docs/browsers.md.
//
//	make browser

import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { chromium } from 'playwright-core';
import { deploy, dismantle } from './deployment.mjs';
import { fails } from './hostile.mjs';
import { into } from './report.mjs';
import { works } from './signin.mjs';

const docs = fileURLToPath(new URL('../../docs/', import.meta.url));
const executablePath = process.env.CHROMIUM ?? execFileSync('sh', ['-c', 'command -v chromium']).toString().trim();

const d = await deploy();
let browser;
try {
  browser = await chromium.launch({ executablePath, args: ['--no-sandbox', '--disable-gpu', '--disable-background-networking'] });
  const seen = { version: browser.version(), works: [], attacks: [] };
  await works(d, browser, (tried, came) => { seen.works.push({ tried, came }); console.log(`ok  ${tried}: ${came}`); }, picture);
  await fails(d, browser, (who, tried, saw, answered) => {
    seen.attacks.push({ who, tried, saw, answered });
    console.log(`ok  ${who}: ${tried}: ${saw}; authd: ${answered || 'was not asked'}`);
  });
  seen.leaked = d.hostile.cookies.some((cookie) => cookie.includes('authd_refresh'));
  writeFileSync(`${docs}browsers.md`, into(readFileSync(`${docs}browsers.md`, 'utf8'), seen));
} finally {
  await browser?.close();
  await dismantle(d);
}

// picture keeps what the page looks like, for people: with a name into docs/, else into the folder that
// BROWSER_PICTURES names, if it does.
async function picture(page, name, size) {
  const folder = process.env.BROWSER_PICTURES;
  const was = page.viewportSize();
  if (size) await page.setViewportSize(size);
  if (name) await page.screenshot({ path: docs + name });
  if (folder) {
    const at = `${folder}/${name ?? `more-${Date.now()}`}`.replace(/(\.png)?$/, '');
    await page.screenshot({ path: `${at}.png` });
    await page.emulateMedia({ colorScheme: 'dark' });
    await page.screenshot({ path: `${at}-dark.png` });
    await page.emulateMedia({ colorScheme: 'light' });
    await page.setViewportSize({ width: 360, height: 700 });
    await page.screenshot({ path: `${at}-phone.png` });
  }
  await page.setViewportSize(was);
}
