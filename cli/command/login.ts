/** `etl login`: asks who you are, and keeps the token where only you may read it. `etl logout` ends it. */
import { chmodSync, mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'
import { JobError } from '../../core/errors/job-error.js'
import { ask, standardInput } from '../ask.js'
import { connect, tokenFile } from '../client.js'
import type { Context } from '../command.js'

interface Options {
  readonly username?: string
  readonly passwordStdin?: boolean
}

export async function login({ output, variables }: Context, options: Options): Promise<void> {
  const client = connect({ ...variables, ETL_TOKEN: '' })
  const { username, password } = await credentials(options, variables)
  const answer = await client.send<{ token: string; expiresAt: string; username: string; role: string }>(
    'POST',
    '/auth/login',
    {
      username,
      password,
    },
  )
  const file = tokenFile(variables)
  mkdirSync(dirname(file), { recursive: true })
  writeFileSync(file, JSON.stringify({ url: client.url, token: answer.token, expiresAt: answer.expiresAt }), {
    mode: 0o600,
  })
  // The mode above holds for new files only.
  chmodSync(file, 0o600)
  const { token: _token, ...shown } = answer
  output.result(
    shown,
    () => `Logged in to ${client.url} as ${answer.username} (${answer.role}) until ${answer.expiresAt}`,
  )
}

export async function logout({ output, variables }: Context): Promise<void> {
  await connect(variables).send('POST', '/auth/logout')
  rmSync(tokenFile(variables), { force: true })
  output.result({ loggedOut: true }, () => 'logged out')
}

async function credentials(
  options: Options,
  variables: NodeJS.ProcessEnv,
): Promise<{ username: string; password: string }> {
  if (options.passwordStdin === true) {
    return { username: options.username ?? 'admin', password: await standardInput() }
  }
  if (process.stdin.isTTY !== true) {
    const password = variables.ETL_ADMIN_PASSWORD
    if (password !== undefined && (options.username ?? 'admin') === 'admin') return { username: 'admin', password }
    throw new JobError('usage.invalid', 'There is no terminal to ask for the password', {
      hint: 'Give it with --password-stdin.',
    })
  }
  const username = options.username ?? ((await ask('User name [admin]: ', false)) || 'admin')
  return { username, password: await ask('Password: ', true) }
}
