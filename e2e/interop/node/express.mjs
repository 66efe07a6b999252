import express from 'express'
import { auth } from 'express-oauth2-jwt-bearer'
import { alg, audience, issuer, overHTTP, verifier } from './lines.mjs'

const app = express()
app.use(auth({ issuerBaseURL: issuer, audience, tokenSigningAlg: alg }))
app.get('/', (_, response) => response.send('yours'))
const server = app.listen(0, '127.0.0.1')
await new Promise(listening => server.once('listening', listening))
await verifier(['express-oauth2-jwt-bearer', 'express'], overHTTP(`http://127.0.0.1:${server.address().port}/`))
