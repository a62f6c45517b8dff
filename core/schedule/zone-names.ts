import { nearestHint } from '../spec/nearest.js'

/** For a name that no zone has: the zone that was probably meant, by its city or its spelling. */
export function zoneHint(name: string): string {
  const zones = ['UTC', ...Intl.supportedValuesOf('timeZone')]
  const place = name.trim().replaceAll(' ', '_').toLowerCase()
  const city = zones.find((zone) => zone.toLowerCase().endsWith(`/${place}`))
  if (city !== undefined) return `Did you mean \`${city}\`?`
  return nearestHint(name, zones) ?? 'Zones have names of the IANA database, such as `Europe/Berlin`, or `UTC`.'
}
