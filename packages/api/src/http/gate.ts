/**
 * The one gate that every request passes, whatever its route: is it addressed to this server, and may it ask? Routes are
 * closed unless they declare `config: { public: true }`, so that a route added in haste is not open by accident.
 */
import { createHash, timingSafeEqual } from 'node:crypto'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'

declare module 'fastify' {
  interface FastifyContextConfig {
    /** Answers without a token: the page itself, and whether the server is up. */
    public?: boolean
  }
}

export interface GateOptions {
  /** Host names that requests may be addressed to, besides those of this machine. */
  allowedHosts: readonly string[]
  /** Asked of every request to a route that is not public; undefined asks for none. */
  token: string | undefined
}

const ownNames = ['127.0.0.1', 'localhost', '[::1]']

const digest = (text: string): Buffer => createHash('sha256').update(text).digest()

/** Host without the port, in lower case. */
const hostname = (host: string): string => host.replace(/:\d+$/, '').toLowerCase()

export function addGate(app: FastifyInstance, { allowedHosts, token }: GateOptions): void {
  const hosts = new Set([...ownNames, ...allowedHosts.map((host) => host.toLowerCase())])
  const expected = token === undefined ? undefined : digest(`Bearer ${token}`)

  app.addHook('onRequest', async (request: FastifyRequest, reply: FastifyReply) => {
    reply.headers({ 'x-content-type-options': 'nosniff', 'referrer-policy': 'no-referrer' })
    // A page of another site can make its own name point here (DNS rebinding); the Host header still tells.
    const host = hostname(request.headers.host ?? '')
    if (!hosts.has(host)) {
      return reply.code(421).send({ error: `This server does not answer for "${host}"; add it to the allowed hosts` })
    }
    if (expected === undefined || request.routeOptions.config.public === true) return
    // Digests are of one length, and comparing them takes the same time whatever was sent.
    if (!timingSafeEqual(digest(request.headers.authorization ?? ''), expected)) {
      return reply
        .code(401)
        .header('www-authenticate', 'Bearer')
        .send({ error: 'This server asks for a token: send it as Authorization: Bearer …' })
    }
  })
}
