/** What the shop sells. Prices are in cents. */
export const CATALOGUE = [
  {
    slug: 'stoneware-mug',
    name: 'Stoneware mug',
    price: 2_400,
    line: 'Holds 300 ml and the warmth of it.',
    story:
      'Thrown by hand in a small pottery and glazed twice, so that no two are quite alike. The handle fits three fingers, the foot is left bare.',
    facts: ['300 ml', 'Stoneware, food-safe glaze', 'Dishwasher and microwave safe'],
  },
  {
    slug: 'pour-over-kettle',
    name: 'Pour-over kettle',
    price: 7_900,
    line: 'A narrow spout for a steady hand.',
    story:
      'Brushed steel with a beech grip that stays cool. The spout pours as slowly as you like, which is all that pour-over asks of a kettle.',
    facts: ['0.9 litres', 'Brushed steel, oiled beech', 'For gas, electric and induction'],
  },
  {
    slug: 'serving-bowl',
    name: 'Serving bowl',
    price: 4_600,
    line: 'Wide, shallow, made for sharing.',
    story:
      'Big enough for a salad for six and light enough to pass around. The speckled glaze forgives what forks do to bowls.',
    facts: ['28 cm across', 'Stoneware, speckled glaze', 'Dishwasher safe'],
  },
  {
    slug: 'table-lamp',
    name: 'Table lamp',
    price: 11_800,
    line: 'Soft light for late suppers.',
    story:
      'A linen shade on a turned alder foot. The dimmer is in the cord, where your hand finds it without looking.',
    facts: ['41 cm high', 'Alder, linen shade', 'E14 bulb, up to 40 W, included'],
  },
  {
    slug: 'bread-board',
    name: 'Bread board',
    price: 3_800,
    line: 'End grain that closes after the knife.',
    story:
      'Alder from one tree per batch, glued, planed and oiled three times. Oil it again once a season and it will outlive the knife.',
    facts: ['44 × 24 cm', 'Oiled alder', 'Wipe clean, never soak'],
  },
  {
    slug: 'water-carafe',
    name: 'Water carafe',
    price: 3_200,
    line: 'A litre on the table, no plastic.',
    story:
      'Mouth-blown glass with a stopper of turned cork. It fits the door of most fridges and looks well anywhere else.',
    facts: ['1 litre', 'Borosilicate glass, cork', 'Dishwasher safe without the cork'],
  },
] as const satisfies readonly ProductShape[]

interface ProductShape {
  readonly slug: string
  readonly name: string
  readonly price: number
  readonly line: string
  readonly story: string
  readonly facts: readonly string[]
}

export type Product = (typeof CATALOGUE)[number]
export type Slug = Product['slug']

export const productAt = (slug: string): Product | undefined =>
  CATALOGUE.find((product) => product.slug === slug)

const EURO = new Intl.NumberFormat('en-IE', { style: 'currency', currency: 'EUR' })
export const inEuro = (cents: number): string => EURO.format(cents / 100)
