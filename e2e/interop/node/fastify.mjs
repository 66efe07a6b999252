import Fastify from 'fastify'
import jwt from '@fastify/jwt'
import buildGetJwks from 'get-jwks'
import { alg, audience, issuer, overHTTP, verifier } from './lines.mjs'

const getJwks = buildGetJwks({ issuersWhitelist: [issuer + '/'] })
const app = Fastify()
app.register(jwt, {
  decode: { complete: true },
  verify: { allowedIss: issuer, allowedAud: audience, algorithms: [alg],
    requiredClaims: ['aud', 'exp'] },
  secret: (_, { header: { kid, alg } }, callback) =>
    getJwks.getPublicKey({ kid, alg, domain: issuer }).then(key => callback(null, key), callback),
})
app.get('/', { onRequest: request => request.jwtVerify() }, () => 'yours')
await verifier(['@fastify/jwt', 'get-jwks', 'fastify'], overHTTP(await app.listen({ host: '127.0.0.1', port: 0 })))
