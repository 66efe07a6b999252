// What every checker here does: say which versions it stands on, then answer each line on standard input,
// which is a token, with a line of JSON.
import { createRequire } from 'node:module'
import { readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { createInterface } from 'node:readline'

export const issuer = process.env.ISSUER
export const audience = process.env.AUDIENCE
export const alg = process.env.ALG

// version reads what is installed: some packages do not let their package.json be imported.
function version(name) {
  const require = createRequire(import.meta.url)
  for (let at = dirname(require.resolve(name)); ; at = dirname(at)) {
    try {
      const found = JSON.parse(readFileSync(join(at, 'package.json')))
      if (found.name === name) return found.version
    } catch { /* further up */ }
    if (at === dirname(at)) throw new Error('no version of ' + name)
  }
}

function say(line) {
  process.stdout.write(JSON.stringify(line) + '\n')
}

// verifier answers tokens with what verify(token) comes to.
export async function verifier(packages, verify) {
  say({ version: packages.map(version).join(', ') })
  for await (const token of createInterface({ input: process.stdin })) {
    try {
      await verify(token)
      say({ accepted: true })
    } catch (e) {
      say({ accepted: false, reason: [e.name, e.message, e.cause?.message].filter(Boolean).join(': ') })
    }
  }
  process.exit()
}

// overHTTP is verify for middleware that listens at an address.
export function overHTTP(address) {
  return async token => {
    const answer = await fetch(address, { headers: { authorization: 'Bearer ' + token } })
    if (answer.status !== 200) throw new Error(`${answer.status} ${answer.headers.get('www-authenticate') ?? await answer.text()}`)
  }
}
