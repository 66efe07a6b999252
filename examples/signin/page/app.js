// The page around a session: what is shown when, and in which words.

import { Problem, Session } from './session.js';

const session = new Session(document.querySelector('meta[name=authd]').content);
const $ = (id) => document.getElementById(id);
let creating = false; // the form makes an account first

// rules are authd's reasons for refusing a password, in words.
const rules = {
  too_short: 'It is too short: use at least 8 characters.',
  too_long: 'It is too long: use at most 256 characters.',
  common: 'Many people use this one, so it is guessed first.',
  contains_username: 'It contains your username.',
  control_character: 'It contains a character that cannot be typed everywhere.',
  invalid_utf8: 'It contains something that is no text.',
};

// words are what this page says where authd's own text would not fit.
function words(error) {
  if (!(error instanceof Problem)) return 'The server cannot be reached. Are you online?';
  const wait = error.retryAfter;
  switch (error.code) {
    case 'invalid_credentials': return 'That username and password do not belong together.';
    case 'username_taken': return 'Somebody has this username already.';
    case 'username_invalid': return 'Nobody can be called that. Try letters, digits and an @.';
    case 'registration_closed': return 'New accounts are made by an administrator here.';
    case 'too_many_attempts': return `Too many attempts. Try again in ${duration(wait ?? 30)}.`;
  }
  if (error.status === 503) return `The server is busy. Try again in ${duration(wait ?? 5)}.`;
  return error.message;
}

function duration(seconds) {
  if (seconds < 90) return seconds === 1 ? '1 second' : `${seconds} seconds`;
  return `${Math.round(seconds / 60)} minutes`;
}

function show(id) {
  for (const part of ['waiting', 'entrance', 'inside']) $(part).hidden = part !== id;
  document.title = id === 'inside' ? 'Harbour — your sessions' : 'Harbour — sign in';
}

// The entrance: one form for two things, so that a password manager sees one place.

function turn(create) {
  creating = create;
  $('entrance-title').textContent = create ? 'Create an account' : 'Sign in';
  $('entrance-lead').textContent = create ? 'It takes a name and a password.' : 'Welcome back.';
  $('submit').textContent = create ? 'Create account' : 'Sign in';
  $('switch-text').textContent = create ? 'Been here before?' : 'New here?';
  $('switch').textContent = create ? 'Sign in' : 'Create an account';
  $('password').autocomplete = create ? 'new-password' : 'current-password';
  $('password-hint').hidden = !create;
  blame();
}

// blame shows what is wrong where it is wrong.
function blame({ username = '', password = [], failure = '' } = {}) {
  $('username-error').textContent = username;
  $('username-error').hidden = username === '';
  $('username').setAttribute('aria-invalid', username !== '');
  $('password-error').firstElementChild.replaceChildren(...password.map((text) => {
    const item = document.createElement('li');
    item.textContent = text;
    return item;
  }));
  $('password-error').hidden = password.length === 0;
  $('password').setAttribute('aria-invalid', password.length > 0);
  $('failure').textContent = failure;
  if (username !== '') $('username').focus();
  else if (password.length > 0) $('password').focus();
}

function blameFor(error) {
  if (error.code === 'weak_password') blame({ password: error.reasons.map((reason) => rules[reason] ?? reason) });
  else if (error.code === 'username_taken' || error.code === 'username_invalid') blame({ username: words(error) });
  else blame({ failure: words(error) });
}

async function enter(event) {
  event.preventDefault();
  const username = $('username').value;
  const password = $('password').value;
  if (username === '' || password === '') {
    blame({ username: username === '' ? 'Fill this in.' : '', password: password === '' ? ['Fill this in.'] : [] });
    return;
  }
  blame();
  await busy($('submit'), async () => {
    try {
      if (creating) await session.register(username, password);
      await session.signIn(username, password);
      $('entrance-form').reset();
      turn(false);
    } catch (error) {
      blameFor(error);
    }
  });
}

function reveal() {
  const shown = $('password').type === 'text';
  $('password').type = shown ? 'password' : 'text';
  $('reveal').textContent = shown ? 'Show' : 'Hide';
  $('reveal').setAttribute('aria-pressed', !shown);
}

