import { z } from 'zod'

export const sinkConfig = z.strictObject({})
