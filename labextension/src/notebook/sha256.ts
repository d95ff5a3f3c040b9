// SHA-256 of a text: pages that are not served over HTTPS have no `crypto.subtle`, and an edit must compare at once.

const ROUNDS = 64;
const CONSTANTS = new Uint32Array(ROUNDS);
const START = new Uint32Array(8);

for (let candidate = 2, found = 0; found < ROUNDS; candidate++) {
  if (isPrime(candidate)) {
    if (found < START.length) {
      START[found] = fraction(Math.sqrt(candidate));
    }
    CONSTANTS[found++] = fraction(Math.cbrt(candidate));
  }
}

/** The digest of a text's UTF-8 bytes, in hexadecimal. */
export function sha256(text: string): string {
  const bytes = padded(new TextEncoder().encode(text));
  const state = START.slice();
  const words = new Uint32Array(ROUNDS);
  for (let block = 0; block < bytes.byteLength; block += 64) {
    mix(state, words, bytes, block);
  }
  return Array.from(state, one => one.toString(16).padStart(8, '0')).join('');
}

function padded(bytes: Uint8Array): DataView {
  const length = (((bytes.length + 8) >> 6) + 1) << 6;
  const result = new DataView(new ArrayBuffer(length));
  new Uint8Array(result.buffer).set(bytes);
  result.setUint8(bytes.length, 0x80);
  result.setUint32(length - 8, Math.floor(bytes.length / 2 ** 29));
  result.setUint32(length - 4, bytes.length << 3);
  return result;
}

function mix(state: Uint32Array, words: Uint32Array, bytes: DataView, block: number): void {
  for (let at = 0; at < ROUNDS; at++) {
    words[at] = at < 16 ? bytes.getUint32(block + 4 * at) : stretched(words, at);
  }
  let [a, b, c, d, e, f, g, h] = state;
  for (let at = 0; at < ROUNDS; at++) {
    const choice = (e & f) ^ (~e & g);
    const first = (h + (turned(e, 6) ^ turned(e, 11) ^ turned(e, 25)) + choice + CONSTANTS[at] + words[at]) | 0;
    const majority = (a & b) ^ (a & c) ^ (b & c);
    const second = ((turned(a, 2) ^ turned(a, 13) ^ turned(a, 22)) + majority) | 0;
    [a, b, c, d, e, f, g, h] = [(first + second) | 0, a, b, c, (d + first) | 0, e, f, g];
  }
  [a, b, c, d, e, f, g, h].forEach((one, at) => (state[at] += one));
}

function stretched(words: Uint32Array, at: number): number {
  const near = words[at - 15];
  const last = words[at - 2];
  const low = turned(near, 7) ^ turned(near, 18) ^ (near >>> 3);
  const high = turned(last, 17) ^ turned(last, 19) ^ (last >>> 10);
  return words[at - 16] + low + words[at - 7] + high;
}

function turned(word: number, by: number): number {
  return (word >>> by) | (word << (32 - by));
}

function fraction(root: number): number {
  return (root - Math.floor(root)) * 2 ** 32;
}

function isPrime(candidate: number): boolean {
  for (let factor = 2; factor * factor <= candidate; factor++) {
    if (candidate % factor === 0) {
      return false;
    }
  }
  return true;
}
