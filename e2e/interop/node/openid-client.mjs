// A client: by discovery, the refresh grant as the public client of sessions, twice, and the grant of a
// machine. It answers one line, and its own checks of what it got are part of what is asked of us.
import * as client from 'openid-client'
import { issuer } from './lines.mjs'

const { CLIENT_ID, CLIENT_SECRET, REFRESH_TOKEN, SCOPE } = process.env
const insecure = { execute: [client.allowInsecureRequests] } // no TLS on a loopback address
const server = new URL(issuer)

const answer = { version: (await import('openid-client/package.json', { with: { type: 'json' } })).default.version }
try {
  const ours = await client.discovery(server, 'authd', undefined, client.None(), insecure)
  const first = await client.refreshTokenGrant(ours, REFRESH_TOKEN)
  const second = await client.refreshTokenGrant(ours, first.refresh_token)
  answer.refresh = second.refresh_token !== first.refresh_token && second.expires_in > 0
  await client.tokenRevocation(ours, second.refresh_token)
  answer.revoke = await client.refreshTokenGrant(ours, second.refresh_token).then(() => false, e => e.error === 'invalid_grant')

  const machine = await client.discovery(server, CLIENT_ID, undefined, client.ClientSecretBasic(CLIENT_SECRET), insecure)
  const got = await client.clientCredentialsGrant(machine, { scope: SCOPE })
  answer.credentials = got.scope === SCOPE && got.expires_in > 0 && got.refresh_token === undefined
  const said = await client.tokenIntrospection(machine, got.access_token)
  answer.introspect = said.active === true && said.client_id === CLIENT_ID

  const stranger = await client.discovery(server, CLIENT_ID, undefined, client.ClientSecretBasic('wrong'), insecure)
  answer.refused = await client.clientCredentialsGrant(stranger).then(() => false, e => e.status === 401 || e.error === 'invalid_client')
} catch (e) {
  answer.reason = [e.name, e.message, e.error, e.error_description, e.cause?.message].filter(Boolean).join(': ')
}
process.stdout.write(JSON.stringify(answer) + '\n')
