/** No two names of users differ only in upper and lower case. */
import type { Transaction } from 'sequelize'
import { JobError } from '../../../core/errors/job-error.js'
import type { Database } from '../../database.js'

/** `Admin` beside `admin` would be taken for them. Who makes users takes turns, on the first of all. */
export async function refuseLikeName(database: Database, username: string, transaction: Transaction): Promise<void> {
  await database.query('SELECT id FROM etl_user ORDER BY id LIMIT 1 FOR UPDATE', {}, transaction)
  const [like] = await database.query<{ username: string }>(
    'SELECT username FROM etl_user WHERE LOWER(username) = LOWER(:username) LIMIT 1',
    { username },
    transaction,
  )
  if (like !== undefined) throw taken(like.username)
}

export const taken = (username: string): JobError =>
  new JobError('conflict', `There is a user ${username} already`, {
    pointer: '/username',
    hint: 'Names that differ only in upper and lower case count as one.',
  })
