// A session with authd, in a browser. The access token is in the memory of this page and nowhere else; the
// refresh token is in a cookie that no script can read, so what is stolen from a page is over in minutes.
//
// This is the file to copy. It knows nothing of the page around it, which listens for "change".

const lockName = 'authd'; // shared by the tabs of this origin, as the cookie is
const channelName = 'authd';

// Problem is an answer that says no. `code` is the word to branch on; `reasons` are rules that were broken.
export class Problem extends Error {
  constructor(status, body, retryAfter) {
    super(body.detail ?? 'authd did not say why.');
    this.status = status;
    this.code = body.code ?? 'unknown';
    this.reasons = body.reasons ?? [];
    this.retryAfter = retryAfter;
  }
}

export class Session extends EventTarget {
  #authd; // its address
  #token = null; // the access token
  #renewAt = 0; // by Date, because a laptop that slept has to notice
  #timer = 0;
  #channel = new BroadcastChannel(channelName);

  constructor(authd) {
    super();
    this.#authd = authd;
    this.#channel.addEventListener('message', ({ data }) => this.#hear(data));
    document.addEventListener('visibilitychange', () => {
      if (!document.hidden && this.signedIn && Date.now() >= this.#renewAt) this.#renewInTime();
    });
  }

  get signedIn() { return this.#token !== null; }

  // resume goes on with the session that the cookie holds, if it holds one.
  async resume() {
    try {
      await this.#renew();
    } catch (error) {
      if (!(error instanceof Problem) || error.status !== 401) throw error;
    }
    return this.signedIn;
  }

  register(username, password) {
    return this.#ask('POST', '/register', { username, password });
  }

  async signIn(username, password) {
    await this.#alone(async () => {
      this.#keep(await this.#ask('POST', '/login', { username, password, cookie: true }));
    });
    this.#channel.postMessage('signed in');
  }

  // signOut ends this session, for which any token of it will do, or with 'all' every session of the
  // user, for which it takes one that is live.
  async signOut(scope = 'session') {
    if (scope !== 'session' && Date.now() >= this.#renewAt) await this.#renew();
    await this.#alone(async () => {
      let why = 'signed out';
      try {
        await this.#ask('POST', '/logout', { scope }, this.#token);
      } catch (error) {
        if (!(error instanceof Problem) || error.status !== 401) throw error;
        if (scope !== 'session') why = 'session_revoked'; // somebody was faster, and the others go on
      }
      this.#drop(why);
    });
    this.#channel.postMessage('signed out');
  }

  // ask asks authd as the user who is signed in. The services of your own are asked in the same way.
  async ask(method, path, body) {
    if (Date.now() >= this.#renewAt) await this.#renew();
    try {
      return await this.#ask(method, path, body, this.#token);
    } catch (error) {
      if (!(error instanceof Problem) || error.status !== 401) throw error;
      await this.#renew(); // the token may have been ended early; if the session was, this says so
      return await this.#ask(method, path, body, this.#token);
    }
  }

  // alone has one tab at a time write the cookie, and the answer be there before the next one asks. Else
  // a late answer could put an older token over a newer one, and authd takes what is too old for stolen.
  #alone(work) {
    return navigator.locks.request(lockName, work);
  }

  async #renew() {
    await this.#alone(async () => {
      try {
        this.#keep(await this.#ask('POST', '/refresh', {}));
      } catch (error) {
        if (error instanceof Problem && error.status === 401) this.#drop(error.code);
        throw error;
      }
    });
  }

  // renewInTime keeps the session through whatever passes by itself: a 503, a tunnel, a lid that closes.
  async #renewInTime() {
    try {
      await this.#renew();
    } catch (error) {
      if (this.signedIn) this.#renewIn(Math.max(error.retryAfter ?? 0, 5) * 1000);
    }
  }

  #keep(pair) {
    this.#token = pair.access_token;
    const life = pair.expires_in * 1000;
    this.#renewIn(life - Math.min(30_000, life / 5));
    this.dispatchEvent(new CustomEvent('change', { detail: { why: 'signed in', renewAt: this.#renewAt } }));
  }

  #renewIn(milliseconds) {
    clearTimeout(this.#timer);
    this.#renewAt = Date.now() + milliseconds;
    this.#timer = setTimeout(() => this.#renewInTime(), milliseconds);
  }

  #drop(why) {
    clearTimeout(this.#timer);
    const had = this.signedIn;
    this.#token = null;
    this.#renewAt = 0;
    if (had) this.dispatchEvent(new CustomEvent('change', { detail: { why } }));
  }

  // hear follows what another tab did: the cookie is another one now, or gone.
  #hear(what) {
    if (what === 'signed out') this.#drop('signed out');
    if (what === 'signed in') this.resume().catch(() => {}); // whoever asks next is told
  }

  async #ask(method, path, body, token) {
    const headers = {};
    if (body !== undefined) headers['Content-Type'] = 'application/json';
    if (token) headers.Authorization = `Bearer ${token}`;
    const answer = await fetch(this.#authd + path, {
      method, headers, body: body && JSON.stringify(body),
      credentials: 'include', // the cookie is authd's, and authd is another origin
      cache: 'no-store',
    });
    const text = await answer.text();
    if (!answer.ok) {
      const wait = Number(answer.headers.get('Retry-After')) || undefined;
      throw new Problem(answer.status, parse(text), wait);
    }
    return text === '' ? null : JSON.parse(text);
  }
}

// parse reads an error that may be a proxy's, and then is no JSON.
function parse(text) {
  try {
    return JSON.parse(text);
  } catch {
    return {};
  }
}