// Inside: who is signed in, and where.

let listed = 0; // of several answers under way the last one asked for is shown

async function list() {
  const turn = ++listed;
  try {
    const [me, { sessions }] = await Promise.all([session.ask('GET', '/me'), session.ask('GET', '/sessions')]);
    if (turn !== listed) return;
    $('who').textContent = `You are ${me.username}.`;
    $('sessions').replaceChildren(...sessions.map(row));
    $('trouble').textContent = '';
  } catch (error) {
    if (session.signedIn) $('trouble').textContent = words(error);
  }
}

function row({ id, device, user_agent, ip, last_used_at, current }) {
  const item = $('session').content.cloneNode(true).firstElementChild;
  const name = device || program(user_agent);
  item.querySelector('.device').textContent = name;
  item.querySelector('.here').hidden = !current;
  item.querySelector('.facts').textContent =
    [ip, `last used ${new Date(last_used_at).toLocaleString([], { dateStyle: 'medium', timeStyle: 'short' })}`].filter(Boolean).join(' · ');
  const button = item.querySelector('button');
  button.hidden = current; // there is a larger one for this
  button.setAttribute('aria-label', `Sign out ${name}`);
  button.addEventListener('click', () => busy(button, async () => {
    await trying(() => session.ask('DELETE', `/sessions/${id}`));
    await list();
    $('sessions-title').scrollIntoView({ block: 'nearest' });
  }));
  return item;
}

// program guesses a name from a User-Agent, for people to recognise their own.
function program(agent) {
  const browser = [['Edg/', 'Edge'], ['OPR/', 'Opera'], ['Firefox/', 'Firefox'], ['Chrome/', 'Chrome'], ['Safari/', 'Safari']]
    .find(([mark]) => agent.includes(mark));
  const system = [['Android', 'Android'], ['iPhone', 'iPhone'], ['iPad', 'iPad'], ['Mac OS', 'macOS'], ['Windows', 'Windows'], ['Linux', 'Linux']]
    .find(([mark]) => agent.includes(mark));
  if (!browser) return agent.split('/')[0] || 'Unknown program';
  return system ? `${browser[1]} on ${system[1]}` : browser[1];
}

async function trying(work) {
  try {
    await work();
  } catch (error) {
    $('trouble').textContent = words(error);
  }
}

async function busy(button, work) {
  button.disabled = true;
  try {
    await work();
  } finally {
    button.disabled = false;
  }
}

// partings are why somebody finds the entrance again.
const partings = {
  'signed out': 'You are signed out.',
  session_revoked: 'Your session was ended from elsewhere. Sign in again.',
  session_expired: 'Your session has expired. Sign in again.',
  refresh_token_reused: 'Your session was ended, because its token was seen twice. Sign in again.',
};

session.addEventListener('change', ({ detail: { why, renewAt } }) => {
  if (session.signedIn) {
    const first = $('inside').hidden;
    show('inside');
    $('renewal').textContent = `Renews itself at ${new Date(renewAt).toLocaleTimeString()}.`;
    if (first) $('inside-title').focus();
    list();
    return;
  }
  listed++;
  $('sessions').replaceChildren();
  $('who').textContent = '';
  $('notice').textContent = partings[why] ?? 'Sign in again.';
  $('notice').hidden = false;
  show('entrance');
  $('entrance-title').focus();
});

document.addEventListener('visibilitychange', () => {
  if (!document.hidden && session.signedIn) list();
});
$('entrance-form').addEventListener('submit', enter);
$('switch').addEventListener('click', () => { turn(!creating); $('username').focus(); });
$('reveal').addEventListener('click', reveal);
$('sign-out').addEventListener('click', () => busy($('sign-out'), () => trying(() => session.signOut())));
$('sign-out-all').addEventListener('click', () => busy($('sign-out-all'), () => trying(() => session.signOut('all'))));

session.resume().then((resumed) => { if (!resumed) show('entrance'); }, (error) => {
  show('entrance');
  blame({ failure: words(error) });
});
