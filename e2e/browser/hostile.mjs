// A page of somebody else's, in the browser of somebody who is signed in.

import assert from 'node:assert/strict';
import { ada, cookieName, cookieOf, open, signIn } from './signin.mjs';

const mallory = { username: 'mallory@example.com', password: 'eleven green kettles sing' };

// Each attack runs in the hostile page, and says what the page could see.
const attacks = {
  'form, `text/plain` that is JSON, to `/logout`': ({ authd }) => window.post(`${authd}/logout`, '{"scope":"all","x":"', '"}'),
  'form to `/refresh`': ({ authd }) => window.post(`${authd}/refresh`, 'a', 'b'),
  'form to `/login` that signs in as the attacker': ({ authd, body }) => window.post(`${authd}/login`, body.slice(0, -1) + ',"device":"', '"}'),
  'fetch without CORS, with credentials, to `/logout`': ({ authd }) => window.ask(`${authd}/logout`, { method: 'POST', mode: 'no-cors', credentials: 'include', body: '{}' }),
  'fetch without CORS, with credentials, to `/refresh`': ({ authd }) => window.ask(`${authd}/refresh`, { method: 'POST', mode: 'no-cors', credentials: 'include', body: '{}' }),
  'fetch of JSON with credentials, to `/refresh`': ({ authd }) => window.json(`${authd}/refresh`, '{}', 'include'),
  'fetch of JSON with credentials, to `/logout`': ({ authd }) => window.json(`${authd}/logout`, '{"scope":"all"}', 'include'),
  'fetch of JSON without credentials, to `/refresh`': ({ authd }) => window.json(`${authd}/refresh`, '{}', 'omit'),
  'fetch of JSON with credentials, to `/login` as the attacker': ({ authd, body }) => window.json(`${authd}/login`, body, 'include'),
  'fetch without CORS, with credentials, to `/login` as the attacker': ({ authd, body }) => window.ask(`${authd}/login`, { method: 'POST', mode: 'no-cors', credentials: 'include', body }),
  'beacon of JSON to `/logout`': async ({ authd }) => { navigator.sendBeacon(`${authd}/logout`, new Blob(['{}'], { type: 'application/json' })); return 'nothing'; },
  'reads `/me` with credentials': ({ authd }) => window.ask(`${authd}/me`, { credentials: 'include' }),
  'reads `/sessions` with an access token of its own': ({ authd }) => window.ask(`${authd}/sessions`, { credentials: 'include', headers: { Authorization: 'Bearer x' } }),
  'reads the sign-in page': ({ page }) => window.ask(page, { credentials: 'include' }),
  'image of `/sessions`': ({ authd }) => window.load('img', `${authd}/sessions`),
  'script of `/me`': ({ authd }) => window.load('script', `${authd}/me`),
  'script of the page\'s own code': ({ page }) => window.load('script', `${page}/session.js`),
  'frame of authd': ({ authd }) => window.frame(`${authd}/`),
  'frame of the sign-in page': ({ page }) => window.frame(page),
  'window of the sign-in page, to reach into': ({ page }) => window.reach(page),
};

// tools are what every hostile page brings along.
function tools() {
  const within = (work) => Promise.race([work, new Promise((done) => setTimeout(done, 1500, 'nothing'))]);
  window.ask = (url, options) => within(fetch(url, { cache: 'no-store', ...options })
    .then(async (answer) => (answer.type === 'opaque' ? 'nothing' : `read ${answer.status}: ${(await answer.text()).slice(0, 40)}`), () => 'refused by the browser'));
  window.json = (url, body, credentials) => window.ask(url, { method: 'POST', credentials, headers: { 'Content-Type': 'application/json' }, body });
  window.load = (tag, src) => within(new Promise((done) => {
    const element = document.createElement(tag);
    element.onload = () => done(`${tag} loaded`);
    element.onerror = () => done('refused by the browser');
    element.src = src;
    document.body.append(element);
  }));
  window.frame = (src) => within(new Promise((done) => {
    const element = document.createElement('iframe');
    element.onload = () => {
      try { done(element.contentDocument ? 'an empty frame' : 'nothing'); } catch { done('nothing'); }
    };
    element.src = src;
    document.body.append(element);
  }));
  window.post = (action, name, value) => within(new Promise((done) => {
    const target = document.createElement('iframe');
    target.name = `target${Math.random()}`;
    document.body.append(target);
    const form = Object.assign(document.createElement('form'), { action, method: 'post', enctype: 'text/plain', target: target.name });
    form.append(Object.assign(document.createElement('input'), { name, value }));
    document.body.append(form);
    target.onload = () => done('nothing');
    form.submit();
  }));
  window.reach = (url) => within(new Promise((done) => {
    const other = window.open(url);
    setTimeout(() => {
      let seen = 'nothing';
      try { seen = other.document.title; } catch { /* another origin's */ }
      if (other && !other.closed) other.close();
      done(seen);
    }, 1000);
  }));
}

