/** WebGPU's flag values; the global constants exist only in browsers. */
const MAP_READ = 0x1;
const MAP_WRITE = 0x2;
const COPY_SRC = 0x4;
const COPY_DST = 0x8;
const UNIFORM = 0x40;
const STORAGE = 0x80;
const QUERY_RESOLVE = 0x200;

export const bufferUsage = {
  weight: STORAGE | COPY_DST | COPY_SRC,
  input: STORAGE | COPY_DST | COPY_SRC,
  activation: STORAGE | COPY_SRC | COPY_DST,
  params: UNIFORM | COPY_DST,
  staging: MAP_READ | COPY_DST,
  upload: MAP_WRITE | COPY_SRC,
  tensor: STORAGE | COPY_SRC | COPY_DST,
  queries: QUERY_RESOLVE | COPY_SRC,
} as const;

export const mapRead = MAP_READ;
export const mapWrite = MAP_WRITE;
