// The sign-in page, used as people use it: by what it says, never by its code.

import assert from 'node:assert/strict';
import { accessTTL } from './deployment.mjs';

export const cookieName = '__Host-authd_refresh';
export const ada = { username: 'ada@example.com', password: 'nine purple wagons roll' };

export const cookieOf = async (context) => (await context.cookies()).find(({ name }) => name === cookieName);
const inside = (page) => page.getByRole('heading', { name: 'Signed in', exact: true });
const entrance = (page) => page.getByRole('heading', { name: 'Sign in', exact: true });
const rows = (page) => page.getByRole('list', { name: 'Where you are signed in' }).getByRole('listitem');

// generation reads how often a refresh token was rotated: behind a version and the session's id.
const generation = (token) => Buffer.from(token.slice('art_'.length), 'base64url').readUInt32BE(17);

export async function open(d, context) {
  const page = await context.newPage();
  page.problems = [];
  page.on('pageerror', (error) => page.problems.push(String(error)));
  page.on('console', (message) => {
    // A refused request is told by Chromium itself; anything else is a fault of the page's.
    if (message.type() === 'error' && !message.text().startsWith('Failed to load resource')) page.problems.push(message.text());
  });
  await page.goto(d.page);
  return page;
}

export async function signIn(d, context, { username, password } = ada) {
  const page = await open(d, context);
  await page.getByLabel('Email or username').fill(username);
  await page.getByLabel('Password', { exact: true }).fill(password);
  await page.getByRole('button', { name: 'Sign in', exact: true }).click();
  await inside(page).waitFor();
  return page;
}

// works goes through everything that the page can do. `tell` takes what was tried and what came of it.
export async function works(d, browser, tell, picture) {
  const context = await browser.newContext({ viewport: { width: 900, height: 640 } });
  const page = await open(d, context);
  await entrance(page).waitFor();
  tell('A visitor comes', 'the form is shown; `/refresh` said 401 and set nothing');
  await picture(page, 'signin.png', { width: 520, height: 600 });

  await page.getByRole('button', { name: 'Create an account' }).click();
  await page.getByLabel('Email or username').fill(ada.username);
  await page.getByLabel('Password', { exact: true }).fill('ada');
  await page.keyboard.press('Enter');
  const reason = page.getByText('It is too short');
  await reason.waitFor();
  assert.equal(await page.getByLabel('Password', { exact: true }).getAttribute('aria-invalid'), 'true');
  assert.equal(await page.evaluate(() => document.activeElement.id), 'password');
  tell('Registers with the password `ada`', 'each reason stands at the field, which is marked invalid and has the focus');
  await picture(page, null);

  await page.getByLabel('Password', { exact: true }).fill(ada.password);
  await page.keyboard.press('Enter');
  await inside(page).waitFor();
  await page.getByText(`You are ${ada.username}.`).waitFor();
  tell('Registers with a better one, by keyboard alone', 'signed in');

  const cookie = await cookieOf(context);
  assert.deepEqual({ ...cookie, value: '', expires: 0 },
    { name: cookieName, value: '', domain: 'login.shop.localhost', path: '/', expires: 0, httpOnly: true, secure: true, sameSite: 'Strict' });
  const found = await page.evaluate(() => document.cookie + JSON.stringify(localStorage) + JSON.stringify(sessionStorage) + document.documentElement.outerHTML);
  assert.ok(!found.includes('art_') && !found.includes('eyJ'), 'a token can be found in the page');
  tell('Looks for tokens: `document.cookie`, both storages, the document', 'none; the browser holds the cookie for authd\'s host alone, `Secure`, `HttpOnly`, `SameSite=Strict`');

  await page.reload();
  await inside(page).waitFor();
  assert.notEqual((await cookieOf(context)).value, cookie.value);
  tell('Reloads the page', 'signed in, with the next refresh token in the cookie');

  const began = Date.now();
  const renewal = await page.waitForResponse((r) => r.url().endsWith('/refresh') && r.request().method() === 'POST', { timeout: 1000 * accessTTL * 2 });
  assert.equal(renewal.status(), 200);
  assert.ok(Date.now() - began < 1000 * accessTTL);
  tell('Waits', `renewed by itself before the access token of ${accessTTL} s was over`);

  await context.setOffline(true);
  await page.waitForTimeout(1000 * accessTTL + 500);
  await context.setOffline(false);
  await page.waitForResponse((r) => r.url().endsWith('/refresh') && r.ok(), { timeout: 15_000 });
  assert.ok(await inside(page).isVisible());
  tell('Goes through a tunnel for longer than an access token lives', 'still signed in, renewed when the network was back');

  await burst(d, context, page, tell);
  await tabs(d, context, page, tell);
  await elsewhere(d, browser, page, tell, picture);

  await signIn(d, context);
  const other = await browser.newContext();
  const far = await signIn(d, other);
  await page.reload();
  await page.getByRole('button', { name: 'Sign out everywhere' }).click();
  await page.getByText('You are signed out.').waitFor();
  assert.equal(await cookieOf(context), undefined);
  await far.getByText('Your session was ended from elsewhere.').waitFor({ timeout: 1000 * accessTTL * 2 });
  assert.equal(await cookieOf(other), undefined);
  tell('Signs out everywhere', 'at the entrance here; the other browser finds out by itself at its next renewal; no cookie is left in either');
  const problems = context.pages().flatMap((p) => p.problems);
  assert.deepEqual(problems, []);
  tell('Reads the console of every tab', 'no error and no breach of the content security policy');
  await other.close();
  await context.close();
}

