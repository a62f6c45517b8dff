/** A path that is there, called with a method that it does not have: 405, and the ones that it has. */
import type { RequestHandler } from 'express'
import { JobError } from '../../core/errors/job-error.js'
import type { Route } from './route.js'

export interface PathMethods {
  readonly path: string
  readonly handle: RequestHandler
}

export function otherMethods(routes: readonly Route[]): readonly PathMethods[] {
  const paths = [...new Set(routes.map((route) => route.path))]
  return paths.map((path) => {
    const known = routes.filter((route) => route.path === path).map((route) => route.method.toUpperCase())
    const allowed = [...known, ...(known.includes('GET') ? ['HEAD'] : []), 'OPTIONS'].join(', ')
    return {
      path,
      handle: (request, response) => {
        response.set('Allow', allowed)
        if (request.method === 'OPTIONS') return void response.status(204).end()
        throw new JobError('method.unknown', `${request.path} cannot be called with ${request.method}`, {
          hint: `It takes ${allowed}.`,
        })
      },
    }
  })
}
