// Apache Kafka, for tests: the jars that a broker takes, out of Maven Central, and a Java to run them on.
import { createHash } from 'node:crypto'
import { existsSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { find, isExecutable } from './find.mjs'
import { kafkaJars, kafkaVersion } from './kafka-jars.mjs'
import { withLock } from './lock.mjs'
import { Stop, step } from './log.mjs'
import { folder, home } from './paths.mjs'
import { run } from './process.mjs'

const central = 'https://repo1.maven.org/maven2'
const oldestJava = 17

/** Answers the program and the class path of a broker; its folder is complete as soon as it has its name. */
export async function kafkaProgram() {
  const java = await findJava()
  const classes = join(folder('kafka'), kafkaVersion)
  await withLock(join(home, 'lock', 'kafka'), 'getting Kafka', async () => {
    if (!existsSync(classes)) await step(`get Kafka ${kafkaVersion} (42 MB, Maven Central)`, () => download(classes))
  })
  return { java, classPath: join(classes, '*') }
}

async function findJava() {
  const home = process.env.JAVA_HOME
  const named = home ? join(home, 'bin', 'java') : null
  const java = named && isExecutable(named) ? named : find('java')
  if (!java) throw unavailable('there is no Java here')
  const said = await run(java, ['-version'], { quiet: true }).catch(() => '')
  const version = Number(/version "(\d+)/.exec(said)?.[1] ?? 0)
  if (version < oldestJava) throw unavailable(`it needs Java ${oldestJava}, and ${java} is of version ${version}`)
  return java
}

async function download(target) {
  const unfinished = folder('kafka', `${kafkaVersion}.new`)
  try {
    const waiting = Object.entries(kafkaJars)
    const worker = async () => {
      for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) await fetchJar(...next, unfinished)
    }
    await Promise.all(Array.from({ length: 6 }, worker))
    renameSync(unfinished, target)
  } catch (error) {
    rmSync(unfinished, { recursive: true, force: true })
    throw error
  }
}

/** An artifact `group:name:version`; what comes must be what was there when its checksum was written down. */
async function fetchJar(artifact, checksum, into) {
  const [group, name, version] = artifact.split(':')
  const url = `${central}/${group.replaceAll('.', '/')}/${name}/${version}/${name}-${version}.jar`
  const answer = await fetch(url, { signal: AbortSignal.timeout(120_000) }).catch((error) => {
    throw unavailable(`${url} cannot be reached: ${error.cause?.code ?? error.message}`)
  })
  if (!answer.ok) throw unavailable(`${url} answered HTTP ${answer.status}`)
  const bytes = Buffer.from(await answer.arrayBuffer())
  if (createHash('sha1').update(bytes).digest('hex') !== checksum) throw unavailable(`${url} has changed`)
  writeFileSync(join(into, `${name}-${version}.jar`), bytes)
}

const unavailable = (reason) =>
  new Stop(`no Kafka to test with: ${reason}`, {
    hint: 'Install Java 17 or newer, or set ETL_TEST_KAFKA_BROKERS to a broker that tests may make topics on.',
    exit: 3,
  })
