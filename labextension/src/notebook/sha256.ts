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
    compress(state, words, bytes, block);
  }
  return Array.from(state, word => word.toString(16).padStart(8, '0')).join('');
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

function compress(state: Uint32Array, words: Uint32Array, bytes: DataView, block: number): void {
  for (let at = 0; at < ROUNDS; at++) {
    words[at] = at < 16 ? bytes.getUint32(block + 4 * at) : scheduled(words, at);
  }
  let [a, b, c, d, e, f, g, h] = state;
  for (let at = 0; at < ROUNDS; at++) {
    const choice = (e & f) ^ (~e & g);
    const first = (h + (rotateRight(e, 6) ^ rotateRight(e, 11) ^ rotateRight(e, 25)) + choice + CONSTANTS[at] + words[at]) | 0;
    const majority = (a & b) ^ (a & c) ^ (b & c);
    const second = ((rotateRight(a, 2) ^ rotateRight(a, 13) ^ rotateRight(a, 22)) + majority) | 0;
    [a, b, c, d, e, f, g, h] = [(first + second) | 0, a, b, c, (d + first) | 0, e, f, g];
  }
  [a, b, c, d, e, f, g, h].forEach((word, at) => (state[at] += word));
}

function scheduled(words: Uint32Array, at: number): number {
  const near = words[at - 15];
  const last = words[at - 2];
  const low = rotateRight(near, 7) ^ rotateRight(near, 18) ^ (near >>> 3);
  const high = rotateRight(last, 17) ^ rotateRight(last, 19) ^ (last >>> 10);
  return words[at - 16] + low + words[at - 7] + high;
}

function rotateRight(word: number, by: number): number {
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
