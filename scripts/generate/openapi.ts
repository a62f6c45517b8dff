/** openapi.json: what `GET /api/v1/openapi.json` answers. */
import { openApiDocument } from '../../api/openapi.js'
import { ROUTES } from '../../api/routes.js'
import { json } from './page.js'

export const openApiFile = () => ({ 'openapi.json': json(openApiDocument(ROUTES)) })
