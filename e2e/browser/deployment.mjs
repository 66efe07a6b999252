// Everything that the browser meets: authd, the sign-in page of examples/signin, and a hostile server, each
// on its own origin of this machine.

import { execFileSync, spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { setTimeout as pause } from 'node:timers/promises';

const root = fileURLToPath(new URL('../..', import.meta.url));
export const accessTTL = 6; // seconds: a silent renewal is to be seen, not waited for

// Every name that ends in .localhost is this machine for a browser. What stands before the last two
// words makes hosts of one site, as with a registered domain.
export async function deploy() {
  const folder = mkdtempSync(join(tmpdir(), 'authd-browser-'));
  const build = (at, pkg, out) => execFileSync('go', ['build', '-o', join(folder, out), pkg],
    { cwd: join(root, at), env: { ...process.env, GOWORK: 'off' }, stdio: 'inherit' });
  build('.', './cmd/authd', 'authd');
  build('examples', './signin', 'signin');

  const hostile = await serveHostile();
  const [authdPort, pagePort] = [await freePort(), await freePort()];
  const d = {
    folder, hostile, log: [],
    authd: `http://login.shop.localhost:${authdPort}`,
    page: `http://app.shop.localhost:${pagePort}`,
    strangers: {
      'another site': `http://evil.localhost:${hostile.port}`,
      'a sibling of the same site': `http://evil.shop.localhost:${hostile.port}`,
      'another port of the very host': `http://login.shop.localhost:${hostile.port}`,
    },
  };
  d.programs = [
    start(d, 'authd', ['serve'], {
      AUTHD_ADDR: `127.0.0.1:${authdPort}`, AUTHD_ADMIN_ADDR: '', AUTHD_ISSUER: d.authd, AUTHD_CORS_ORIGINS: d.page,
      AUTHD_ACCESS_TTL: `${accessTTL}s`, AUTHD_BCRYPT_COST: '10', AUTHD_LOG_FORMAT: 'json', AUTHD_LOG_LEVEL: 'debug',
    }),
    start(d, 'signin', [], { SIGNIN_ADDR: `127.0.0.1:${pagePort}`, SIGNIN_ORIGIN: d.page, AUTHD_URL: d.authd }),
  ];
  await ready(`http://127.0.0.1:${authdPort}/readyz`);
  await ready(`http://127.0.0.1:${pagePort}/`);
  return d;
}

export async function dismantle(d) {
  for (const program of d.programs) program.kill('SIGTERM');
  await Promise.all(d.programs.map((program) => program.exitCode ?? once(program, 'exit')));
  d.hostile.server.close();
  rmSync(d.folder, { recursive: true });
}

function start(d, name, args, settings) {
  const env = Object.fromEntries(Object.entries(process.env).filter(([key]) => !/^(AUTHD|SIGNIN)_/.test(key)));
  const program = spawn(join(d.folder, name), args, { cwd: d.folder, env: { ...env, ...settings }, stdio: ['ignore', 'ignore', 'pipe'] });
  program.stderr.on('data', (text) => {
    for (const line of String(text).split('\n')) if (name === 'authd' && line.startsWith('{')) try { d.log.push(JSON.parse(line)); } catch { /* half a line */ }
  });
  return program;
}

async function ready(url) {
  for (let tries = 0; tries < 600; tries++) {
    try {
      if ((await fetch(url)).ok) return;
    } catch { /* nobody listens yet */ }
    await pause(50);
  }
  throw new Error(`${url} is not ready after 30 s`);
}

async function freePort() {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address();
  server.close();
  return port;
}

// serveHostile answers with an empty page whatever it is asked, and remembers the cookies that it was sent.
async function serveHostile() {
  const cookies = [];
  const server = createServer((request, response) => {
    if (request.headers.cookie) cookies.push(request.headers.cookie);
    response.writeHead(200, { 'Content-Type': 'text/html; charset=utf-8' });
    response.end('<!doctype html><title>You have won</title><h1>You have won</h1>');
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  return { server, port: server.address().port, cookies };
}
