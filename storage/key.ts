import { JobError } from '../core/errors/job-error.js'

/** A key is a relative path of plain names: nothing that could lead out of the store, or collide with its own files. */
export function checkKey(key: string): string {
  if (key.length > 0 && key.length <= 900 && key.split('/').every(plainName)) return key
  throw new JobError('storage.failed', `${JSON.stringify(key)} is not a key of the checkpoint store.`)
}

/** Like a key, but may be empty or end within a name. */
export function checkPrefix(prefix: string): string {
  const whole = prefix.replace(/\/?$/, '')
  if (whole !== '') checkKey(whole)
  return prefix
}

function plainName(name: string): boolean {
  return /^[^.\0\\/][^\0\\/]*$/.test(name) && name.length <= 200
}