// opening is the one attack after which the sign-in page itself renews its session, as it does wherever it is opened.
const opening = 'window of the sign-in page, to reach into';

const harmless = ['nothing', 'refused by the browser'];

// fails has every stranger try everything, and wants the victim's session untouched by it.
export async function fails(d, browser, tell) {
  const context = await browser.newContext();
  const victim = await signIn(d, context);
  await register(d, browser);
  await victim.goto('about:blank'); // nothing of the page's own goes on meanwhile
  const session = await whose(d, context);
  for (const [who, origin] of [...Object.entries(d.strangers), ['a frame without an origin, on another site', 'null']]) {
    for (const [what, attack] of Object.entries(attacks)) {
      const page = await hostilePage(d, context, origin);
      const [cookie, at] = [(await cookieOf(context)).value, d.log.length];
      let seen = await page.frame.evaluate(attack, { authd: d.authd, page: d.page, body: JSON.stringify({ ...mallory, cookie: true }) });
      await page.waitForTimeout(150); // for the log
      if (what.startsWith('frame of')) seen = framed(d, page);
      assert.ok(harmless.includes(seen), `${who}: ${what}: the page saw ${seen}`);
      if (what !== opening) assert.equal((await cookieOf(context))?.value, cookie, `${who}: ${what}: the cookie is another one`);
      const asked = d.log.slice(at).filter(({ msg }) => msg === 'request');
      const obeyed = asked.filter(({ method, status }) => method === 'POST' && status < 400 && what !== opening);
      assert.deepEqual(obeyed, [], `${who}: ${what}: authd did it`);
      tell(who, what, seen, [...new Set(asked.map(({ method, status, code }) => `${method} ${status}${code ? ` \`${code}\`` : ''}`))].join(', '));
      for (const opened of context.pages()) if (opened !== victim) await opened.close();
    }
    assert.equal(await whose(d, context), session, `${who}: the victim is in another session`);
  }
  await tossing(d, browser, tell);
  await context.close();
}

// framed says whether the page shows in a frame. The hostile page itself cannot tell; the browser can.
function framed(d, page) {
  const shown = page.frames().map((frame) => frame.url()).find((url) => [d.page, d.authd].some((origin) => url.startsWith(`${origin}/`)));
  return shown ? `framed ${shown}` : 'refused by the browser';
}

// hostilePage opens a page of an origin with its tools; null is a sandboxed frame in one.
async function hostilePage(d, context, origin) {
  const page = await context.newPage();
  await page.goto(origin === 'null' ? d.strangers['another site'] : origin);
  page.frame = page.mainFrame();
  if (origin === 'null') {
    await page.evaluate(() => {
      document.body.append(Object.assign(document.createElement('iframe'), { sandbox: 'allow-scripts allow-forms allow-popups', src: '/' }));
    });
    await page.waitForTimeout(300);
    page.frame = page.frames()[1];
  }
  await page.frame.evaluate(tools);
  return page;
}

async function register(d, browser) {
  const context = await browser.newContext();
  const page = await open(d, context);
  const status = await page.evaluate(async ({ authd, body }) => (await fetch(`${authd}/register`, { method: 'POST', headers: { 'Content-Type': 'application/json' }, body })).status,
    { authd: d.authd, body: JSON.stringify(mallory) });
  assert.equal(status, 201);
  await context.close();
}

// whose says which session the browser is in, as its own page finds out.
async function whose(d, context) {
  const page = await open(d, context);
  await page.getByText(`You are ${ada.username}.`).waitFor();
  const id = await page.evaluate(async (authd) => {
    const answer = await fetch(`${authd}/refresh`, { method: 'POST', credentials: 'include', headers: { 'Content-Type': 'application/json' }, body: '{}' });
    return (await answer.json()).session_id;
  }, d.authd);
  await page.close();
  return id;
}

// tossing tries to put a cookie of its own under authd's name, into a browser that has none.
async function tossing(d, browser, tell) {
  const attempts = {
    'for the whole domain': `${cookieName}=art_x; Domain=shop.localhost; Path=/; Secure`,
    'in another case': `__HOST-authd_refresh=art_x; Domain=shop.localhost; Path=/; Secure`,
    'without a name': `=${cookieName}=art_x; Domain=shop.localhost; Path=/; Secure`,
    'for one path': `${cookieName}=art_x; Domain=shop.localhost; Path=/refresh; Secure`,
  };
  for (const [what, text] of Object.entries(attempts)) {
    const context = await browser.newContext();
    const page = await context.newPage();
    await page.goto(d.strangers['a sibling of the same site']);
    await page.evaluate((cookie) => { document.cookie = cookie; }, text);
    const kept = await context.cookies(d.authd);
    assert.deepEqual(kept.filter(({ name, value }) => `${name}=${value}`.toLowerCase().includes('authd_refresh')), []);
    tell('a sibling of the same site', `tosses a cookie of the name, ${what}`, 'refused by the browser', '');
    await context.close();
  }
}
