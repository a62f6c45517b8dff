/** `ORD-0042-7`: the last digit (Luhn) tells most slips of the pen. */
export default function (orders, { config }) {
  return orders.map(({ order_id }) => {
    const number = String(order_id).padStart(4, '0')
    return { order_id, reference: `${config.prefix}-${number}-${checkDigit(number)}` }
  })
}

/** Every second digit from the right counts twice. */
function checkDigit(number) {
  const sum = [...number].reverse().reduce((total, character, index) => {
    const digit = Number(character) * (index % 2 === 0 ? 2 : 1)
    return total + (digit > 9 ? digit - 9 : digit)
  }, 0)
  return (10 - (sum % 10)) % 10
}
