import { createRemoteJWKSet, jwtVerify } from 'jose'
import { alg, audience, issuer, verifier } from './lines.mjs'

const keys = createRemoteJWKSet(new URL(issuer + '/.well-known/jwks.json'))
await verifier(['jose'], token => jwtVerify(token, keys, { issuer, audience, algorithms: [alg], typ: 'at+jwt' }))
