import { promisify } from 'node:util'
import jwt from 'jsonwebtoken'
import jwksClient from 'jwks-rsa'
import { alg, audience, issuer, verifier } from './lines.mjs'

const client = jwksClient({ jwksUri: issuer + '/.well-known/jwks.json' })
const key = (header, callback) =>
  client.getSigningKey(header.kid).then(key => callback(null, key.getPublicKey()), callback)
const verify = promisify(jwt.verify)
await verifier(['jsonwebtoken', 'jwks-rsa'], token => verify(token, key, { issuer, audience, algorithms: [alg] }))
