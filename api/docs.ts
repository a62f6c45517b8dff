/** Swagger UI from this server alone: no content delivery network. */
import { createRequire } from 'node:module'
import { dirname } from 'node:path'
import { Router, static as serveFolder } from 'express'
import { errorPageText } from '../core/errors/advice.js'
import { CODES, type ErrorCode } from '../core/errors/codes.js'
import { JobError } from '../core/errors/job-error.js'

export function docs(): Router {
  const router = Router()
  const folder = dirname(createRequire(import.meta.url).resolve('swagger-ui-dist/package.json'))
  router.get('/swagger-initializer.js', (_request, response) => {
    response.type('text/javascript').send(INITIALIZER)
  })
  router.get('/errors/:code', (request, response) => {
    const { code } = request.params
    if (!Object.hasOwn(CODES, code)) throw new JobError('not.found', `There is no error code ${code}`)
    response.type('text/markdown').send(`# ${code}\n\n${errorPageText(code as ErrorCode)}\n`)
  })
  router.use(serveFolder(folder, { index: 'index.html', redirect: true }))
  return router
}

const INITIALIZER = `window.onload = () => {
  window.ui = SwaggerUIBundle({
    url: '../openapi.json',
    dom_id: '#swagger-ui',
    deepLinking: true,
    persistAuthorization: true,
    presets: [SwaggerUIBundle.presets.apis],
  })
}
`