async function burst(d, context, page, tell) {
  // Without the page's lock: what somebody's own code may do. Chromium sends six at a time; more would go out
  // with the next cookie, and be a race that docs/browsers.md tells of.
  await page.waitForResponse((r) => r.url().endsWith('/refresh') && r.ok(), { timeout: 1000 * accessTTL * 2 }); // none is near
  const before = (await cookieOf(context)).value;
  const results = await page.evaluate((authd) => Promise.all(Array.from({ length: 5 }, async () => {
    const answer = await fetch(`${authd}/refresh`, { method: 'POST', credentials: 'include', headers: { 'Content-Type': 'application/json' }, body: '{}' });
    return answer.status;
  })), d.authd);
  assert.deepEqual([...new Set(results)], [200]);
  const successor = (await cookieOf(context)).value;
  assert.equal(generation(successor), generation(before) + 1);
  await page.reload();
  await inside(page).waitFor();
  assert.ok(!d.log.some(({ code }) => code === 'refresh_token_reused'));
  tell('Sends five refreshes at once with one cookie, without the page\'s lock', 'five times 200 with one successor, which the cookie is');
}

async function tabs(d, context, page, tell) {
  const others = await Promise.all(Array.from({ length: 5 }, () => open(d, context)));
  const all = [page, ...others];
  for (let round = 0; round < 3; round++) {
    await Promise.all(all.map((tab) => tab.reload()));
    await Promise.all(all.map((tab) => inside(tab).waitFor()));
  }
  await page.waitForTimeout(1000 * accessTTL);
  for (const tab of all) assert.ok(await inside(tab).isVisible());
  assert.equal(await rows(page).count(), 1);
  tell('Reloads six tabs at once, three times, and leaves them open', 'all stay signed in, with one session');

  await page.getByRole('button', { name: 'Sign out', exact: true }).click();
  await page.getByText('You are signed out.').waitFor();
  await Promise.all(others.map((tab) => tab.getByText('You are signed out.').waitFor()));
  assert.equal(await cookieOf(context), undefined);
  tell('Signs out in one of the six', 'all six are at the entrance, and the cookie is gone');
  await Promise.all(others.map((tab) => tab.close()));
}

async function elsewhere(d, browser, page, tell, picture) {
  const phone = await browser.newContext({ userAgent: 'Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605.1.15 Version/18.0 Mobile/15E148 Safari/604.1' });
  const far = await signIn(d, phone);
  await page.getByLabel('Email or username').fill(ada.username);
  await page.getByLabel('Password', { exact: true }).fill('not the password');
  await page.keyboard.press('Enter');
  await page.getByRole('alert').getByText('do not belong together').waitFor();
  await page.getByLabel('Password', { exact: true }).fill(ada.password);
  await page.keyboard.press('Enter');
  await inside(page).waitFor();
  await page.getByRole('button', { name: 'Sign out Safari on iPhone' }).waitFor();
  await picture(page, 'signin-sessions.png', { width: 700, height: 600 });
  await page.getByRole('button', { name: 'Sign out Safari on iPhone' }).click();
  await page.getByRole('button', { name: 'Sign out Safari on iPhone' }).waitFor({ state: 'detached' });
  await far.getByText('Your session was ended from elsewhere.').waitFor({ timeout: 1000 * accessTTL * 2 });
  assert.equal(await cookieOf(phone), undefined);
  assert.equal(await rows(page).count(), 1);
  tell('Signs a phone out from the list of sessions', 'the phone is at the entrance at its next renewal and has no cookie; this browser goes on');
  await phone.close();
  await page.getByRole('button', { name: 'Sign out', exact: true }).click();
  await page.getByText('You are signed out.').waitFor();
}
