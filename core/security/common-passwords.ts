/**
 * Passwords that are tried first. A list of whole passwords would miss `Password2026!`: what counts is the word that is left
 * without its digits and signs; besides those, what repeats itself and what is a row of keys.
 */
export function isCommonPassword(password: string): boolean {
  const plain = password.toLowerCase()
  if (/^(.{1,6}?)\1+.{0,3}$/u.test(plain)) return true
  if (isRowOfKeys(plain) || isRowOfKeys(plain.replace(/[^a-z]{0,4}$/, ''))) return true
  return [plain, ...unmasked(plain)].some((text) => isMadeOfCommonWords(text.replaceAll(/[^a-z]/g, '')))
}

/** `p4$$w0rd2026`: signs and digits in place of letters, and more of them behind. */
function unmasked(text: string): readonly string[] {
  return [text, text.replace(/[^a-z]+$/, '')].flatMap((each) => {
    const letters = each.replaceAll(/[@4]/g, 'a').replaceAll('0', 'o').replaceAll('3', 'e').replaceAll(/[$5]/g, 's')
    return [letters.replaceAll(/[1!]/g, 'i'), letters.replaceAll('1', 'l').replaceAll('7', 't')]
  })
}

function isMadeOfCommonWords(letters: string): boolean {
  return letters !== '' && new RegExp(`^(${WORDS.join('|')}){1,3}$`).test(letters)
}

/** All of it lies on rows of the keyboard or of the alphabet, in either direction. */
function isRowOfKeys(text: string): boolean {
  let left = text
  for (let parts = 0; parts < 3 && left !== ''; parts += 1) {
    const row = longestRow(left)
    if (row < 3) return false
    left = left.slice(row)
  }
  return left === ''
}

function longestRow(text: string): number {
  for (let length = text.length; length >= 3; length -= 1) {
    const part = text.slice(0, length)
    if (ROWS.some((row) => row.includes(part))) return length
  }
  return 0
}

const ROWS: readonly string[] = [
  '01234567890123456789012345678901234567890123456789',
  '!@#$%^&*()_+',
  'qwertyuiop[]',
  'qwertzuiop',
  'azertyuiop',
  'asdfghjkl;',
  'zxcvbnm,./',
  'yxcvbnm,.-',
  'abcdefghijklmnopqrstuvwxyz',
  '1q2w3e4r5t6y7u8i9o0p',
  '1qaz2wsx3edc4rfv5tgb6yhn7ujm8ik,9ol.',
  'qazwsxedcrfvtgbyhnujm',
].flatMap((row) => [row, [...row].reverse().join('')])

/** The words in the passwords of published leaks that come most often, with the words of this trade. */
const WORDS: readonly string[] = (
  'a abc access admin administrator alexander amanda andrea andrew angel anthony apple asdf asdfgh asdfghjkl ashley ' +
  'azerty baseball basketball batman chang changeit changeme charlie cheese chocolate company computer daniel ' +
  'data database default demo dragon etl facebook family flower football freedom friend fuckyou google guest hannah ' +
  'harley hello hunter iloveyou internet jasmine jennifer jessica jordan joshua justin killer letmein liverpool ' +
  'login london love lovely loveme maggie manager master matrix matthew me michael michelle minecraft monkey mustang my ' +
  'mysql mynoob naruto nicole ninja nothing number office one oracle orange pa pass passw passwd password passwort ' +
  'patrick pepper player please pokemon princess private qazwsx qwer qwert qwerty qwertyuiop qwertz ranger root ' +
  'samsung secret secure security server service shadow soccer spring starwars strong student summer sunshine super ' +
  'superman superuser system temp temporal test tester testing thomas the this is trustno autumn user welcome whatever william winter word ' +
  'yankees you your zxcvbn zxcvbnm'
).split(' ')
