// Pictures and sounds, made of nothing.

import * as zlib from "node:zlib";

/** CRC-32 as PNG wants it; older Node.js has none of its own. */
function crc32(bytes) {
  if (zlib.crc32) return zlib.crc32(bytes);
  let crc = ~0;
  for (const byte of bytes) {
    crc ^= byte;
    for (let bit = 0; bit < 8; bit++) crc = (crc >>> 1) ^ (crc & 1 ? 0xedb88320 : 0);
  }
  return ~crc >>> 0;
}

function chunk(type, data) {
  const body = Buffer.concat([Buffer.from(type, "latin1"), data]);
  const [length, crc] = [Buffer.alloc(4), Buffer.alloc(4)];
  length.writeUInt32BE(data.length);
  crc.writeUInt32BE(crc32(body));
  return Buffer.concat([length, body, crc]);
}

/** A PNG whose pixel at (x, y) is `colour(x, y)`: [red, green, blue]. */
function png(width, height, colour) {
  const rows = Buffer.alloc(height * (1 + width * 3));
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) rows.set(colour(x, y), y * (1 + width * 3) + 1 + x * 3);
  }
  const header = Buffer.alloc(13);
  header.writeUInt32BE(width, 0);
  header.writeUInt32BE(height, 4);
  header.set([8, 2], 8);
  const signature = Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]);
  return Buffer.concat([signature, chunk("IHDR", header), chunk("IDAT", zlib.deflateSync(rows)), chunk("IEND", Buffer.alloc(0))]);
}

/** A picture that cannot be made smaller: three bytes for each pixel, always the same ones. */
export function noise(width, height) {
  let state = 1;
  const next = () => (state = (Math.imul(state, 1664525) + 1013904223) >>> 0) >>> 24;
  return png(width, height, () => [next(), next(), next()]);
}

/** Mountains at dusk, between two colours. */
export function landscape(width, height, [top, bottom] = [[106, 168, 255], [255, 217, 176]]) {
  const ridge = (x) => 0.62 - 0.2 * Math.abs(Math.sin(x * 4.1)) - 0.07 * Math.abs(Math.sin(x * 11.3 + 1));
  return png(width, height, (px, py) => {
    const [x, y] = [px / width, py / height];
    if (y > ridge(x) + 0.16) return [38, 50, 74];
    if (y > ridge(x + 0.37)) return [74, 94, 128];
    if (Math.hypot((x - 0.72) * width, (y - 0.26) * height) < 0.09 * Math.min(width, height)) return [255, 246, 226];
    return top.map((from, at) => Math.round(from + (bottom[at] - from) * y));
  });
}

/** A WAV file: a tone of that many seconds. */
export function tone(seconds, rate = 8000) {
  const samples = Math.round(seconds * rate);
  const file = Buffer.alloc(44 + samples * 2);
  file.write("RIFF", 0);
  file.writeUInt32LE(36 + samples * 2, 4);
  file.write("WAVEfmt ", 8);
  file.writeUInt32LE(16, 16);
  file.writeUInt16LE(1, 20);
  file.writeUInt16LE(1, 22);
  file.writeUInt32LE(rate, 24);
  file.writeUInt32LE(rate * 2, 28);
  file.writeUInt16LE(2, 32);
  file.writeUInt16LE(16, 34);
  file.write("data", 36);
  file.writeUInt32LE(samples * 2, 40);
  for (let at = 0; at < samples; at++) file.writeInt16LE(Math.round(8000 * Math.sin((at / rate) * 2 * Math.PI * 440)), 44 + at * 2);
  return file;
}

/** What a receiver is told of a file. */
export const facts = (file) => ({ crc32: crc32(file), fsize: file.length });
