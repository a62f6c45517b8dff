/** The catalogue's address together with what protects the way to it: whoever opens the URL needs nothing else. */
import { type Read, readablePath, yesOrNo } from './variables.js'

const FILES = { ETL_MYSQL_TLS_CA: 'ssl-ca', ETL_MYSQL_TLS_CERT: 'ssl-cert', ETL_MYSQL_TLS_KEY: 'ssl-key' } as const

/** On as soon as any of its files is named; the server's certificate is verified unless somebody says not to. */
export function withTls(url: string, read: Read, problems: string[]): string {
  const files = Object.entries(FILES).map(
    ([name, parameter]) => [parameter, read<string | null>(name, readablePath, () => null)] as const,
  )
  const given = files.filter((file): file is readonly [(typeof file)[0], string] => file[1] !== null)
  const names = given.map(([parameter]) => parameter)
  if (names.includes('ssl-cert') !== names.includes('ssl-key')) {
    problems.push('ETL_MYSQL_TLS_CERT and ETL_MYSQL_TLS_KEY belong together')
  }
  const verify = read('ETL_MYSQL_TLS_VERIFY', yesOrNo, () => true)
  const isOn = read('ETL_MYSQL_TLS', yesOrNo, () => given.length > 0)
  if (!isOn && given.length > 0) problems.push('ETL_MYSQL_TLS is false, though a certificate is given')
  if (!isOn || !URL.canParse(url)) return url
  const whole = new URL(url)
  whole.searchParams.set('ssl', 'true')
  for (const [parameter, path] of given) whole.searchParams.set(parameter, path)
  if (!verify) whole.searchParams.set('ssl-verify', 'false')
  return whole.href
}
